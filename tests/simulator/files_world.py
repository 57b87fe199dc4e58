"""Attached files in the simulation: the same laptops, people, server and weather, and files that
people attach, ask for, take off and give up, with faults at every piece in either direction.

A story of its own beside that of `world`, whose dice it leaves alone.
"""

from __future__ import annotations

import hashlib
import io
import random
import shutil
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch

from typing_extensions import override

from crm_core.changes import Change, Op
from crm_core.errors import Refused, Unavailable, UserProblem
from crm_core.ids import ChangeSetId, RecordId
from crm_core.wire import BlobOffer, encode
from crm_desktop.models import attaching, file_states
from crm_desktop.models.blobs import Blobs
from crm_desktop.models.file_queue import FileQueue, Only
from crm_desktop.models.journal import commit, discard, hold, undo
from crm_desktop.sync import failures, files
from crm_desktop.sync.effects import Effect
from crm_desktop.sync.file_runner import FileRunner
from crm_desktop.sync.files import Piece, Transferred
from crm_desktop.sync.runner import Run
from crm_desktop.sync.session import decode_answer
from crm_server.blobs import BlobLimits
from crm_server.blobs import Blobs as ServerBlobs
from tests.simulator.chance import NOTHING, Without
from tests.simulator.device import Device
from tests.simulator.link import GONE, REFUSALS, Weather
from tests.simulator.server_side import ServerSide, as_heard
from tests.simulator.stores import KEY
from tests.simulator.violation import Violation
from tests.simulator.world import STEPS, World

FRAME = 8
PIECE = 16
CONTENT_MAX = 60
TOO_LARGE = 50
"""What the server takes in some stories; larger files wait with a sentence."""

STATUS_OF_FILES = {"file.not_found": 404, "file.too_large": 413, "file.no_room": 409}
UPLOADED = ("acked", "confirmed")

LONG_AGO = "1970-01-01T00:00:00Z"
"""Due by any clock: a laptop's may have gone back since the file failed."""


class Depot:
    """The files of the simulated server, which dies, is backed up and goes back with it."""

    def __init__(self, server: ServerSide, limits: BlobLimits) -> None:
        self._server = server
        self._limits = limits
        self._folder = server._folder / "server-files"
        self._kept = server._folder / "server-files-backup"
        self._back_up, self._go_back = server.back_up, server.go_back
        server.back_up = self.back_up  # type: ignore[method-assign]
        server.go_back = self.go_back  # type: ignore[method-assign]

    @property
    def blobs(self) -> ServerBlobs:
        return ServerBlobs(self._server.service, self._folder, self._limits)

    def back_up(self) -> None:
        """The database first: what it names is there."""
        self._back_up()
        shutil.rmtree(self._kept, ignore_errors=True)
        if self._folder.exists():
            shutil.copytree(self._folder, self._kept)

    def go_back(self) -> bool:
        """On another machine: only what is in the backup is there afterwards."""
        went = self._go_back()
        if went:
            shutil.rmtree(self._folder, ignore_errors=True)
            if self._kept.exists():
                shutil.copytree(self._kept, self._folder)
        return went


class FileLink:
    """One device's way to the server's files; implements `file_runner.FileServer`."""

    def __init__(self, device: str, server: ServerSide, depot: Depot, weather: Weather) -> None:
        self._device, self._server, self._depot, self._weather = device, server, depot, weather

    def offer(self, sha256: str, size: int) -> BlobOffer:
        return self._ask("offer", lambda blobs, who: blobs.offer(who, sha256, size))

    def send(self, sha256: str, size: int, offset: int, content: bytes) -> BlobOffer:
        def take(blobs: ServerBlobs, who: Any) -> BlobOffer:
            if content and self._weather.happens(0.8):
                self._weather.tell("a byte of a piece is wrong")
                wrong = bytes((content[0] ^ 1,)) + content[1:]
                return blobs.add(who, sha256, offset, size, wrong)
            if len(content) > 1 and self._weather.happens(0.5):
                self._weather.tell("the server dies in the middle of a piece")
                blobs.add(
                    who,
                    sha256,
                    offset,
                    size,
                    content[: self._weather.dice.randrange(1, len(content))],
                )
                raise Unavailable(GONE)
            if self._weather.happens(0.4):
                self._weather.tell("a piece arrives twice")
                blobs.add(who, sha256, offset, size, content)
            return blobs.add(who, sha256, offset, size, content)

        return self._ask("piece", take)

    def fetch(self, sha256: str, offset: int, length: int) -> Piece:
        def give(blobs: ServerBlobs, who: Any) -> Piece:
            whole = blobs.readable(who, sha256).read_bytes()
            part = whole[offset : offset + length]
            if part and self._weather.happens(0.8):
                self._weather.tell("a byte of a fetched piece is wrong")
                part = bytes((part[0] ^ 1,)) + part[1:]
            return Piece(part, len(whole))

        return self._ask("fetch", give)

    def refresh(self) -> None:
        self._weather.tell("a new token for files")

    def _ask(self, what: str, work: Callable[[ServerBlobs, Any], Any]) -> Any:
        weather = self._weather
        refusal = weather.dice.choice(REFUSALS)
        if weather.happens(0.5):
            name, status, code = refusal
            weather.tell(f"the {what} of a file is answered with {name}")
            raise failures.of_answer(status, code, {})
        if weather.happens(0.5):
            weather.tell(f"the {what} of a file is lost on its way")
            raise Unavailable(GONE)
        try:
            who = self._server._principal(self._device, withdrawn_too=what != "fetch")
            answer = work(self._depot.blobs, who)
        except Refused as refused:
            raise _as_heard(refused) from refused
        if weather.happens(0.7):
            weather.tell(f"the answer to the {what} of a file is lost")
            raise Unavailable(GONE)
        return decode_answer(encode(answer), BlobOffer) if what != "fetch" else answer


