"""Fields: what every layer needs to know about one value of a record, said once."""

from __future__ import annotations

import dataclasses
from enum import StrEnum
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from crm_core.errors import InvalidValue

if TYPE_CHECKING:
    Value: TypeAlias = "bool | int | str | list[Value] | dict[str, Value] | None"
else:  # msgspec takes no alias that names itself; `values.check` looks inside
    Value = bool | int | str | list[Any] | dict[str, Any] | None
"""The canonical form of a value: JSON without floats (see `crm_core.values`)."""

values_in = msgspec.json.Decoder(dict[str, Value]).decode
"""Values by field, read from their JSON."""


class Kind(StrEnum):
    """The joint between the layers: each owns one dict from Kind to its handling."""

    __hash__ = str.__hash__  # the enumeration's own is Python's, called for every look-up

    TEXT = "text"
    NOTE = "note"
    CHOICE = "choice"
    FLAG = "flag"
    WHOLE = "whole"
    DECIMAL = "decimal"
    MONEY = "money"
    DAY = "day"
    INSTANT = "instant"
    DURATION = "duration"
    PHONE = "phone"
    EMAIL = "email"
    URL = "url"
    ADDRESS_PART = "address_part"
    PLACE = "place"
    PERSON_NAME = "person_name"
    LINK = "link"
    LINKS = "links"
    TAGS = "tags"
    ORDER = "order"
    JSON = "json"


class Policy(StrEnum):
    """What happens when two people changed the same field (sync.md §2.4)."""

    CONFLICT = "conflict"
    SET = "set"
    NOTE = "note"
    GROUP = "group"
    SERVER = "server"
    ORDER = "order"
    LWW = "lww"


class Authority(StrEnum):
    """Why a field belongs to the server: what a client sends is ignored, or refused."""

    COMPUTED = "computed"
    GRANTED = "granted"


class Unique(StrEnum):
    """What a taken key does: a hard one parks the field, a login refuses the changeset."""

    HARD = "hard"
    LOGIN = "login"


class Choice(msgspec.Struct, frozen=True):
    """One code of a choice and the words shown for it."""

    code: str
    label: str


class LinkTo(msgspec.Struct, frozen=True):
    """Where a link leads: `target` is a kind, or "" for any (then the value is "kind/id").

    `root` marks the link upwards, along which scope is inherited; `grants` that the user named
    may see the record.
    """

    target: str
    root: bool = False
    grants: bool = False


UNTYPED, REMINDERS, RHYTHM = "untyped", "reminders", "rhythm"
"""What `Field.typed_as` names: the first is written by the application alone, and no form shows it;
the others are marks of `crm_core.reminders` and a rule of `crm_core.recurring`."""


class Field(msgspec.Struct, frozen=True):
    """One field of an entity; built only by the constructors below.

    `copy_of` names the field that this one became by a rename: the server keeps it for clients that
    know it only by this name. `typed_as` says what a person types where the kind alone does not.
    """

    name: str
    kind: Kind
    label: str
    required: bool = False
    policy: Policy = Policy.CONFLICT
    group: str = ""
    personal: bool = False
    search: int = 0
    unique: Unique | None = None
    authority: Authority | None = None
    since: int = 1
    choices: tuple[Choice, ...] = ()
    link: LinkTo | None = None
    machine: str = ""
    copy_of: str = ""
    typed_as: str = ""

    @property
    def judged_as(self) -> str:
        """The name under which a conflict on this field is kept: its group's, else its own."""
        return self.group or self.name

    def problem(self, template: str, text: object) -> InvalidValue:
        """What to raise where the field cannot take `text`; the message quotes its beginning."""
        return InvalidValue(self.name, template, text=_quoted(str(text)))


QUOTED_MAX = 60
"""Characters of a refused value that a message quotes."""


def _quoted(text: str) -> str:
    """Its beginning, without characters that break or turn the line they stand in."""
    whole = "".join(c if c.isprintable() else "\ufffd" for c in text[:QUOTED_MAX])
    return f"{whole}…" if len(text) > QUOTED_MAX else whole


_DEFAULT_POLICY = {
    Kind.NOTE: Policy.NOTE,
    Kind.LINKS: Policy.SET,
    Kind.TAGS: Policy.SET,
    Kind.ORDER: Policy.ORDER,
}


