"""Values in the words that a person reads; one entry per Kind."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping

from crm_core.catalog import CATALOG
from crm_core.entity import Entity
from crm_core.fields import UNTYPED, Field, Kind, Value
from crm_core.ids import SYSTEM
from crm_core.wall_time import moment_in
from crm_desktop.dates import day_words, moment_words, near_day_words, near_moment_words
from crm_desktop.i18n import tr
from crm_desktop.numbers import grouped
from crm_desktop.views.kit.coded import coded_words

Titles = Mapping[str, str]
"""The names of linked records, by "kind/id"."""

_MINUTES_PER_HOUR = 60
_BY_IT = f"user/{SYSTEM}"


def shown(field: Field, value: Value, titles: Titles) -> str:
    """One value as words, in one line; "" for none. Days stand with their year."""
    if value is None or value == []:
        return ""
    if field.typed_as and field.typed_as != UNTYPED:
        from crm_desktop.views.kit.rhythm_words import typed_words  # few lists have such a column

        return typed_words(field, value)
    return WORDS[field.kind](field, value, titles)


def shown_in_list(field: Field, value: Value, titles: Titles) -> str:
    """The same where there is little room: days without the year that it is."""
    brief = _BRIEF.get(field.kind)
    return shown(field, value, titles) if brief is None or not value else brief(str(value))


def copied(field: Field, value: Value, titles: Titles) -> str:
    """The same for other programs: a day as 2026-11-09, a moment as 2026-11-16 08:00."""
    if field.kind is Kind.DAY:
        return str(value or "")
    if field.kind is Kind.INSTANT:
        return local_iso(str(value or ""))
    return shown(field, value, titles)


def link_key(field: Field, value: Value) -> str:
    """The "kind/id" of a link's value; "" where there is none."""
    target = field.link.target if field.link is not None else ""
    if not isinstance(value, str) or not value:
        return ""
    return f"{target}/{value}" if target else value


def link_name(key: str, titles: Titles) -> str:
    """The name of a linked record, or what stands for one that is not known here."""
    return known_name(key, titles) or tr("(not here)")


def known_name(key: str, titles: Titles) -> str:
    """The name of a linked record; "" where it is not known here."""
    return tr("IT") if key == _BY_IT else titles.get(key, "")


def sentences(*said: str) -> str:
    """Sentences, one after the other as the language has it; empty ones are left out."""
    whole, *rest = [*filter(None, said)] or [""]
    for second in rest:
        whole = tr("{first} {second}", first=whole, second=second)
    return whole


def account_words(name: str) -> str:
    """The name of the account that something belongs to, or that it is not ours to see."""
    return name or tr("Account out of sight")


def link_keys(field: Field, value: Value) -> tuple[str, ...]:
    """The "kind/id" of every record that a value leads to."""
    if field.link is None:
        return ()
    members = value if isinstance(value, list) else [value]
    keys = (link_key(field, member) for member in members)
    return tuple(key for key in keys if key)


def code_words(field: Field, code: str) -> str:
    """The words for a code; an unknown one is shown as it is."""
    for choice in field.choices:
        if choice.code == code:
            return tr(choice.label)
    return code


def merged_words(title: str, other: str) -> str:
    """That a record gave its place to another; `other` "" where that one is out of sight."""
    if not other:
        return tr("{title} was merged into a record that you do not see.", title=title)
    return tr("{title} was merged into {other}.", title=title, other=other)


def title_in_words(entity: Entity, values: Mapping[str, Value], titles: Titles) -> str:
    """The words by which a person knows a record; its kind where it has none."""
    fields = (entity.by_name[name] for name in entity.title)
    parts = (shown(field, values.get(field.name), titles) for field in fields)
    return " · ".join(part for part in parts if part) or tr(entity.label)


def values_in_words(kind: str, values: Mapping[str, Value], titles: Titles) -> str:
    """Several fields of a record, one "label: value" a line; empty ones are left out."""
    entity = CATALOG.get(kind)
    lines: list[str] = []
    for name, value in values.items():
        field = entity.by_name.get(name) if entity is not None else None
        text = shown(field, value, titles) if field is not None else str(value or "")
        if text:
            lines.append(f"{tr(field.label) if field is not None else name}: {text}")
    return "\n".join(lines)