def _as_heard(refusal: Refused) -> Exception:
    if refusal.code in STATUS_OF_FILES:
        params = {name: str(value) for name, value in refusal.message.params.items()}
        return failures.of_answer(STATUS_OF_FILES[refusal.code], refusal.code, params)
    if refusal.code == "file.mismatch":
        return failures.of_answer(422, refusal.code, {})
    return as_heard(refusal)


class _Runner(FileRunner):
    """The runner that ships, with something happening between its steps."""

    def __init__(self, world: FilesWorld, device: Device, link: FileLink) -> None:
        super().__init__(world.queue(device), link, piece_bytes=PIECE)
        self._world, self._device = world, device

    @override
    def perform(self, effect: Effect[Any]) -> Any:
        self._world._between(self._device, effect)
        if isinstance(effect, files.KeepPiece | files.FinishFile) and self._device.disk_is_full:
            raise Unavailable("The disk is full.")
        outcome = super().perform(effect)
        self._world._between(self._device, effect)
        return outcome


@dataclass(frozen=True)
class Attachment:
    """What somebody attached: whose it was, and in which step."""

    content: bytes
    device: str
    changeset: ChangeSetId
    record: RecordId


@dataclass
class FileWatch:
    """Who watches that no file vanishes. `attached`: all that was ever attached, by fingerprint."""

    attached: dict[str, list[Attachment]] = field(default_factory=dict[str, list[Attachment]])
    on_the_server: set[str] = field(default_factory=set[str])

    def note(self, one: Attachment) -> None:
        sha256 = hashlib.sha256(one.content).hexdigest()
        self.attached.setdefault(sha256, []).append(one)

    def look(self, devices: dict[str, tuple[Device, Blobs]], depot: Depot) -> None:
        """Invariant 1: a file that somebody attached is on his device or on the server, whole,
        until he gives it up."""
        blobs = depot.blobs
        for sha256, all_of_it in self.attached.items():
            for one in all_of_it:
                if one.device not in devices:
                    continue
                device, local = devices[one.device]
                state = device.states().get(one.changeset)
                if state in (None, "discarded"):
                    continue
                there = blobs.path(sha256)
                if there.exists() and there.read_bytes() == one.content:
                    continue
                if not local.has(sha256) or local.read(sha256, CONTENT_MAX) != one.content:
                    raise Violation(1, f"a file of {one.device} ({state}) is nowhere any more")

    def look_at_records(self, server: ServerSide, depot: Depot) -> None:
        """Invariant 10: a record that names a file comes behind it; who has the one can have the
        other."""
        blobs = depot.blobs
        for (sha256,) in server.look.execute(
            "SELECT DISTINCT body ->> 'sha256' FROM record"
            " WHERE kind = 'attachment' AND NOT deleted"
        ):
            if sha256 not in self.attached:
                continue
            path = blobs.path(sha256)
            if not path.exists():
                raise Violation(10, f"a record names {sha256[:6]}, which is not on the server")
            if hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
                raise Violation(10, f"{sha256[:6]} on the server is not what it is called")


