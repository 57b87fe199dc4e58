"""The digest by which two sides prove that they hold the same versions (sync.md §2.8).

For every live record a hash of (kind, id, seq); a set's digest is the count and the sum. The hash
has 40 bits so that the exact sum of 8 million of them fits a signed 64-bit column on both stores.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2b

from crm_core.ids import RecordId


@dataclass(frozen=True, slots=True)
class Digest:
    """Count and sum over a set of record versions."""

    count: int = 0
    total: int = 0

    def __add__(self, other: Digest) -> Digest:
        return Digest(self.count + other.count, self.total + other.total)

    def __sub__(self, other: Digest) -> Digest:
        return Digest(self.count - other.count, self.total - other.total)


def version_hash(kind: str, record_id: RecordId, seq: int) -> int:
    """40 bits that name one version of one record."""
    return int.from_bytes(blake2b(f"{kind}/{record_id}/{seq}".encode(), digest_size=5).digest())


def of_version(kind: str, record_id: RecordId, seq: int) -> Digest:
    """The digest of a single version."""
    return Digest(1, version_hash(kind, record_id, seq))