def local_iso(instant: str) -> str:
    """A canonical instant as local wall time, 2026-11-16 08:00; with its seconds, if any."""
    moment = moment_in(instant)
    if moment is None:
        return instant
    local = moment.astimezone()
    return local.strftime("%Y-%m-%d %H:%M:%S" if local.second else "%Y-%m-%d %H:%M")


def instant_words(instant: str) -> str:
    """A canonical instant in full, in the wall time of this place: "26 Oct 2026, 08:15"."""
    moment = moment_in(instant)
    return moment_words(moment.astimezone().replace(second=0)) if moment else instant


def _day(day: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(day)
    except ValueError:
        return None


def _brief_day(value: str) -> str:
    day = _day(value)
    return near_day_words(day) if day else value


def _brief_instant(value: str) -> str:
    moment = moment_in(value)
    return near_moment_words(moment.astimezone()) if moment else value


_BRIEF: Mapping[Kind, Callable[[str], str]] = {
    Kind.DAY: _brief_day,
    Kind.INSTANT: _brief_instant,
}


def plain_tooltip(text: str) -> str:
    """A tooltip that shows customers' text as it is and never as markup."""
    import html  # with its table of entities: nobody's start waits for it

    return f"<span>{html.escape(text)}</span>" if text else ""


def _as_text(field: Field, value: Value, _titles: Titles) -> str:
    return coded_words(field, str(value))


def _as_line(_field: Field, value: Value, _titles: Titles) -> str:
    return " ".join(str(value).split())


def _as_choice(field: Field, value: Value, _titles: Titles) -> str:
    return code_words(field, str(value))


def _as_flag(_field: Field, value: Value, _titles: Titles) -> str:
    return tr("Yes") if value else tr("No")


def _as_number(_field: Field, value: Value, _titles: Titles) -> str:
    return grouped(str(value))


def _as_day(_field: Field, value: Value, _titles: Titles) -> str:
    day = _day(str(value))
    return day_words(day, year=True) if day else str(value)


def _as_money(_field: Field, value: Value, _titles: Titles) -> str:
    text = str(value)
    return f"{grouped(text[:-3])} {text[-3:]}"


def _as_instant(_field: Field, value: Value, _titles: Titles) -> str:
    return instant_words(str(value))


def _as_duration(_field: Field, value: Value, _titles: Titles) -> str:
    if not isinstance(value, int):
        return str(value)
    hours, minutes = divmod(value, _MINUTES_PER_HOUR)
    if not hours:
        return tr("{minutes} min", minutes=minutes)
    if not minutes:
        return tr("{hours} h", hours=hours)
    return tr("{hours} h {minutes} min", hours=hours, minutes=minutes)


def _as_link(field: Field, value: Value, titles: Titles) -> str:
    return link_name(link_key(field, value), titles)


def _as_links(field: Field, value: Value, titles: Titles) -> str:
    return ", ".join(link_name(key, titles) for key in link_keys(field, value))


def _as_tags(field: Field, value: Value, _titles: Titles) -> str:
    members = value if isinstance(value, list) else [value]
    return ", ".join(code_words(field, str(member)) for member in members)


def _as_json(field: Field, value: Value, titles: Titles) -> str:
    if isinstance(value, list):
        return "; ".join(_as_json(field, part, titles) for part in value)
    if not isinstance(value, dict):
        return str(value)
    return "; ".join(f"{name}: {part}" for name, part in value.items())


WORDS: Mapping[Kind, Callable[[Field, Value, Titles], str]] = {
    Kind.TEXT: _as_text,
    Kind.NOTE: _as_line,
    Kind.CHOICE: _as_choice,
    Kind.FLAG: _as_flag,
    Kind.WHOLE: _as_number,
    Kind.DECIMAL: _as_number,
    Kind.MONEY: _as_money,
    Kind.DAY: _as_day,
    Kind.INSTANT: _as_instant,
    Kind.DURATION: _as_duration,
    Kind.PHONE: _as_text,
    Kind.EMAIL: _as_text,
    Kind.URL: _as_text,
    Kind.ADDRESS_PART: _as_text,
    Kind.PLACE: _as_text,
    Kind.PERSON_NAME: _as_text,
    Kind.LINK: _as_link,
    Kind.LINKS: _as_links,
    Kind.TAGS: _as_tags,
    Kind.ORDER: _as_text,
    Kind.JSON: _as_json,
}

NUMBERS = frozenset((Kind.WHOLE, Kind.DECIMAL, Kind.MONEY, Kind.DURATION))
"""The kinds that stand at the right of their column."""
