"""What the palette shows of the records it found: grouped by kind, with what tells them apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm_core.catalog import CATALOG
from crm_core.ids import RecordId
from crm_desktop.models import labels, queries, search
from crm_desktop.models.connection import Connection
from crm_desktop.models.queries import Row
from crm_desktop.models.search import Hit
from crm_desktop.models.spotting import Spot, spot

FOUND_MAX = 60
"""Hits that are looked at for the groups."""

GROUPS_MAX = 4
SHOWN: Mapping[str, int] = {"account": 4, "contact": 3}
SHOWN_OF_OTHERS = 2
"""What fits under what was typed, with the commands of the first below."""

NOT_MEANT = Spot()
_FIRST = ("account", "contact")


@dataclass(frozen=True, slots=True)
class Found:
    """A record: its name with what was meant in it, and what tells it from its namesakes.

    `detail` are names of places and people to be joined, `right` a number; `field` is the label of
    the field in which it was found where that is not its name. `account` is the one it belongs to.
    """

    kind: str
    id: RecordId
    title: str
    spot: Spot = NOT_MEANT
    detail: tuple[str, ...] = ()
    right: str = ""
    field: str = ""
    grade: str = ""
    account: str = ""
    refused: bool = False
    conflict: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """The best records of one kind, and how many were found."""

    kind: str
    records: tuple[Found, ...]
    total: int


def groups(c: Connection, typed: str) -> tuple[Group, ...]:
    """The best records of each kind: accounts, people, then the others as they match."""
    by_kind: dict[str, list[Hit]] = {kind: [] for kind in _FIRST}
    for hit in search.search(c, typed, limit=FOUND_MAX):
        if hit.kind in CATALOG:
            by_kind.setdefault(hit.kind, []).append(hit)
    kinds = [kind for kind, hits in by_kind.items() if hits][:GROUPS_MAX]
    return tuple(_group(c, kind, by_kind[kind], typed) for kind in kinds)


def records(c: Connection, refs: Sequence[tuple[str, RecordId]]) -> tuple[Found, ...]:
    """Records that were opened before, in this order; those that are gone are left out."""
    titles = labels.titles(c, refs)
    found = (_found(c, Hit(*ref, titles[ref]), "") for ref in refs if ref in titles)
    return tuple(x for x in found if x is not None)


def _group(c: Connection, kind: str, hits: Sequence[Hit], typed: str) -> Group:
    best = hits[: SHOWN.get(kind, SHOWN_OF_OTHERS)]
    shown = (_found(c, hit, typed) for hit in best)
    return Group(kind, tuple(x for x in shown if x is not None), len(hits))


def _found(c: Connection, hit: Hit, typed: str) -> Found | None:
    row = queries.record(c, hit.kind, hit.id)
    if row is None:
        return None
    entity = CATALOG[hit.kind]
    account = _account_of(c, row)
    detail, right = _DETAILS.get(hit.kind, _others)(c, row, account)
    field = entity.by_name.get(hit.matched)
    if field is not None:
        right = str(row.values.get(hit.matched) or right)
    return Found(
        hit.kind, hit.id, hit.title or labels.title(c, hit.kind, hit.id),
        spot(hit.title, typed), tuple(filter(None, detail)), right,
        "" if field is None else field.label,
        str(row.values.get("grade") or "") if hit.kind == "account" else "",
        account, row.refused, row.conflict,
    )  # fmt: skip


def _account_of(c: Connection, row: Row) -> str:
    if row.kind == "account":
        return row.id
    if row.kind == "contact":
        roles = queries.below(c, "contact", row.id, "account_contact", "contact", limit=1)
        return str(roles[0].values.get("account") or "") if roles else ""
    return str(row.values.get("account") or "")


def _of_account(c: Connection, row: Row, _account: str) -> tuple[tuple[str, ...], str]:
    places = queries.below(c, "account", row.id, "address", "account", limit=1)
    city = str(places[0].values.get("city") or "") if places else ""
    owner = row.values.get("owner")
    return (city, labels.title(c, "user", RecordId(str(owner))) if owner else ""), ""


def _of_contact(c: Connection, row: Row, account: str) -> tuple[tuple[str, ...], str]:
    name = labels.title(c, "account", RecordId(account)) if account else ""
    number = row.values.get("mobile") or row.values.get("phone") or ""
    return (str(row.values.get("title") or ""), name), str(number)


def _others(c: Connection, _row: Row, account: str) -> tuple[tuple[str, ...], str]:
    return (labels.title(c, "account", RecordId(account)) if account else "",), ""


_DETAILS = {"account": _of_account, "contact": _of_contact}