def _field(kind: Kind, label: str, **attributes: Any) -> Any:
    policy = attributes.pop("policy", None) or _DEFAULT_POLICY.get(kind, Policy.CONFLICT)
    if attributes.get("authority"):
        policy = Policy.SERVER
    elif attributes.get("group"):
        policy = Policy.GROUP
    made = Field("", kind, label, policy=policy, **attributes)
    return dataclasses.field(default=None, metadata={"field": made})


def text(label: str, **attributes: Any) -> Any:
    """One line of text, at most 64 KiB."""
    return _field(Kind.TEXT, label, **attributes)


def note(label: str, **attributes: Any) -> Any:
    """Long text, at most 256 KiB, merged by line and sentence."""
    return _field(Kind.NOTE, label, **attributes)


def choice(label: str, *choices: tuple[str, str], **attributes: Any) -> Any:
    """A code of an open list: unknown codes are kept and shown as they are."""
    made = tuple(Choice(code, words) for code, words in choices)
    return _field(Kind.CHOICE, label, choices=made, **attributes)


def state(label: str, machine: str, *choices: tuple[str, str], **attributes: Any) -> Any:
    """A choice that moves only along the arrows of `crm_core.machines`."""
    made = tuple(Choice(code, words) for code, words in choices)
    return _field(Kind.CHOICE, label, choices=made, machine=machine, **attributes)


def flag(label: str, **attributes: Any) -> Any:
    """Yes or no."""
    return _field(Kind.FLAG, label, **attributes)


def whole(label: str, **attributes: Any) -> Any:
    """A whole number of at most 15 digits."""
    return _field(Kind.WHOLE, label, **attributes)


def decimal(label: str, **attributes: Any) -> Any:
    """A decimal number, kept as a string such as "12.5"."""
    return _field(Kind.DECIMAL, label, **attributes)


def money(label: str, **attributes: Any) -> Any:
    """An amount with its ISO 4217 currency, kept as a string such as "12.50CNY"."""
    return _field(Kind.MONEY, label, **attributes)


def day(label: str, **attributes: Any) -> Any:
    """A calendar day without a zone: "2026-11-22"."""
    return _field(Kind.DAY, label, **attributes)


def instant(label: str, **attributes: Any) -> Any:
    """A moment in UTC: "2026-11-22T08:30:00Z"."""
    return _field(Kind.INSTANT, label, **attributes)


def duration(label: str, **attributes: Any) -> Any:
    """A length of time in whole minutes."""
    return _field(Kind.DURATION, label, **attributes)


def phone(label: str, **attributes: Any) -> Any:
    """A telephone number as typed, without control characters."""
    return _field(Kind.PHONE, label, **attributes)


def email(label: str, **attributes: Any) -> Any:
    """One e-mail address."""
    return _field(Kind.EMAIL, label, **attributes)


def url(label: str, **attributes: Any) -> Any:
    """One web address; a missing scheme is taken as https."""
    return _field(Kind.URL, label, **attributes)


def address_part(label: str, **attributes: Any) -> Any:
    """A line of a postal address; the parts of one address are judged together."""
    return _field(Kind.ADDRESS_PART, label, **({"group": "address"} | attributes))


def place(label: str, **attributes: Any) -> Any:
    """A position in WGS 84 degrees: "31.2304,121.4737"."""
    return _field(Kind.PLACE, label, **attributes)


def person_name(label: str, **attributes: Any) -> Any:
    """A person's name, searchable by pinyin with the readings of surnames."""
    return _field(Kind.PERSON_NAME, label, **({"personal": True} | attributes))


def link(
    target: str, label: str, *, root: bool = False, grants: bool = False, **attributes: Any
) -> Any:
    """One record of kind `target` ("" = any kind)."""
    return _field(Kind.LINK, label, link=LinkTo(target, root, grants), **attributes)


def links(target: str, label: str, *, grants: bool = False, **attributes: Any) -> Any:
    """A set of records of kind `target`; adding and removing merge."""
    return _field(Kind.LINKS, label, link=LinkTo(target, False, grants), **attributes)


def tags(label: str, *choices: tuple[str, str], **attributes: Any) -> Any:
    """A set of words; adding and removing merge."""
    made = tuple(Choice(code, words) for code, words in choices)
    return _field(Kind.TAGS, label, choices=made, **attributes)


def order(label: str, **attributes: Any) -> Any:
    """A position in a list (fractional index); the last arrival wins and never asks a person."""
    return _field(Kind.ORDER, label, **attributes)


def json_custom(label: str, **attributes: Any) -> Any:
    """Named values of an organisation's own fields, or a server's structured value."""
    return _field(Kind.JSON, label, **attributes)
