"""Values: their canonical form, how typed words become one, and what is wrong with bad ones.

Canonical forms: text as NFC without control characters · flag true/false · whole and duration
(minutes) integers · decimal "12.5" · money "12.50CNY" · day "2026-11-22" · instant
"2026-11-22T08:30:00Z" · place "31.2304,121.4737" · link 32 hexadecimal digits (any-kind:
"kind/id") · tags and links sorted lists · nothing: null (an empty set: []).
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import cast

import msgspec

from crm_core.amounts import (
    WHOLE_DIGITS_MAX,
    check_whole,
    parse_decimal,
    parse_money,
    parse_whole,
)
from crm_core.changes import NOTE_BYTES_MAX, TEXT_BYTES_MAX
from crm_core.entity import Entity, required
from crm_core.errors import InvalidValue
from crm_core.fields import REMINDERS, RHYTHM, Field, Kind, Value
from crm_core.i18n import tr_noop
from crm_core.ids import is_id, is_kind, parse_id

TAGS_MAX = 200
EMAIL_CHARACTERS_MAX = 320  # RFC 5321: 64 before the @, 255 behind it
VALUE_DEPTH_MAX = 6
RESERVED = frozenset(("id", "seq", "deleted"))
"""Names that stand for the record itself, on the wire or in a conflict."""
LATITUDE_MAX, LONGITUDE_MAX = 90, 180

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+\Z")
_PHONE = re.compile(r"[\d+()./\-\s#*,;xXa-zA-Z一-鿿]{1,60}\Z")
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?\Z")
_SCHEME = re.compile(r"(https?|mailto|tel|geo):", re.IGNORECASE)
_SEPARATOR = re.compile(r"[,;，；、]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
YES = frozenset(("1", "true", "yes", "y", "on", "是", "真"))
NO = frozenset(("0", "false", "no", "n", "off", "否", "假"))


def parse(field: Field, text: str) -> Value:
    """The canonical value of typed words; empty means none. Raises InvalidValue."""
    plain = text if field.kind is Kind.NOTE else text.strip()
    if not plain.strip():
        return [] if field.kind in (Kind.TAGS, Kind.LINKS) else None
    value = _PARSERS.get(field.kind, _parse_text)(field, plain)
    check(field, value)
    return value


def check(field: Field, value: Value) -> None:
    """Raise InvalidValue unless `value` is canonical for the field."""
    if value is None:
        return
    _CHECKERS[field.kind](field, value)
    if field.typed_as:
        _check_typed(field, value)


def _check_typed(field: Field, value: Value) -> None:
    """What a person types there has a form of its own; loaded where there is such a value."""
    if field.typed_as == REMINDERS:
        from crm_core.reminders import check_marks

        check_marks(value, field.name)
    elif field.typed_as == RHYTHM and value:
        from crm_core.recurring import parse_rhythm

        parse_rhythm(str(value), field.name)


def show(field: Field, value: Value) -> str:
    """A value in the words that `parse` takes back; choices as their codes."""
    if value is None:
        return ""
    if field.kind is Kind.JSON:
        return _show_json(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(str(member) for member in value)
    return str(value)


def check_record(entity: Entity, values: Mapping[str, Value]) -> list[InvalidValue]:
    """Everything wrong with a whole record: missing required fields and bad values."""
    problems = [
        InvalidValue(field.name, tr_noop("'{field}' must be filled in."), field=field.label)
        for field in required(entity)
        if values.get(field.name) in (None, "", [])
    ]
    for name, value in values.items():
        # A field of a newer version is kept as it is, if it is sound JSON.
        field = entity.by_name.get(name) or Field(name, Kind.JSON, name)
        try:
            if name in RESERVED:
                raise field.problem(tr_noop("'{text}' is not a record's to set."), name)
            check(field, value)
        except InvalidValue as problem:
            problems.append(problem)
    return problems


def _parse_text(field: Field, text: str) -> Value:
    return unicodedata.normalize("NFC", text)


def _parse_choice(field: Field, text: str) -> Value:
    for choice in field.choices:
        if text in (choice.code, choice.label):
            return choice.code
    return _parse_text(field, text)


def _parse_flag(field: Field, text: str) -> Value:
    lowered = text.lower()
    if lowered in YES or lowered in NO:
        return lowered in YES
    raise field.problem(tr_noop("'{text}' is neither yes nor no."), text)


def _parse_day(field: Field, text: str) -> Value:
    match = _DAY.match(text)
    try:
        if match is None:
            return dt.datetime.fromisoformat(text).date().isoformat()
        return dt.date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    except ValueError as error:
        raise field.problem(
            tr_noop("'{text}' is not a day of the calendar, such as 2026-11-22."), text
        ) from error


def _parse_instant(field: Field, text: str) -> Value:
    try:
        moment = dt.datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        return instant_of(moment)
    except (ValueError, OverflowError) as error:
        raise field.problem(
            tr_noop("'{text}' is not a moment, such as 2026-11-22T08:30:00Z."), text
        ) from error


def instant_of(moment: dt.datetime) -> str:
    """The canonical form of an aware moment, to the second."""
    plain = moment.astimezone(dt.UTC).replace(tzinfo=None)
    return f"{plain.isoformat(timespec='seconds')}Z"


def _parse_url(field: Field, text: str) -> Value:
    return text if "://" in text or _SCHEME.match(text) else f"https://{text}"


def _parse_place(field: Field, text: str) -> Value:
    latitude, comma, longitude = text.replace(" ", "").partition(",")
    if not comma or "," in longitude:
        raise field.problem(tr_noop("'{text}' is not a position, such as 31.2304,121.4737."), text)
    return f"{parse_decimal(field, latitude)},{parse_decimal(field, longitude)}"


def _parse_link(field: Field, text: str) -> Value:
    if field.link is not None and field.link.target:
        return _parse_member(field, text)
    kind, slash, record_id = text.partition("/")
    if not slash:
        raise field.problem(tr_noop("'{text}' is not a link, such as visit/ID."), text)
    return f"{kind}/{_parse_member(field, record_id)}"


def _parse_member(field: Field, text: str) -> str:
    try:
        return parse_id(text)
    except InvalidValue as error:
        raise field.problem(tr_noop("'{text}' is not a record id."), text) from error


def _parse_links(field: Field, text: str) -> Value:
    return [*sorted({_parse_member(field, part) for part in _parts(text)})]


def _parse_tags(field: Field, text: str) -> Value:
    return [*sorted({unicodedata.normalize("NFC", part) for part in _parts(text)})]


def _parts(text: str) -> list[str]:
    return [part.strip() for part in _SEPARATOR.split(text) if part.strip()]


def _parse_json(field: Field, text: str) -> Value:
    """JSON, or as people type it: `colour: red; size: 5`."""
    if text[0] in '{["':
        try:
            return msgspec.json.decode(text, type=Value)
        except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
            raise field.problem(tr_noop("'{text}' is not in the expected form."), text) from error
    pairs = (part.partition(":") for part in text.split(";") if part.strip())
    return {key.strip(): value.strip() for key, _, value in pairs}


def _show_json(value: Value) -> str:
    pairs = cast("dict[str, object]", value) if isinstance(value, dict) else {}
    plain = "; ".join(f"{key}: {member}" for key, member in pairs.items())
    # As people type it where that reads back to the same.
    if plain and plain[0] not in '{["' and _parse_json(_PLAIN_JSON, plain) == value:
        return plain
    return msgspec.json.encode(value).decode()


_PARSERS: Mapping[Kind, Callable[[Field, str], Value]] = {
    Kind.CHOICE: _parse_choice,
    Kind.FLAG: _parse_flag,
    Kind.WHOLE: parse_whole,
    Kind.DURATION: parse_whole,
    Kind.DECIMAL: parse_decimal,
    Kind.MONEY: parse_money,
    Kind.DAY: _parse_day,
    Kind.INSTANT: _parse_instant,
    Kind.URL: _parse_url,
    Kind.PLACE: _parse_place,
    Kind.LINK: _parse_link,
    Kind.LINKS: _parse_links,
    Kind.TAGS: _parse_tags,
    Kind.JSON: _parse_json,
}


def _check_text(field: Field, value: Value) -> None:
    if not isinstance(value, str):
        raise field.problem(tr_noop("'{text}' is not text."), value)
    size = _sound_bytes(field, value)
    limit = NOTE_BYTES_MAX if field.kind is Kind.NOTE else TEXT_BYTES_MAX
    if size > limit:
        raise InvalidValue(
            field.name,
            tr_noop("'{field}' holds {kib} KiB; at most {most} KiB fit. Attach it as a file."),
            field=field.label, kib=-(-size // 1024), most=limit // 1024,
        )  # fmt: skip


def _sound_bytes(field: Field, text: str) -> int:
    """The size of a text in UTF-8; raises InvalidValue where no store takes its characters."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        whole = text[:60].encode(errors="replace").decode()
        raise field.problem(tr_noop("'{text}' holds half a character."), whole) from error
    found = None if text.isprintable() else _CONTROL.search(text)
    if found is not None:
        shown = text[max(0, found.start() - 30) : found.start() + 30]
        problem = tr_noop("'{text}' holds a control character.")
        raise field.problem(problem, _CONTROL.sub("\ufffd", shown))
    return size


