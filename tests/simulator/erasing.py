"""Seeds in which people are erased at their request, under the same weather: contacts are edited in
what is personal, IT erases some of them, and who watches that no laptop and no table holds them."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from msgspec import json

from crm_core.changes import Change, Op
from crm_core.erasing import personal_fields
from crm_core.errors import Unavailable, UserProblem
from crm_core.ids import ChangeSetId, RecordId
from crm_core.merging import MERGED_INTO
from crm_desktop.models import search_index
from crm_desktop.models.sql import blob
from crm_server.erasing import Done, erase, erase_within
from crm_server.erasures import Found, joined, known_to, unknown
from tests.simulator import world
from tests.simulator.actions import Hands
from tests.simulator.chance import NOTHING, Without
from tests.simulator.desk import Desk
from tests.simulator.device import Device
from tests.simulator.disputes import Disputes, Patch
from tests.simulator.events import EVENTS, Event
from tests.simulator.ledger import Key, Ledger, Place, Said
from tests.simulator.typed import Typed
from tests.simulator.violation import Violation
from tests.simulator.world import STEPS, World

PERSONAL = ("full_name", "wechat", "preferences")
"""What is typed of contacts here; the first is searched, the last merges by the line."""


class ErasingHands(Hands):
    """A person who knows much about his customers."""

    def word(self) -> str:
        """Something that nobody typed before, and no part of anything else."""
        self.typed += 1
        return f"{self.device.name.replace('-', '')}v{self.typed}q"

    def do_something(self) -> None:
        if self.dice.random() < 0.45:
            try:
                self._edit_contact()
            except (UserProblem, Unavailable) as problem:
                self.tell(f"{self.device.name}: that is not possible: {problem}"[:120])
            return
        super().do_something()

    def _edit_contact(self) -> None:
        row = self.pick("contact")
        if row is None:
            return
        names = self.dice.sample(PERSONAL, self.dice.choice((1, 1, 2)))
        new: dict[str, Any] = {name: self.word() for name in names}
        if "preferences" in new:
            new["preferences"] = f"{row.values.get('preferences') or ''}{new['preferences']}.\n"
        if self.dice.random() < 0.3:
            new["title"] = self.word()
        self.set("contact", row, new, "edits")


def somebody_is_erased(world: World, _device: Device, dice: random.Random) -> None:
    """IT erases a contact, whether he is still there or not."""
    assert isinstance(world, ErasingWorld)
    known = world.server.look.execute("SELECT DISTINCT id FROM history WHERE kind = 'contact'")
    ids = sorted({RecordId(x) for (x,) in known} | {k[1] for k in world.oracle().records
                                                    if k[0] == "contact"})  # fmt: skip
    if ids:
        world.erase(dice.choice(ids[:3] if dice.random() < 0.6 else ids))


@dataclass
class ErasingTyped(Typed):
    """Of whom was erased nothing has to stay."""

    gone: Mapping[Key, Any] = field(default_factory=dict)

    def _look_for_value(self, said: Said, index: int, change: Change, *rest: Any) -> None:
        if (change.kind, change.id) not in self.gone:
            super()._look_for_value(said, index, change, *rest)

    def _look_at_shown(self, device: Device, place: Place, change: Change) -> None:
        if place[:2] not in self.gone:
            super()._look_at_shown(device, place, change)

    def _has_followed(self, device: Device, change: Change, place: Place, value: Any) -> bool:
        """Also whether the other record shows again what it had, where a merge would have brought
        in something of whom was erased, and an undo since has gone back to that."""
        kind, record_id, name = place
        steps = (x.changeset.changes for x in self.ledger.of(device.name).values())
        brought = [
            x for changes in steps if any(map(self._names, changes)) for x in changes
            if (x.kind, x.id) == (kind, record_id) and x.new.get(name) == change.new[name]
        ]  # fmt: skip
        if name in personal_fields(kind) and value in [x.old.get(name) for x in brought]:
            return True
        return super()._has_followed(device, change, place, value)

    def _names(self, change: Change) -> bool:
        """Whether a change merges somebody away who was erased."""
        return change.op is Op.MERGE and (change.kind, change.id) in self.gone


@dataclass
class ErasingDisputes(Disputes):
    """A question about whom was erased is settled by that."""

    of: dict[RecordId, Key] = field(default_factory=dict)
    gone: Mapping[Key, Any] = field(default_factory=dict)

    def _judge(self, record_id: RecordId, said: Said | None, patch: Patch) -> None:
        link = patch.get("record", (None, None))[1]
        if link:
            kind, _, above = link.partition("/")
            self.of[record_id] = (kind, RecordId(above))
        if self.of.get(record_id) not in self.gone:
            super()._judge(record_id, said, patch)


class ErasingWorld(World):
    """`run` plays the seed; `erased` counts who was, `counted` what the server dropped."""

    def __init__(self, seed: int, steps: int = STEPS, without: Without = NOTHING) -> None:
        self.gone: dict[Key, dict[str, int]] = {}
        with patch.object(world, "Hands", ErasingHands):
            super().__init__(seed, steps, without)
        disputes = ErasingDisputes(self._ledger, gone=self.gone)
        self._history.disputes = disputes
        self._typed = ErasingTyped(self._ledger, self._history, disputes, gone=self.gone)
        self._list: Found = {}
        self._erasing = self.fate.dice("who is erased")
        self.erased = 0
        self._go_back = self.server.go_back
        self.server.go_back = self._go_back_and_erase  # type: ignore[method-assign]

    def run(self) -> None:
        events: tuple[Event, ...] = (*EVENTS, *(somebody_is_erased,) * 9)
        with patch.object(world, "EVENTS", events):
            super().run()

    # What IT does

    def erase(self, contact: RecordId) -> None:
        """As `crm-server erase`: on the list first, then in the database."""
        self.server.fails_next = False
        service = self.server.service

        def note(wanted: Mapping[Key, frozenset[str]]) -> None:
            seq = self.server.seq
            said = {key: dict.fromkeys(names, seq) for key, names in wanted.items()}
            self._list = joined((self._list, said))

        self._note(erase(service, "contact", contact, note))
        self.erased += 1
        self.tell(f"IT erases contact {contact[-4:]}")

    def _note(self, done: Done) -> None:
        with self.server.store.read() as tx:
            known = known_to(tx)
        for key in done.erased:
            self.gone[key] = known[key]

    def _go_back_and_erase(self) -> bool:
        """As `crm-server restore`, with the list beside the backup."""
        if not self._go_back():
            return False
        self.server.fails_next = False
        with self.server.store.write() as (tx, clock):
            again = unknown(self._list, known_to(tx))
            done = erase_within(self.server.service, tx, clock, again)
        self._note(done)
        if done.erased:
            self.tell(f"({len(done.erased)} are erased again)")
        return True

    # Who watches

    def _look(self, device: Device) -> None:
        device.note_what_was_said(self._ledger)
        touched = {*self._touched()}
        for cs_id in touched:
            # What was said of whom was erased is neither kept nor asked about.
            device.decided.add(cs_id)
            self._forget_typed(self._desk, cs_id)
        for cs_id, brought in self._above_merges(device):
            if cs_id not in touched:
                self._look_for_what_was_typed(device, cs_id, brought)
                self._forget_typed(self._desk, cs_id)
        super()._look(device)

    def _touched(self) -> Iterator[ChangeSetId]:
        for cs_id, said in self._ledger.said.items():
            changes = said.changeset.changes
            if any((x.kind, x.id) in self.gone or self._is_about(x) for x in changes):
                yield cs_id

    def _is_about(self, change: Change) -> bool:
        kind, _, above = str(change.new.get("parent") or "").partition("/")
        merged = str(change.new.get("merged_into") or "")
        pairs = ((kind, above), (change.kind, merged))
        return change.kind == "conflict" or any((x, RecordId(y)) in self.gone for x, y in pairs)

    def _above_merges(self, device: Device) -> Iterator[tuple[ChangeSetId, frozenset[str]]]:
        """The steps of a device on those who were to take the place of whom was erased, each with
        the words that were brought in below: they go from it."""
        takers, brought = set[Key](), set[str]()
        for cs_id, said in self._ledger.of(device.name).items():
            changes = said.changeset.changes
            if any((x.kind, x.id) in takers for x in changes):
                yield cs_id, frozenset(brought)
            found = {
                (x.kind, RecordId(str(x.new[MERGED_INTO])))
                for x in changes
                if x.op is Op.MERGE and ((x.kind, x.id) in takers or (x.kind, x.id) in self.gone)
            }
            places = [(x.kind, x.id, name) for x in changes for name in x.new]
            brought.update(word for x in places if x[:2] in found for word in _typed_in(said, x))
            takers |= found

    def _look_for_what_was_typed(
        self, device: Device, cs_id: ChangeSetId, brought: frozenset[str]
    ) -> None:
        """Invariant 1: all that its author said there stays, but what was brought in."""
        if self._only_brings(cs_id):
            return
        for n, change in enumerate(self._ledger.said[cs_id].changeset.changes):
            for (new,) in device.rows(
                "SELECT new FROM op JOIN changeset s ON s.n = cs WHERE s.id = ? AND i = ?",
                (blob(RecordId(cs_id)), n),
            ):
                says = json.decode(new)
                for name, typed in change.new.items():
                    own = [word for word in _split(typed) if word not in brought]
                    is_free = own != _split(typed) and {*own} <= {*_split(says[name])}
                    if says[name] != typed and not is_free:
                        raise Violation(1, f"{cs_id} of {device.name} says {new}, typed {typed!r}")

    def _forget_typed(self, desk: Desk, cs_id: ChangeSetId) -> None:
        for key in [x for x in desk.typed if x[0] == cs_id]:
            del desk.typed[key]

    def _heal(self) -> None:
        super()._heal()
        words = self.erased_words()
        for device in self._devices:
            search_index.build(device.store)
            self._look_for(words, device.name, cells(device.store.write.raw))
            self._look_for(words, f"the index of {device.name}", _terms(device))
        self._look_for(words, "the server", cells(self.server.look))

    def _look_for(
        self, words: frozenset[str], where: str, cells: Iterator[tuple[str, str]]
    ) -> None:
        """Invariant 16: who was erased is nowhere."""
        for table, cell in cells:
            for word in words:
                if word in cell:
                    raise Violation(16, f"{where} still holds {word!r} in {table}")

    def erased_words(self) -> frozenset[str]:
        """All that was typed of whom was erased by people who had not heard of it, and of nobody
        else."""
        return frozenset(_words(self._ledger, self.gone)) - self._words_of_others()

    def _words_of_others(self) -> frozenset[str]:
        return frozenset(
            word
            for place, steps in self._ledger.at.items()
            if place[:2] not in self.gone
            for cs_id in steps
            if not self._only_brings(cs_id) or cs_id in self._history.wrote
            for word in _typed_in(self._ledger.said[cs_id], place)
        )

    def _only_brings(self, cs_id: ChangeSetId) -> bool:
        """Whether nobody typed what a step writes: a merge brings in another's words, and an undo
        what stood there before. They are the record's own once the server took them."""
        is_merge = any(x.op is Op.MERGE for x in self._ledger.said[cs_id].changeset.changes)
        return is_merge or cs_id in self._ledger.undone


