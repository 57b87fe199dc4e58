"""One laptop of a simulation: a real store in a file, the real engine, and a power button."""

from __future__ import annotations

import datetime as dt
import random
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar, cast

from msgspec import json

from crm_core.catalog import CATALOG
from crm_core.changes import ChangeSet, Op
from crm_core.errors import CrmError, Unavailable
from crm_core.ids import ChangeSetId, RecordId
from crm_core.wire import PullItem, PullRequest, PushRequest, PushResponse
from crm_desktop.models.connection import Connection
from crm_desktop.models.journal import settling
from crm_desktop.models.outbox import Outbox, changeset_of, sync_state
from crm_desktop.models.replica import Parked, SyncState
from crm_desktop.models.sql import DELETED, blob
from crm_desktop.models.store import Store
from crm_desktop.sync import effects as do
from crm_desktop.sync.effects import Effect
from crm_desktop.sync.ports import Server
from crm_desktop.sync.runner import SECOND_FROM_ROWS, Run, Runner
from tests.simulator.chance import Crashed, VirtualTime, id_maker
from tests.simulator.company import Person
from tests.simulator.ledger import Key, Ledger, Place, Said, places_of
from tests.simulator.link import Link
from tests.simulator.post import Post
from tests.simulator.second import Files, MortalSecondFile
from tests.simulator.stores import KEY, is_in_clear, template

WRITTEN_THROUGH = 2
"""From this value of `PRAGMA synchronous` on, a commit returns when the disk has it."""

SHOWN = ("queued", "sent", "held", "blocked", "waiting", "rejected")
"""States in which a step covers what has come below it."""

LINKS_ABOVE = {
    kind: names
    for kind, entity in CATALOG.items()
    if (names := [(x.name, x.link.target) for x in entity.root_links if x.link is not None])
}
"""For each kind the links by which its records hang below others, and the kind of those."""

T = TypeVar("T")

_LIVE = " UNION ALL ".join(
    f"SELECT '{kind}', id, seq FROM \"{kind}\" WHERE deleted = 0 AND seq > 0" for kind in CATALOG
)

Between = Callable[["Device", Effect[Any]], None]
Covering = Mapping[ChangeSetId, frozenset[Place] | None]
"""The own steps that cover what has come below them, with the places where; None: all of theirs."""


