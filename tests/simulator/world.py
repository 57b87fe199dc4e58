"""One simulation: laptops, people, a server, bad weather, and who watches that nothing is lost."""

from __future__ import annotations

import datetime as dt
import os
import random
import shutil
import tempfile
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from functools import cache
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any
from unittest.mock import patch

from crm_core.errors import CrmError, Unavailable
from crm_desktop.sync import effects as do
from crm_desktop.sync.effects import Effect
from crm_desktop.sync.runner import Run
from tests.simulator.actions import Hands
from tests.simulator.chance import Crashed, VirtualTime
from tests.simulator.company import ANN, BOB, CAT, LAPTOPS, LEA, NORTH, SOUTH
from tests.simulator.device import Device
from tests.simulator.invariants import Violation, Watch
from tests.simulator.ledger import Ledger
from tests.simulator.link import Link, Weather
from tests.simulator.oracle import Oracle
from tests.simulator.server_side import ServerSide

STEPS = 26
_WORKSHOP = "crm-simulator-"
HEALING_ROUNDS = 6
"""How many rounds of undisturbed synchronisation may pass until only people can go on."""


@cache
def workshop() -> Path:
    """Where files are made: memory where the platform has such a place."""
    shm = Path("/dev/shm")
    parent = shm if shm.is_dir() else None
    folder = Path(tempfile.mkdtemp(prefix=f"{_WORKSHOP}{os.getpid()}-", dir=parent))
    _sweep(folder.parent)
    # Worker processes run no `atexit`, but these.
    Finalize(None, shutil.rmtree, (folder,), {"ignore_errors": True}, exitpriority=1)
    return folder


def _sweep(place: Path) -> None:
    """Remove what processes left that were killed."""
    for folder in place.glob(f"{_WORKSHOP}*"):
        number = folder.name.removeprefix(_WORKSHOP).partition("-")[0]
        if number.isdigit() and not Path(f"/proc/{number}").exists() and Path("/proc").exists():
            shutil.rmtree(folder, ignore_errors=True)