def _words(ledger: Ledger, gone: Mapping[Key, Mapping[str, int]]) -> Iterator[str]:
    for (kind, record_id), fields in gone.items():
        for name in personal_fields(kind):
            place = (kind, record_id, name)
            for cs_id in ledger.at.get(place, ()):
                said = ledger.said[cs_id]
                seen = said.seen.get(place, said.seen.get((kind, record_id, ""), 0))
                heard = said.changeset.seen or 0
                if max(seen, heard) <= fields.get(name, -1):
                    yield from _typed_in(said, place)


def _typed_in(said: Said, place: Place) -> Iterator[str]:
    """The words that were new in a step: what it repeats somebody else has typed."""
    for change in said.changeset.changes:
        if (change.kind, change.id) == place[:2] and place[2] in change.new:
            before = set(_split(change.old.get(place[2])))
            yield from (x for x in _split(change.new[place[2]]) if x not in before)


def _split(value: object) -> list[str]:
    words = str(value or "").replace(".", " ").split()
    return [word for word in words if word.endswith("q")]


def cells(connection: Any) -> Iterator[tuple[str, str]]:
    """Every text of every table, but the index."""
    tables = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    for (name,) in tables:
        if name.startswith("find_"):
            continue
        for row in connection.execute(f'SELECT * FROM "{name}"').fetchall():
            for cell in row:
                if isinstance(cell, bytes):
                    yield name, cell.decode(errors="replace")
                elif isinstance(cell, str):
                    yield name, cell


def _terms(device: Device) -> Iterator[tuple[str, str]]:
    """Every word in any segment of the index, of dead rows too."""
    raw: sqlite3.Connection = device.store.write.raw
    raw.execute("CREATE VIRTUAL TABLE temp.terms USING fts5vocab('main', 'find_word', 'row')")
    found = raw.execute("SELECT term FROM temp.terms").fetchall()
    raw.execute("DROP TABLE temp.terms")
    yield from (("find_word", term) for (term,) in found)