class FilesWorld(World):
    """A world whose people attach files."""

    def __init__(self, seed: int, steps: int = STEPS + 10, without: Without = NOTHING) -> None:
        super().__init__(seed, steps, without)
        self.file_dice = self.fate.dice("files")
        limits = BlobLimits(TOO_LARGE if self.file_dice.random() < 0.3 else 1 << 20)
        self.depot = Depot(self.server, limits)
        self.blobs = {one.name: Blobs(self._folder / f"{one.name}-files", KEY) for one in self._all}
        self.watch = FileWatch()
        self._is_transferring = False

    def queue(self, device: Device) -> FileQueue:
        return FileQueue(device.store, self.blobs[device.name])

    @override
    @contextmanager
    def _small_world(self) -> Generator[None]:
        with (
            super()._small_world(),
            patch("crm_desktop.models.blobs.FRAME_BYTES", FRAME),
            patch("crm_desktop.models.blobs._SEALED_BYTES", FRAME + 16),
        ):
            yield

    @override
    def _act(self, device: Device) -> None:
        if self.file_dice.random() < 0.4:
            super()._act(device)
            return
        if self.weather.happens(0.1):
            device.crash_after_commits = self.file_dice.randrange(2)
        device.disk_is_full = self.weather.happens(0.1)
        self._surviving(device, lambda: _do_something(self, device, self.file_dice))
        self._calm(device)
        self._look(device)

    @override
    def _synchronise(self, device: Device) -> Run | None:
        run = super()._synchronise(device)
        if device not in self._devices or self._is_transferring:
            return run
        done = self._transfer(device)
        if done is not None and done.sent:
            again = super()._synchronise(device)
            return again if run is not None else run
        return run

    def _transfer(self, device: Device) -> Transferred | None:
        link = FileLink(device.name, self.server, self.depot, self.weather)
        done: list[Transferred] = []
        self._depth += 1
        self._is_transferring = True
        if self.weather.happens(0.3):
            device.crash_after_commits = self.file_dice.randrange(4)
        try:
            self._surviving(device, lambda: done.append(_Runner(self, device, link).run()))
        finally:
            self._is_transferring = False
        self._depth -= 1
        self._calm(device)
        if done and done[0] != Transferred():
            self.tell(f"{device.name}: files {done[0]}")
        self._look(device)
        return done[0] if done else None

    @override
    def _retire(self, device: Device) -> None:
        """Before its key is destroyed a withdrawn laptop leaves its unsent files as well."""
        fine, self.weather.badness = self.weather.badness, 0.0
        link = FileLink(device.name, self.server, self.depot, self.weather)
        FileRunner(self.queue(device), link, piece_bytes=PIECE).run(Only.SEND)
        self.weather.badness = fine
        super()._retire(device)

    @override
    def _look(self, device: Device) -> None:
        super()._look(device)
        known = {one.name: (one, self.blobs[one.name]) for one in self._devices}
        self.watch.look(known, self.depot)
        self.watch.look_at_records(self.server, self.depot)

    @override
    def _heal(self) -> None:
        super()._heal()
        self._look_at_files_at_rest()

    def _look_at_files_at_rest(self) -> None:
        """Invariant 11 and 4: nothing is on its way any more but what waits for a person, and
        whoever sees a record that the server has can have its file, byte for byte. One that lives
        on here alone, since who deleted it may not bring it back, has none to be had."""
        for device in self._devices:
            with device.store.writing() as c:
                c.run("UPDATE file SET retry_at = ? WHERE state = 'failed'", (LONG_AGO,))
            self._transfer(device)
            for sha256, state, code, needed in device.rows(
                "SELECT lower(hex(hash)), state, code, EXISTS (SELECT 1 FROM op JOIN changeset s"
                " ON s.n = op.cs WHERE op.new ->> 'sha256' = lower(hex(file.hash)) AND s.state <>"
                " 'discarded') FROM file WHERE mine = 1"
            ):
                waits = state == "failed" and code == "file.too_large"
                if needed and state != "sent" and not waits:
                    raise Violation(11, f"{device.name}: {sha256[:6]} is still {state} ({code})")
            for state in device.states().values():
                if state == "waiting" and not self._has_large(device):
                    raise Violation(11, f"{device.name}: a step waits for a file that is sent")
            self._look_at_reading(device)

    def _has_large(self, device: Device) -> bool:
        return bool(device.rows("SELECT 1 FROM file WHERE state = 'failed' AND mine = 1"))

    def _look_at_reading(self, device: Device) -> None:
        visible = self.oracle().visible(device.person)
        wanted = [
            (record, sha256)
            for key, sha256 in device.rows("SELECT id, sha256 FROM attachment WHERE deleted = 0")
            if ("attachment", record := RecordId(key.hex())) in visible
            and sha256 in self.watch.attached
        ]
        for record, _ in wanted:
            attaching.want(device.store, record)
        self._transfer(device)
        local = self.blobs[device.name]
        for record, sha256 in wanted:
            content = self.watch.attached[sha256][0].content
            if not local.has(sha256) or local.read(sha256, CONTENT_MAX) != content:
                stands = device.rows(
                    "SELECT state, code FROM file WHERE hash = ?", (bytes.fromhex(sha256),)
                )
                raise Violation(4, f"{device.name} cannot have the file of {record[-4:]}: {stands}")


# What people do with files