def _check_email(field: Field, value: Value) -> None:
    _check_text(field, value)
    # The length first: the pattern is slow on a long text that nearly fits.
    if len(str(value)) > EMAIL_CHARACTERS_MAX or not _EMAIL.match(str(value)):
        name, at, domain = str(value).partition("@")
        template = (
            tr_noop("E-mail '{text}' has no domain.")
            if at and name and not domain
            else tr_noop("'{text}' is not an e-mail address, such as li@example.com.")
        )
        raise field.problem(template, value)


def _check_phone(field: Field, value: Value) -> None:
    _check_text(field, value)
    if not _PHONE.match(str(value)) or not any(map(str.isdigit, str(value))):
        raise field.problem(tr_noop("'{text}' is not a telephone number."), value)


def _check_url(field: Field, value: Value) -> None:
    _check_text(field, value)
    if not _SCHEME.match(str(value)):
        raise field.problem(tr_noop("'{text}' is not a web address (http or https)."), value)


def _check_flag(field: Field, value: Value) -> None:
    if not isinstance(value, bool):
        raise field.problem(tr_noop("'{text}' is neither yes nor no."), value)


def _check_by_parsing(field: Field, value: Value) -> None:
    """For kinds whose words and canonical form are the same: parsing must change nothing."""
    if not isinstance(value, str) or _PARSERS[field.kind](field, value) != value:
        raise field.problem(tr_noop("'{text}' is not in the expected form."), value)


