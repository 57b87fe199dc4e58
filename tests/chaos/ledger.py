"""The ledger: what people typed and what their commands answered, written beside the product."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Shown = Mapping[str, Mapping[str, Any]]
"""The accounts that a device showed at some moment, by id."""

EDITS = frozenset(("add", "set", "import"))
"""The words whose values are nowhere else: each may be written once and by them alone."""


@dataclass(frozen=True)
class Entry:
    """One command that writes.

    `values`: what it was to write, field by field; each value holds a token found nowhere else.
    `answered`: it ended with exit code 0; otherwise it was killed, and its edit is there whole or
    not at all. `changesets`: those that it left in its device's journal. `seen`: what the device
    showed just before; None where a synchronisation was going on beside it.
    """

    n: int
    device: str
    login: str
    word: str
    values: tuple[tuple[str, str], ...]
    answered: bool
    changesets: tuple[str, ...]
    seen: Shown | None
    record: str = ""


@dataclass
class Ledger:
    """Everything that was typed in a round."""

    entries: list[Entry] = field(default_factory=list[Entry])

    def write(self, entry: Entry) -> None:
        """Note one more command."""
        self.entries.append(entry)

    @property
    def by_changeset(self) -> Mapping[str, Entry]:
        """Who wrote which changeset."""
        return {one: entry for entry in self.entries for one in entry.changesets}

    def later_of(self, entry: Entry, name: str) -> Sequence[Entry]:
        """The same person's later edits of the same field of the same record."""
        return [
            one
            for one in self.entries
            if one.n > entry.n
            and (one.login, one.record) == (entry.login, entry.record)
            and name in dict(one.values)
        ]