def _do_something(world: FilesWorld, device: Device, dice: random.Random) -> None:
    acts = (
        _attach,
        _attach,
        _attach,
        _attach,
        _attach,
        _attach,
        _ask,
        _take_off,
        _undo,
        _give_up,
        _pin,
        _tidy,
        _comment,
    )
    act = dice.choice(acts)
    try:
        act(world, device, dice)
    except (UserProblem, Unavailable) as problem:
        world.tell(f"{device.name}: {act.__name__} is not possible: {problem}"[:120])


def _some(device: Device, dice: random.Random, sql: str) -> Any:
    found = device.rows(sql)
    return dice.choice(found) if found else None


def _attach(world: FilesWorld, device: Device, dice: random.Random) -> None:
    kind = dice.choice(("account", "account", "visit", "complaint"))
    found = _some(device, dice, f'SELECT id FROM "{kind}" WHERE deleted = 0 ORDER BY id')
    if found is None:
        return
    if device.disk_is_full:
        raise Unavailable("The disk is full.")
    known = [one.content for all_of_it in world.watch.attached.values() for one in all_of_it]
    if known and dice.random() < 0.2:
        content = dice.choice(known)
    else:
        content = dice.randbytes(dice.choice((0, 1, FRAME, PIECE, PIECE + 1, 40, CONTENT_MAX)))
    attach_to(world, device, (kind, RecordId(found[0].hex())), content)


def attach_to(
    world: FilesWorld, device: Device, parent: tuple[str, RecordId], content: bytes
) -> None:
    """Somebody attaches a content to a record."""
    before = device.rows("SELECT coalesce(max(n), 0) FROM changeset")[0][0]
    world.tell(f"{device.name}: attaches {len(content)} bytes to {parent[0]}/{parent[1][-4:]}")
    try:
        attaching.attach(
            device.store, world.blobs[device.name], parent, io.BytesIO(content), f"{before}.jpg"
        )
    finally:
        # Who dies behind the commit has said it all the same.
        for key, record in device.rows(
            "SELECT s.id, o.id FROM changeset s JOIN op o ON o.cs = s.n WHERE s.n > ?"
            " AND o.kind = 'attachment' AND o.op = 'insert'",
            (before,),
        ):
            made = ChangeSetId(key.hex()), RecordId(record.hex())
            world.watch.note(Attachment(content, device.name, *made))


def _ask(world: FilesWorld, device: Device, dice: random.Random) -> None:
    found = _some(device, dice, "SELECT id FROM attachment WHERE deleted = 0 ORDER BY id")
    if found is not None:
        world.tell(f"{device.name}: asks for the file of {found[0].hex()[-4:]}")
        attaching.want(device.store, RecordId(found[0].hex()))


def _take_off(world: FilesWorld, device: Device, dice: random.Random) -> None:
    found = _some(device, dice, "SELECT id FROM attachment WHERE deleted = 0 ORDER BY id")
    if found is not None:
        record = RecordId(found[0].hex())
        world.tell(f"{device.name}: takes off {record[-4:]}")
        commit(device.store, [Change("attachment", record, Op.DELETE)], label="take off")


def _comment(world: FilesWorld, device: Device, dice: random.Random) -> None:
    found = _some(device, dice, "SELECT id FROM attachment WHERE deleted = 0 ORDER BY id")
    if found is not None:
        record = RecordId(found[0].hex())
        world.tell(f"{device.name}: says something of {record[-4:]}")
        new = {"comment": f"{device.name} {world.seed} {len(world.story)}"}
        commit(device.store, [Change("attachment", record, Op.SET, {**new})], label="comment")


def _undo(world: FilesWorld, device: Device, _dice: random.Random) -> None:
    world.tell(f"{device.name}: undo")
    undo(device.store)


def _give_up(world: FilesWorld, device: Device, dice: random.Random) -> None:
    found = _some(device, dice, "SELECT id FROM changeset WHERE state = 'waiting' ORDER BY n")
    if found is not None:
        given_up = ChangeSetId(found[0].hex())
        world.tell(f"{device.name}: gives up {given_up[-4:]}")
        device.decided.add(given_up)
        hold(device.store, given_up)
        discard(device.store, given_up)


def _pin(world: FilesWorld, device: Device, dice: random.Random) -> None:
    found = _some(device, dice, "SELECT id FROM account WHERE deleted = 0 ORDER BY id")
    if found is not None:
        account = RecordId(found[0].hex())
        world.tell(f"{device.name}: keeps the files of {account[-4:]}")
        with device.store.writing() as c:
            file_states.pin(c, account, device.store.now())


def _tidy(world: FilesWorld, device: Device, _dice: random.Random) -> None:
    world.tell(f"{device.name}: tidies {world.queue(device).tidy()} files")