def _check_place(field: Field, value: Value) -> None:
    _check_by_parsing(field, value)
    latitude, longitude = (Decimal(part) for part in str(value).split(","))
    if abs(latitude) > LATITUDE_MAX or abs(longitude) > LONGITUDE_MAX:
        raise field.problem(tr_noop("'{text}' lies outside the globe."), value)


def _check_link(field: Field, value: Value) -> None:
    text = str(value) if isinstance(value, str) else ""
    target = field.link.target if field.link is not None else ""
    kind, _, record_id = (target, "", text) if target else text.partition("/")
    if not is_id(record_id) or not is_kind(kind):
        raise field.problem(tr_noop("'{text}' is not a link to a record."), value)


def _check_set(field: Field, value: Value) -> None:
    members = value if isinstance(value, list) else [None]
    texts = [member for member in members if isinstance(member, str) and member]
    if len(texts) != len(members) or texts != sorted(set(texts)):
        raise field.problem(tr_noop("'{text}' is not a sorted set of words."), value)
    if len(texts) > TAGS_MAX:
        raise InvalidValue(
            field.name, tr_noop("'{field}' takes at most {most} entries."),
            field=field.label, most=TAGS_MAX,
        )  # fmt: skip
    for member in texts:
        _check_text(field, member)
        if field.kind is Kind.LINKS and not is_id(member):
            raise field.problem(tr_noop("'{text}' is not a link to a record."), member)
        if _SEPARATOR.search(member) or member != member.strip():
            raise field.problem(tr_noop("'{text}' holds a comma or a space at its edge."), member)


def _check_json(field: Field, value: Value) -> None:
    size = _json_bytes(field, value, VALUE_DEPTH_MAX)
    if size > TEXT_BYTES_MAX:
        raise InvalidValue(
            field.name,
            tr_noop("'{field}' holds {kib} KiB; at most {most} KiB fit. Attach it as a file."),
            field=field.label, kib=-(-size // 1024), most=TEXT_BYTES_MAX // 1024,
        )  # fmt: skip


def _json_bytes(field: Field, value: object, depth: int) -> int:
    """Roughly the size of a JSON value; raises InvalidValue for what no store takes."""
    if isinstance(value, str):
        return _sound_bytes(field, value)
    if value is None or isinstance(value, bool):
        return 4
    if isinstance(value, int):
        check_whole(field, value)
        return WHOLE_DIGITS_MAX
    if not isinstance(value, dict | list):
        raise field.problem(tr_noop("'{text}' holds a number with a fraction; use text."), value)
    if depth == 0:
        raise InvalidValue(field.name, tr_noop("'{field}' is nested too deep."), field=field.label)
    members = cast("dict[str, object] | list[object]", value)
    inner = [*members, *members.values()] if isinstance(members, dict) else members
    return 2 + sum(1 + _json_bytes(field, member, depth - 1) for member in inner)


_PLAIN_JSON = Field("", Kind.JSON, "")

_CHECKERS: Mapping[Kind, Callable[[Field, Value], None]] = {
    Kind.TEXT: _check_text,
    Kind.NOTE: _check_text,
    Kind.CHOICE: _check_text,
    Kind.PERSON_NAME: _check_text,
    Kind.ADDRESS_PART: _check_text,
    Kind.ORDER: _check_text,
    Kind.EMAIL: _check_email,
    Kind.PHONE: _check_phone,
    Kind.URL: _check_url,
    Kind.FLAG: _check_flag,
    Kind.WHOLE: check_whole,
    Kind.DURATION: check_whole,
    Kind.DECIMAL: _check_by_parsing,
    Kind.MONEY: _check_by_parsing,
    Kind.DAY: _check_by_parsing,
    Kind.INSTANT: _check_by_parsing,
    Kind.PLACE: _check_place,
    Kind.LINK: _check_link,
    Kind.LINKS: _check_set,
    Kind.TAGS: _check_set,
    Kind.JSON: _check_json,
}
