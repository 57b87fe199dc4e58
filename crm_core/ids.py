"""Identities: UUIDv7 as 32 hexadecimal digits, and provisional numbers made from them."""

from __future__ import annotations

import re
from typing import Annotated, NewType, TypeAlias

import msgspec

from crm_core.errors import InvalidValue
from crm_core.i18n import tr_noop

RecordId = NewType("RecordId", str)
"""32 lower-case hexadecimal digits of a UUID (version 7 when made by us)."""

ChangeSetId = NewType("ChangeSetId", str)
DeviceId = NewType("DeviceId", str)

SEQ_MAX = (1 << 63) - 1
"""The largest number that both stores hold."""

Seq: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=SEQ_MAX)]
"""A number on the wire: a version, a count, a generation. None is negative."""

SoundId: TypeAlias = Annotated[RecordId, msgspec.Meta(pattern="^[0-9a-f]{32}$", max_length=32)]
"""An id on the wire where one that is none spoils the whole message."""

ALL_ROOT = RecordId("0" * 32)
"""The pseudo-root below which products, people's names and code lists hang: everyone sees it."""

SYSTEM = RecordId("0" * 32)
"""The author of what the administrator's command line writes: IT, and nobody in particular."""

_HEX = re.compile(r"[0-9a-f]{32}\Z")
_KIND = re.compile(r"[a-z][a-z0-9_]{0,39}\Z")
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
PROVISIONAL_CHARACTERS = 7


def is_id(text: str) -> bool:
    """Whether `text` is an id in the form kept everywhere (32 hexadecimal digits)."""
    return _HEX.match(text) is not None


def is_kind(text: str) -> bool:
    """Whether `text` could name a kind of record, of a newer version as well."""
    return _KIND.match(text) is not None


def parse_id(text: str) -> RecordId:
    """Take an id in any usual spelling (dashes, capitals); raises InvalidValue."""
    plain = text.strip().lower().replace("-", "")
    if not is_id(plain):
        raise InvalidValue("id", tr_noop("'{text}' is not a record id."), text=text[:60])
    return RecordId(plain)


def uuid7_from(milliseconds: int, random_bits: int) -> RecordId:
    """Build a UUIDv7 (RFC 9562 §5.7) from Unix milliseconds and 74 random bits."""
    rand_a = (random_bits >> 62) & 0xFFF
    rand_b = random_bits & ((1 << 62) - 1)
    value = (milliseconds & ((1 << 48) - 1)) << 80 | 0x7 << 76 | rand_a << 64 | 0x2 << 62 | rand_b
    return RecordId(f"{value:032x}")


def provisional_number(prefix: str, record_id: RecordId) -> str:
    """The number printed on the customer's slip until the server issues one (sync.md §1.1)."""
    bits = int(record_id, 16)
    digits = [_CROCKFORD[bits >> (5 * n) & 31] for n in range(PROVISIONAL_CHARACTERS)]
    return f"{prefix}-{''.join(reversed(digits))}"
