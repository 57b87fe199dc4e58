"""The digest by which two sides prove that they hold the same versions (sync.md §2.8).

For every live record a hash of (kind, id, seq); a set's digest is the count and the sum. The hash
has 40 bits so that the exact sum of 8 million of them fits a signed 64-bit column on both stores.
Where digests differ, those of buckets of roots and of single roots tell where (adr/0042); a hash of
the canonical body instead of the seq alone also tells whether the content is the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b

import msgspec

from crm_core.fields import Value
from crm_core.ids import RecordId

BUCKET_DIGITS = 2
"""Roots are gathered by the last two digits of their ids, which are random: 256 buckets."""

_SORTED = msgspec.json.Encoder(order="sorted")


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


def bucket_of(root: RecordId) -> str:
    """The bucket in which a root is summed up with others."""
    return root[-BUCKET_DIGITS:]


def ending_so(roots: Iterable[RecordId], endings: Iterable[str]) -> list[RecordId]:
    """The roots whose ids end in one of these."""
    wanted = frozenset(endings)
    lengths = {len(one) for one in wanted}
    return [root for root in roots if any(root[-n:] in wanted for n in lengths if n)]


def canonical(body: Mapping[str, Value]) -> bytes:
    """The one form of a record's values: keys sorted bytewise, no spaces, integers and decimal
    strings. What is empty is left out, for a column cannot tell an empty set from none.

    Raises ValueError where a number is a float.
    """
    kept = {name: value for name, value in body.items() if value is not None and value != []}
    for value in kept.values():
        _refuse_floats(value)
    return _SORTED.encode(kept)


def content_hash(kind: str, record_id: RecordId, seq: int, body: Mapping[str, Value]) -> int:
    """40 bits that name one version of one record and what it says; of a body that has no
    canonical form, its version alone."""
    try:
        said = canonical(body)
    except ValueError:
        said = b""
    named = f"{kind}/{record_id}/{seq}/".encode()
    return int.from_bytes(blake2b(named + said, digest_size=5).digest())


def _refuse_floats(value: object) -> None:
    if isinstance(value, float):
        raise ValueError(value)  # noqa: TRY004  # a body without a canonical form
    if isinstance(value, dict):
        for inner in value.values():  # pyright: ignore[reportUnknownVariableType]
            _refuse_floats(inner)  # pyright: ignore[reportUnknownArgumentType]
    elif isinstance(value, list):
        for inner in value:  # pyright: ignore[reportUnknownVariableType]
            _refuse_floats(inner)  # pyright: ignore[reportUnknownArgumentType]