class World:
    """Everything of one seed. `run` plays it to the end or raises `Violation`."""

    def __init__(self, seed: int, steps: int = STEPS) -> None:
        self.seed = seed
        self.story: list[str] = []
        self._steps = steps
        self._dice = random.Random(seed)
        self._time = VirtualTime()
        self._folder = Path(tempfile.mkdtemp(prefix=f"seed-{seed}-", dir=workshop()))
        self._server = ServerSide(self._folder, self._time, self._fork())
        self._weather = Weather(self._fork(), self._dice.choice((0.05, 0.15, 0.3)), self._tell)
        self._devices = [
            Device(name, person, self._folder, self._time, self._fork())
            for name, person in LAPTOPS[: self._dice.choice((2, 3, 4, 4))]
        ]
        self._hands = {one.name: Hands(one, self._fork(), self._tell) for one in self._devices}
        self._ledger = Ledger()
        self._watch = Watch(self._ledger)
        self._known_truth: tuple[tuple[str, int], Oracle] | None = None
        self._depth = 0

    def _fork(self) -> random.Random:
        """Dice of one's own, so that one more throw here changes nothing there."""
        return random.Random(self._dice.getrandbits(64))

    def run(self) -> None:
        """Play the seed; raises Violation."""
        with self._small_world():
            self._play()

    @contextmanager
    def _small_world(self) -> Generator[None]:
        """Limits so small that a few rows take several pages, parts and pushes."""
        page = self._dice.choice((1000, 3, 10))
        with ExitStack() as stack:
            for target, value in (
                ("crm_core.wire.PUSH_CHANGESETS_MAX", self._dice.choice((200, 200, 1, 3))),
                ("crm_core.wire.PULL_PAGE_ROWS", page),
                ("crm_server.pull.PULL_PAGE_ROWS", page),
                ("crm_server.pull.ROOTS_PER_QUERY", self._dice.choice((500, 2))),
                ("crm_desktop.sync.engine.ROWS_AT_ONCE", self._dice.choice((5000, 5000, 4, 12))),
            ):
                stack.enter_context(patch(target, value))
            yield

    def _play(self) -> None:
        try:
            for device in self._devices:
                self._synchronise(device)
            for _ in range(self._steps):
                self._time.pass_by(self._dice.choice((1, 30, 600, 20_000)))
                self._step()
            self._heal()
        finally:
            self._close()

    def _close(self) -> None:
        for device in self._devices:
            device.close()
        self._server.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _tell(self, line: str) -> None:
        self.story.append(f"{self._time.now:%d %H:%M:%S} {'  ' * self._depth}{line}")

    # Steps

    def _step(self) -> None:
        device = self._dice.choice(self._devices)
        chance = self._dice.random()
        if chance < 0.55:
            self._act(device)
        elif chance < 0.88:
            self._synchronise(device)
        else:
            self._dice.choice(_EVENTS)(self, device)

    def _act(self, device: Device) -> None:
        if self._weather.happens(0.1):
            device.crash_after_commits = 0
        device.disk_is_full = self._weather.happens(0.1)
        self._surviving(device, self._hands[device.name].do_something)
        device.crash_after_commits = None
        device.disk_is_full = False
        self._look(device)

    def _synchronise(self, device: Device) -> Run | None:
        self._tell(f"{device.name} synchronises")
        if self._weather.happens(0.5):
            device.crash_after_commits = self._dice.randrange(4)
        link = Link(device.name, self._server, self._weather)
        run: list[Run] = []
        self._depth += 1
        self._surviving(device, lambda: run.append(device.synchronise(link, self._between)))
        self._depth -= 1
        device.crash_after_commits = None
        device.disk_is_full = False
        if run:
            self._tell(f"{device.name}: {told(run[0])}")
        self._look(device)
        if run and run[0].report.verified:
            self._look_at_agreement(device)
        return run[0] if run else None

    def _surviving(self, device: Device, job: Callable[[], Any]) -> None:
        try:
            job()
        except Crashed:
            self._tell(f"{device.name} crashes")
            device.crash()
        except Unavailable as local:
            self._tell(f"{device.name}: {local}")

    def _between(self, device: Device, effect: Effect[Any]) -> None:
        """Around every effect of a synchronisation: others go on, this one may die."""
        if isinstance(effect, do.FetchAnew):
            raise Violation(5, f"{device.name}'s digest does not agree with the server's")
        if self._weather.badness == 0:
            return
        if self._weather.happens(0.05):
            self._tell(f"(dying at {type(effect).__name__})")
            raise Crashed
        device.disk_is_full = self._weather.happens(0.02)
        if device.disk_is_full:
            self._tell(f"(the disk is full at {type(effect).__name__})")
            return
        if self._dice.random() < 0.06:
            self._hands[device.name].do_something()
            self._look(device)
        if self._depth == 1 and self._dice.random() < 0.04:
            others = [one for one in self._devices if one is not device and not one.syncing]
            if others:
                self._synchronise(self._dice.choice(others))

    # Events

    def _server_dies(self, _device: Device) -> None:
        self._tell("the server crashes and comes back")
        self._server.crash()

    def _back_up(self, _device: Device) -> None:
        self._tell("the server is backed up")
        self._server.back_up()

    def _go_back(self, _device: Device) -> None:
        if self._server.go_back():
            self._tell("the server is restored from its backup")

    def _late_post(self, _device: Device) -> None:
        if self._weather.late:
            name, body = self._weather.late.pop(0)
            self._tell(f"a push of {name} arrives late")
            try:
                self._server.push(name, body)
            except CrmError as refused:
                self._tell(f"(and is refused: {refused})")
            self._watch.look_at_server(self._server.look)

    def _people_move(self, _device: Device) -> None:
        """IT gives a team another lead, or moves a colleague: what people see changes."""
        if self._dice.random() < 0.5:
            team, lead = self._dice.choice(((NORTH, LEA), (SOUTH, LEA), (SOUTH, CAT), (NORTH, BOB)))
            self._tell(f"IT: {lead.login} leads team {team[-1]}")
            self._server.load("team", team, {"lead": lead.id})
        else:
            person, team = self._dice.choice((ANN, BOB)), self._dice.choice((NORTH, SOUTH))
            self._tell(f"IT: {person.login} moves to team {team[-1]}")
            self._server.load("user", person.id, {"team": team})
        self._watch.look_at_server(self._server.look)

    def _office_reassigns(self, _device: Device) -> None:
        accounts = [key[1] for key in self._oracle().records if key[0] == "account"]
        account = self._dice.choice(sorted(accounts))
        owner = self._dice.choice((ANN, BOB, CAT, LEA))
        self._tell(f"IT: account {account[-4:]} goes to {owner.login}")
        self._server.load("account", account, {"owner": owner.id})
        self._watch.look_at_server(self._server.look)

    def _clock_jumps(self, device: Device) -> None:
        days = self._dice.choice((-3650, -1, 1, 3650))
        self._tell(f"{device.name}'s clock jumps by {days} days")
        device.skew = dt.timedelta(days=days)

    def _crash(self, device: Device) -> None:
        self._tell(f"{device.name} is switched off and on")
        device.crash()
        self._look(device)

    # Watching

    def _oracle(self) -> Oracle:
        """The server's truth now; worked out anew only where the server has moved on."""
        at = (self._watch.epoch, self._server.seq)
        if self._known_truth is None or self._known_truth[0] != at:
            self._known_truth = (at, Oracle(self._server.look))
        return self._known_truth[1]

    def _look(self, device: Device) -> None:
        device.note_what_was_said(self._ledger)
        self._watch.look_at_server(self._server.look)
        self._watch.look_at_edits(device, self._server.look)
        self._watch.look_at_rows(device)
        self._watch.look_at_status(device, self._oracle, self._server.seq)

    def _look_at_agreement(self, device: Device) -> None:
        if device.state.cursor == self._server.seq:
            self._watch.look_at_pulled(device, self._oracle())

    def _heal(self) -> None:
        """The sun comes out; after some rounds only people can go on."""
        self._tell("the weather clears up")
        self._weather.badness = 0.0
        while self._weather.late:
            self._late_post(self._devices[0])
        for _ in range(HEALING_ROUNDS):
            before = self._server.seq
            runs = [self._synchronise(device) for device in self._devices]
            for run in runs:
                if run is None or run.failure is not None:
                    raise Violation(11, f"fails in fine weather: {run and run.failure}")
            if self._server.seq == before:
                break
        else:
            raise Violation(11, "does not come to rest")
        oracle = self._oracle()
        for device in self._devices:
            self._watch.look_at_rest(device, oracle)


_EVENTS: tuple[Callable[[World, Device], None], ...] = (
    World._server_dies, World._back_up, World._back_up, World._go_back, World._go_back,
    World._late_post,
    World._clock_jumps, World._crash, World._people_move, World._office_reassigns,
)  # fmt: skip


def told(run: Run) -> str:
    """A run in one line."""
    counts = {name: n for name, n in run.report.as_json().items() if n and name != "seconds"}
    return f"{counts}" + (f" — {run.failure}" if run.failure else "")
