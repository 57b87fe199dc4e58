"""What the shell may ask of a pane. Listening is a duty; the others are asked where present."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

from crm_core.fields import Value
from crm_desktop.models.replica import Summary
from crm_desktop.models.sql import Where
from crm_desktop.runtime.standing import Standing


@runtime_checkable
class Listens(Protocol):
    """Every pane: is told what was written, and refreshes what that touches."""

    def take_summary(self, summary: Summary) -> None: ...


@runtime_checkable
class OpensRecords(Protocol):
    """Shows one record of its kind."""

    def open_record(self, record_id: str) -> None: ...


@runtime_checkable
class Chooses(Protocol):
    """Can show the first of its entries, for pictures and stories."""

    def choose_first(self) -> None: ...


@runtime_checkable
class Creates(Protocol):
    """Opens an empty form (Ctrl+N)."""

    def new_record(self) -> None: ...


@runtime_checkable
class CreatesWith(Protocol):
    """Opens an empty form with values laid into it."""

    def new_with(self, values: Mapping[str, Value]) -> None: ...


@runtime_checkable
class Saves(Protocol):
    """Saves what was typed (Ctrl+S)."""

    def save(self) -> None: ...


@runtime_checkable
class ShowsQueue(Protocol):
    """Goes to what waits to be sent."""

    def show_queue(self) -> None: ...


@runtime_checkable
class ShowsStanding(Protocol):
    """Says how things stand with the server."""

    def show_standing(self, standing: Standing) -> None: ...


@runtime_checkable
class ShowsWhere(Protocol):
    """Lists the records that meet conditions; `words` name them."""

    def show_where(self, where: Sequence[Where], words: str) -> None: ...


@runtime_checkable
class HasRecord(Protocol):
    """Knows which record it shows, "" for none."""

    @property
    def record_id(self) -> str: ...
