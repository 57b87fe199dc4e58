"""What is listed, which stretch of it is wanted, and who brings it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import msgspec
from PySide6.QtCore import QObject

from crm_core.fields import Field
from crm_desktop.models.queries import Key, Row, Where
from crm_desktop.views.kit.words import Titles, link_keys


class Listing(msgspec.Struct, frozen=True):
    """What is listed, and in which order."""

    kind: str
    where: tuple[Where, ...] = ()
    search: str = ""
    sort: str | None = None
    descending: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether nothing is filtered out, so that the table's size is the list's."""
        return not self.where and not self.search


class Wanted(msgspec.Struct, frozen=True):
    """A stretch of a listing: after or before a key, from a key on, at a fraction of it, or around
    a record. `limit` 0: a page."""

    after: Key | None = None
    before: Key | None = None
    start: Key | None = None
    fraction: float | None = None
    around: str = ""
    limit: int = 0


class Stretch(msgspec.Struct, frozen=True):
    """The rows of a stretch in display order, and whether more follow in its direction.
    `beside`: the values of columns that are no fields, by column and record id. Around a record:
    how many rows stand before the stretch, and whether any do; no rows where it is not listed."""

    rows: tuple[Row, ...]
    more: bool
    titles: Titles = msgspec.field(default_factory=dict[str, str])
    count: int = 0
    beside: Mapping[str, Mapping[str, Any]] = msgspec.field(
        default_factory=dict[str, Mapping[str, Any]]
    )
    offset: int = 0
    more_before: bool = False


class Source(Protocol):
    """Where stretches come from; the answer arrives later, through `then`."""

    def fetch(
        self,
        listing: Listing,
        wanted: Wanted,
        owner: QObject,
        then: Callable[[Stretch], None],
        failed: Callable[[], None],
    ) -> None:
        """Read a stretch; a newer request of the same owner may replace this one."""
        ...


def refs_of(columns: Sequence[Field], rows: Sequence[Row]) -> tuple[str, ...]:
    """The "kind/id" of every record named in these rows' columns."""
    links = [x for x in columns if x.link is not None]
    found = {key for row in rows for x in links for key in link_keys(x, row.values.get(x.name))}
    return tuple(sorted(found))