class Device:
    """A laptop and the person at it."""

    def __init__(
        self, name: str, person: Person, folder: Path, time: VirtualTime, dice: random.Random,
        opens: type[Store] = Store,
    ) -> None:  # fmt: skip
        self.name = name
        self._opens = opens
        self.person = person
        self.skew = dt.timedelta()
        self.crashes = 0
        self.decided: set[ChangeSetId] = set()
        self.kept_names: set[tuple[str, RecordId]] = set()
        self._writes = 0
        self._read: dict[str, tuple[object, Any]] = {}
        self.crash_after_commits: int | None = None
        self.disk_is_full = False
        self.is_locked = False
        self.dice = dice
        self._folder = folder
        self._time = time
        self.new_id = id_maker(dice, self.clock)
        self._noted: dict[int, bytes] = {}
        self._noted_at: object = None
        self._covering: Covering | None = None
        self.second_from_rows = SECOND_FROM_ROWS
        self.may_die_in_swap: Callable[[], None] = lambda: None
        self.left_open: list[Store] = []
        self.files = Files(self)
        self._take(folder / f"{name}-0.db")
        shutil.copyfile(template(name, person, folder.parent, is_in_clear()), self._path)
        self.store = self._opened()
        self.syncing = False

    def clock(self) -> dt.datetime:
        """What this laptop takes for the time."""
        return self._time.now + self.skew

    def crash(self, *, power_cut: bool = False) -> None:
        """kill -9, and start again from what is in the file and its log. Where the power was cut,
        what the log holds behind the last page that SQLite had written through may be lost."""
        self.crashes += 1
        after = self._folder / f"{self.name}-{self.crashes}.db"
        for ending in ("", "-wal"):
            _keep(
                self._path.with_name(self._path.name + ending), after.with_name(after.name + ending)
            )
        if power_cut:
            self._lose_pages(after.with_name(after.name + "-wal"))
        self._copy_second(power_cut=power_cut)
        for store in (self.store, *self.left_open):
            store.close()
        self.left_open.clear()
        for ending in ("", "-wal", "-shm"):
            self._path.with_name(self._path.name + ending).unlink(missing_ok=True)
        self._take(after)
        self.syncing = False
        self.crash_after_commits = None
        self.store = self._opened()

    def _copy_second(self, *, power_cut: bool) -> None:
        before = self.files.named()
        if before is None or not before.exists():
            return
        after = self._folder / f"{self.name}-{self.crashes}-second.db"
        for ending in ("", "-wal"):
            _keep(before.with_name(before.name + ending), after.with_name(after.name + ending))
        log = after.with_name(after.name + "-wal")
        if power_cut and self.files.may_lose_pages and log.exists():
            with log.open("r+b") as file:
                file.truncate(self.dice.randint(0, log.stat().st_size))
        self.files.second = after

    @property
    def path(self) -> Path:
        """The file in use."""
        return self._path

    def point_to(self, path: Path) -> None:
        """Take another file into use; all of it has been written through."""
        self._take(path)
        self._writes += 1
        self._safe_bytes = self._log_bytes()

    def _take(self, path: Path) -> None:
        self._path = path
        self._log = path.with_name(path.name + "-wal")

    def _lose_pages(self, log: Path) -> None:
        if log.exists():
            with log.open("r+b") as file:
                file.truncate(self.dice.randint(self._safe_bytes, log.stat().st_size))

    def _log_bytes(self) -> int:
        try:
            return self._log.stat().st_size
        except FileNotFoundError:
            return 0

    def close(self) -> None:
        self.store.close()

    @property
    def outbox(self) -> Outbox:
        return Outbox(self.store)

    def synchronise(self, link: Link, between: Between) -> Run:
        """One run of the engine; `between` is called around every effect."""
        self.syncing = True
        try:
            return _SimulatedRunner(self, link, between).run()
        finally:
            self.syncing = False

    def rows(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[Any]:
        """A look into the file, for invariants and for choosing what to do."""
        return self.store.write.rows(sql, parameters)

    @property
    def written(self) -> object:
        """Another one after each transaction."""
        return self.crashes, self._writes

    def note_what_was_said(self, ledger: Ledger) -> None:
        """Enter this device's new changesets into the ledger."""
        if self._noted_at == self.written:
            return
        self._noted_at = self.written
        covering, self._covering = self._covering or self._covers(), None
        for n, key, undoes, _ in self._changesets():
            before = self._noted.get(n)
            if before == key:
                continue
            self._noted[n] = key
            now = ChangeSetId(key.hex())
            if undoes:
                ledger.undone[now] = ChangeSetId(undoes)
            if before is not None:
                ledger.replaced.add(ChangeSetId(before.hex()))
                ledger.resent.add(now)
            changeset = changeset_of(self.store.write, n)
            seen = self._seen(changeset, ledger, covering)
            if before is not None:  # what was refused goes out as its author saw it
                typed = ledger.said[ChangeSetId(before.hex())].seen
                here = {x: seq for x, seq in seen.items() if seq}
                seen = {x: min(typed.get(x, seq), seq) for x, seq in {**typed, **here}.items()}
            below = self._below(changeset)
            ledger.write(Said(changeset, self.name, self.person.id, n, seen, below))

    def _changesets(self) -> list[Any]:
        """(number, id, what it takes back, state) of each."""
        sql = "SELECT n, id, undoes, state FROM changeset ORDER BY n"
        return self._once("changesets", lambda: self.rows(sql))

    @property
    def state(self) -> SyncState:
        """How far this device has come, read without a connection of its own."""
        return self._once("state", lambda: sync_state(self.store.write))

    @property
    def parked(self) -> Parked:
        """What lies where."""
        return self._once("parked", lambda: settling.parked(self.store.write, self.person.id))

    def waiting(self) -> tuple[ChangeSet, ...]:
        """The changesets that were not sent yet."""
        found = self.rows("SELECT n FROM changeset WHERE state = 'queued' ORDER BY n")
        return tuple(changeset_of(self.store.write, n) for (n,) in found)

    def states(self) -> dict[ChangeSetId, str]:
        """The state of every changeset here."""
        return self._once("states", self._read_states)

    def _read_states(self) -> dict[ChangeSetId, str]:
        return {ChangeSetId(key.hex()): state for _, key, _, state in self._changesets()}

    def _once(self, name: str, read: Callable[[], T]) -> T:
        """What is in the file, read once between two transactions."""
        at, known = self._read.get(name, (None, None))
        if at != self.written:
            known = read()
            self._read[name] = self.written, known
        return cast("T", known)

    def seq_of(self, kind: str, record_id: RecordId) -> int:
        """The server's version of the row that this device holds; 0: none."""
        found = self.rows(f'SELECT seq FROM "{kind}" WHERE id = ?', (blob(record_id),))
        return found[0][0] if found else 0

    def live(self) -> dict[tuple[str, RecordId], int]:
        """Every live, readable record that came from the server, with its seq."""
        return self._once("live", self._read_live)

    def _read_live(self) -> dict[tuple[str, RecordId], int]:
        return {(kind, RecordId(key.hex())): seq for kind, key, seq in self.rows(_LIVE)}

    def look_up(self) -> None:
        """Somebody is about to do something: what he sees is what is covered now, not by then."""
        self._covering = self._covers()

    def _covers(self) -> Covering:
        """Own work that is shown, whatever came below it: what was not judged yet, what was refused
        as a whole, and what was refused of a step that was taken."""
        found: dict[ChangeSetId, frozenset[Place] | None] = {
            cs_id: None for cs_id, state in self.states().items() if state in SHOWN
        }
        for cs, kind, key, refused, new in self.rows(
            "SELECT s.id, o.kind, o.id, o.refused, o.new FROM op o JOIN changeset s ON s.n = o.cs"
            " WHERE o.refused IS NOT NULL AND s.state = 'confirmed'"
        ):
            named = json.decode(refused)
            names = json.decode(new) if "" in named else named
            places = frozenset((kind, RecordId(key.hex()), name) for name in names)
            cs_id = ChangeSetId(cs.hex())
            found[cs_id] = (found.get(cs_id) or frozenset()) | places
        return found

    def _seen(self, changeset: ChangeSet, ledger: Ledger, covering: Covering) -> dict[Place, int]:
        """What the author had before his eyes: the version of the row, unless an own edit of the
        same field covered what came later. Whoever ends a record saw each field for itself. Of a
        tombstone he has the version and none of its values."""
        seen: dict[Place, int] = {}
        for change in changeset.changes:
            row_seq = self.seq_of(change.kind, change.id)
            if change.op is not Op.DELETE and self._lies_on_a_tombstone(change.kind, change.id):
                row_seq = 0
            ends = change.op in (Op.DELETE, Op.MERGE)
            named = places_of(change.op, change.new)
            also = (x.name for x in CATALOG[change.kind].fields) if ends else ()
            for name in (*named, *also):
                place = (change.kind, change.id, name)
                covered = [
                    one.seen[place]
                    for one in map(ledger.said.__getitem__, ledger.at.get(place, ()))
                    if name and one.device == self.name
                    and one.changeset.id in covering
                    and place in (covering[one.changeset.id] or (place,))
                    and not (ends and one.adds_or_removes(place))
                ]  # fmt: skip
                if covered or name in named:
                    seen[place] = min([row_seq, *covered])
        return seen

    def _lies_on_a_tombstone(self, kind: str, record_id: RecordId) -> bool:
        """Whether the server's version that this device holds is a deleted one."""
        key = blob(record_id)
        ((deleted,),) = self.rows(
            "SELECT coalesce((SELECT deleted FROM shadow WHERE kind = ? AND id = ?),"
            f' (SELECT deleted FROM "{kind}" WHERE id = ?))', (kind, key, key),
        )  # fmt: skip
        return deleted == DELETED

    def _below(self, changeset: ChangeSet) -> frozenset[Key]:
        """What this device holds directly below the records that a changeset deletes."""
        found: set[Key] = set()
        for change in changeset.changes:
            if change.op != Op.DELETE:
                continue
            for kind, names in LINKS_ABOVE.items():
                for name, target in names:
                    if target in ("", change.kind):
                        value = blob(change.id) if target else f"{change.kind}/{change.id}"
                        sql = f'SELECT id FROM "{kind}" WHERE "{name}" = ? AND deleted <> 2'
                        ids = (RecordId(key.hex()) for (key,) in self.rows(sql, (value,)))
                        found.update((kind, record_id) for record_id in ids)
        return frozenset(found)

    def _opened(self) -> Store:
        store = self._opens.open(self._path, KEY, clock=self.clock, new_id=self.new_id)
        is_safe = store.write.value("PRAGMA synchronous") >= WRITTEN_THROUGH
        store.writing = self.dying_after(store.writing, written_through=is_safe)  # type: ignore[method-assign]
        later = self.dying_after(store.writing_later, written_through=False)
        store.writing_later = later  # type: ignore[method-assign]
        # Opening takes the log over as it is.
        self._safe_bytes = self._log_bytes()
        return store

    def dying_after(
        self, writing: Callable[[], Any], *, written_through: bool
    ) -> Callable[[], Any]:
        """Each transaction may be the last: die behind its commit, before anybody hears of it. A
        power cut undoes it unless it, or a later one, is `written_through`."""

        @contextmanager
        def fragile() -> Iterator[Connection]:
            if self.is_locked:
                raise Unavailable("The file is in use by another program.")
            self._writes += 1
            with writing() as connection:
                yield connection
                if self.disk_is_full:
                    raise Unavailable("The disk is full.")
            if written_through:
                self._safe_bytes = self._log_bytes()
            if self.crash_after_commits is not None:
                self.crash_after_commits -= 1
                if self.crash_after_commits < 0:
                    self.crash_after_commits = None
                    raise Crashed

        return fragile


def _keep(before: Path, after: Path) -> None:
    """What a file holds now, under another name. Who closes it after that writes nothing more into
    it: SQLite sees that it was moved. Where an open file cannot be moved, it is copied."""
    try:
        before.rename(after)
    except FileNotFoundError:
        return
    except PermissionError:
        shutil.copyfile(before, after)


class InLine:
    """A stream without a thread."""

    def __init__(self, server: Server, request: PullRequest) -> None:
        self._open = server.pull(request)
        self._items = iter(self._open.__enter__())

    def next(self) -> PullItem | None:
        return next(self._items, None)

    def interrupt(self) -> None:
        """Nobody waits here."""

    def close(self) -> None:
        self._open.__exit__(None, None, None)


def send_in_line(server: Server, request: PushRequest) -> Future[PushResponse]:
    """A push without a thread: the server is done with it before this laptop goes on."""
    said: Future[PushResponse] = Future()
    try:
        said.set_result(server.push(request))
    except CrmError as failure:
        said.set_exception(failure)
    return said


class _SimulatedRunner(Runner):
    """The runner that ships, with something happening between its steps."""

    def __init__(self, device: Device, link: Link, between: Between) -> None:
        self._post = Post(link)
        super().__init__(device.outbox, link, open_stream=InLine, send=self._post.send)
        self.with_second(MortalSecondFile(device), from_rows=device.second_from_rows)
        self._device = device
        self._between = between

    def perform(self, effect: Effect[Any]) -> Any:
        self._between(self._device, effect)
        outcome = super().perform(effect)
        # Behind a `NextItem` stands the next effect; behind `ParkUnsent` nothing at all.
        if not isinstance(effect, do.NextItem | do.ParkUnsent):
            self._between(self._device, effect)
        return outcome

    def _await_pushes(self) -> None:
        self._post.give_up()
        self._sending.clear()
