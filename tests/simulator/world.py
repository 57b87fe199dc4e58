"""One simulation: laptops, people, a server, bad weather, and who watches that nothing is lost."""

from __future__ import annotations

import random
import shutil
import tempfile
from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest.mock import patch

from crm_core.errors import Unavailable
from crm_desktop.models.store import Store
from crm_desktop.sync import effects as do
from crm_desktop.sync.effects import Effect
from crm_desktop.sync.runner import Run
from tests.simulator.absence import is_long, put_away_the_rest, time_passes
from tests.simulator.actions import Hands
from tests.simulator.agreement import Agreement
from tests.simulator.books import Books
from tests.simulator.chance import NOTHING, Crashed, Fate, VirtualTime, Without
from tests.simulator.company import LAPTOPS, Person
from tests.simulator.desk import Desk
from tests.simulator.device import Device
from tests.simulator.disputes import Disputes
from tests.simulator.events import (
    EVENTS,
    TO_THE_SERVER,
    clock_jumps,
    late_post,
    server_clock_jumps,
)
from tests.simulator.history import History
from tests.simulator.labels import look_at_labels, note_kept_names
from tests.simulator.ledger import Ledger
from tests.simulator.link import Link, Weather
from tests.simulator.oracle import Oracle
from tests.simulator.server_side import ServerSide
from tests.simulator.stores import Light, in_clear, workshop
from tests.simulator.typed import Typed
from tests.simulator.violation import Violation
from tests.simulator.wholeness import Wholeness, look_at_rest

STEPS = 26
HEALING_ROUNDS = 6
"""How many rounds of undisturbed synchronisation may pass until only people can go on."""

CROWDS = (2, 2, 3, 3, 3, 3, 4, 4, 4, 5)
EVERYBODY_EVERY = 40
"""Most stories need few laptops; one in so many has all of them."""


class World:
    """Everything of one seed. `run` plays it to the end or raises `Violation`.

    `without`: what the story is told without, to make it short. `played`: each step in a word.
    """

    def __init__(self, seed: int, steps: int = STEPS, without: Without = NOTHING) -> None:
        self.seed = seed
        self.story: list[str] = []
        self.played: dict[int, str] = {}
        self.fate = Fate(seed, without)
        self._opens = Store if in_two_files(seed) else Light
        self._steps = steps
        self._without = without
        self._dice = self.fate.dice("world")
        self._time = VirtualTime()
        self._folder = Path(tempfile.mkdtemp(prefix=f"seed-{seed}-", dir=workshop()))
        body_max = self._dice.choice((0, 0, 2_000))
        self.server = ServerSide(self._folder, self._time, self.fate.dice("server"), body_max)
        badness = self._dice.choice((0.05, 0.15, 0.3))
        self.weather = Weather(
            self.fate.dice("weather"), badness, self.tell, self.fate, self._meanwhile
        )
        with self._stores():
            self._all = [
                Device(name, person, self._folder, self._time, self.fate.dice(name), self._opens)
                for name, person in crowd(seed, self._dice)
            ]
        self._devices = [one for one in self._all if one.name not in without.devices]
        self._hands = {
            one.name: Hands(one, self.fate.dice(f"hands of {one.name}"), self.tell)
            for one in self._all
        }
        self._ledger = Ledger()
        disputes = Disputes(self._ledger)
        self._history = History(self._ledger, disputes)
        self._typed = Typed(self._ledger, self._history, disputes)
        self._agreement = Agreement(self._ledger)
        self._books = Books(self._ledger)
        self._desk = Desk(self._ledger)
        self._wholeness = Wholeness(self._ledger)
        self._known_truth: tuple[tuple[str, int], Oracle] | None = None
        self._booked: tuple[str, int] | None = None
        self._looked: dict[str, object] = {}
        self._depth = 0

    @property
    def steps(self) -> int:
        """How many steps the story has."""
        return self._steps

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all laptops of the seed."""
        return tuple(one.name for one in self._all)

    def run(self) -> None:
        """Play the seed; raises Violation."""
        try:
            with self._small_world():
                self._play()
        except Violation:
            raise
        except Exception as error:
            raise Violation(11, f"something broke down: {error!r}") from error

    def _stores(self) -> AbstractContextManager[None]:
        return nullcontext() if self._opens is Store else in_clear()

    @contextmanager
    def _small_world(self) -> Generator[None]:
        """Limits so small that a few rows take several pages, parts and pushes."""
        page = self._dice.choice((1000, 3, 10))
        with self._stores(), ExitStack() as stack:
            for target, value in (
                ("crm_core.wire.PUSH_CHANGESETS_MAX", self._dice.choice((200, 200, 1, 3))),
                ("crm_core.wire.PUSH_BYTES_MAX", self._dice.choice((1024 * 1024, 2_500))),
                ("crm_core.wire.PULL_PAGE_ROWS", page),
                ("crm_server.pull.PULL_PAGE_ROWS", page),
                ("crm_server.pull.ROOTS_PER_QUERY", self._dice.choice((500, 2))),
                ("crm_desktop.sync.pulling.ROWS_AT_ONCE", self._dice.choice((5000, 5000, 4, 12))),
            ):
                stack.enter_context(patch(target, value))
            if in_two_files(self.seed):
                self._fetch_into_second_files(stack)
            yield

    def _fetch_into_second_files(self, stack: ExitStack) -> None:
        stack.enter_context(patch("crm_server.today_first.ROWS_FROM", 1))
        for device in self._all:
            device.second_from_rows = 1
            device.may_die_in_swap = self._die_in_swap_perhaps

    def _die_in_swap_perhaps(self) -> None:
        if self.weather.happens(0.5):
            self.tell("(dying within the swap)")
            raise Crashed

    def _play(self) -> None:
        try:
            if is_long(self.seed):
                put_away_the_rest(self)
            for place, device in enumerate(self._all, 1):
                self.fate.turn_to(-place)
                if device in self._devices:
                    self._synchronise(device)
            for number in range(1, self._steps + 1):
                self.fate.turn_to(number)
                time_passes(self, self._dice)
                if number not in self._without.steps:
                    self._step(number)
            self.fate.turn_to(self._steps + 1)
            self._heal()
        finally:
            self._close()

    def _close(self) -> None:
        # Where the files are gone, closing them writes nothing more into them.
        shutil.rmtree(self._folder, ignore_errors=True)
        for device in self._all:
            device.close()
        self.server.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def tell(self, line: str) -> None:
        """Add a line to the story."""
        self.story.append(f"{self._time.now:%d %H:%M:%S} {'  ' * self._depth}{line}")

    # Steps

    def _step(self, number: int) -> None:
        device, chance = self._dice.choice(self._all), self._dice.random()
        if device not in self._devices:
            return
        event = self._dice.choice(EVENTS)
        if chance < 0.53:
            self.played[number] = f"{device.name} acts"
            self._act(device)
        elif chance < 0.86:
            self.played[number] = f"{device.name} synchronises"
            self._synchronise(device)
        else:
            self.played[number] = f"{device.name} {event.__name__}"
            event(self, device, self._dice)
            self._look(device)

    def _act(self, device: Device) -> None:
        last = self._dice.randrange(3)
        if self.weather.happens(0.1):
            device.crash_after_commits = last
        device.disk_is_full = self.weather.happens(0.1)
        device.is_locked = self.weather.happens(0.1)
        self._surviving(device, lambda: self._does_something(device))
        self._calm(device)
        self._look(device)

    def _does_something(self, device: Device) -> None:
        device.look_up()
        self._hands[device.name].do_something()

    def _synchronise(self, device: Device) -> Run | None:
        self.tell(f"{device.name} synchronises")
        last = self._dice.randrange(4)
        if self.weather.happens(0.5):
            device.crash_after_commits = last
        link = Link(device.name, self.server, self.weather, self.server.park)
        run: list[Run] = []
        self._depth += 1
        self._surviving(device, lambda: run.append(device.synchronise(link, self._between)))
        self._depth -= 1
        self._calm(device)
        if run:
            self.tell(f"{device.name}: {told(run[0])}")
        self._look(device)
        if run and run[0].report.verified:
            self._look_at_agreement(device)
        if run and run[0].withdrawn:
            self._retire(device)
        return run[0] if run else None

    def _calm(self, device: Device) -> None:
        device.crash_after_commits = None
        device.disk_is_full = device.is_locked = False

    def _retire(self, device: Device) -> None:
        """A withdrawn laptop destroys its key; nothing of its user's may be lost by that."""
        self._typed.look_at_left_work(device, self.server.parked_by(device.name))
        self.tell(f"{device.name} is locked for good")
        self._devices.remove(device)

    def _surviving(self, device: Device, job: Callable[[], Any]) -> None:
        try:
            job()
        except Crashed:
            power_cut = self._dice.random() < 0.5
            self.tell(f"{device.name} {'loses its power' if power_cut else 'crashes'}")
            device.crash(power_cut=power_cut)
        except Unavailable as local:
            self.tell(f"{device.name}: {local}")

    def _between(self, device: Device, effect: Effect[Any]) -> None:
        """Around every effect of a synchronisation: others go on, this one may die."""
        if isinstance(effect, do.FetchAnew) or _is_repair(effect):
            raise Violation(5, f"{device.name}'s digest does not agree with the server's")
        if isinstance(effect, do.FinishPull):
            note_kept_names(device)
        if self.weather.badness == 0:
            return
        name = type(effect).__name__
        if self.weather.happens(0.05):
            self.tell(f"(dying at {name})")
            raise Crashed
        if self.weather.happens(0.03):
            jump = self._dice.choice((clock_jumps, server_clock_jumps))
            jump(self, device, self._dice)
        device.disk_is_full = self.weather.happens(0.02)
        device.is_locked = self.weather.happens(0.02)
        if device.disk_is_full or device.is_locked:
            self.tell(f"(the disk is {'full' if device.disk_is_full else 'busy'} at {name})")
            return
        if self.fate.strikes(self._dice, 0.06, fault=False):
            self._does_something(device)
            self._look(device)
        if self._depth == 1 and self.fate.strikes(self._dice, 0.04, fault=False):
            self._somebody_else_synchronises(device.name)

    def _meanwhile(self, waiting: str) -> None:
        """Half a minute or more in which a device waits for an answer that does not come."""
        device = next(one for one in self._all if one.name == waiting)
        self._time.pass_by(self._dice.choice((30, 120)))
        if self.fate.strikes(self._dice, 0.4, fault=False):
            self._does_something(device)
            self._look(device)
        if self._depth > 1:
            return
        if self.fate.strikes(self._dice, 0.3, fault=False):
            self._dice.choice(TO_THE_SERVER)(self, device, self._dice)
            self._look_at_server()
        if self.fate.strikes(self._dice, 0.5, fault=False):
            self._somebody_else_synchronises(waiting)

    def _somebody_else_synchronises(self, busy: str) -> None:
        others = [one for one in self._devices if one.name != busy and not one.syncing]
        if others:
            self._synchronise(self._dice.choice(others))

    # Watching

    def oracle(self) -> Oracle:
        """The server's truth now; worked out anew only where the server has moved on."""
        return self._truth_at(self.server.written)

    def _truth_at(self, written: object) -> Oracle:
        if self._looked.get("oracle") != written:
            self._looked["oracle"] = written
            at = (self._history.epoch, self.server.seq)
            if self._known_truth is None or self._known_truth[0] != at:
                self._known_truth = (at, Oracle(self.server.look, at[1]))
        assert self._known_truth is not None
        return self._known_truth[1]

    def _look(self, device: Device) -> None:
        device.note_what_was_said(self._ledger)
        written = self._look_at_server()
        at = device.written, written
        if self._looked.get(device.name) == at:
            return
        self._looked[device.name] = at
        truth = self._truth_at(written)
        self._typed.look_at_edits(device, self.server.look)
        self._typed.look_at_rows(device)
        self._desk.look(device)
        self._agreement.look_at_status(device, truth, self._history.epoch)
        self._wholeness.look_at_device(device, truth)

    def _look_at_server(self) -> object:
        """What the server's file was like when it was looked at: its `written`."""
        written = self.server.written
        if self._looked.get("") == written:
            return written
        self._looked[""] = written
        self._history.look(self.server.look)
        truth = self._truth_at(written)
        self._wholeness.look_at_server(self.server.look, truth)
        at = (self._history.epoch, truth.seq)
        if self._booked != at:
            self._booked = at
            self._books.look(self.server.look, truth, self._history)
        return written

    def _look_at_agreement(self, device: Device) -> None:
        truth = self.oracle()
        if device.state.cursor == truth.seq:
            self._agreement.look_at_pulled(device, truth)
            look_at_labels(device, truth)

    def _heal(self) -> None:
        """The sun comes out; after some rounds only people can go on."""
        self.tell("the weather clears up")
        self.weather.badness = 0.0
        self.server.fails_next = False
        while self.weather.late:
            late_post(self, self._all[0], self._dice)
        for _ in range(HEALING_ROUNDS):
            before = self.server.seq
            runs = [self._synchronise(device) for device in list(self._devices)]
            for run in runs:
                if run is None or (run.failure is not None and not run.withdrawn):
                    raise Violation(11, f"fails in fine weather: {run and run.failure}")
            waits = any(device.waiting() for device in self._devices)
            if self.server.seq == before and not waits:
                break
        else:
            raise Violation(11, "does not come to rest")
        oracle = self.oracle()
        for device in self._devices:
            self._agreement.look_at_rest(device, oracle)
            look_at_rest(device)


def in_two_files(seed: int) -> bool:
    """Whether the laptops of a seed fetch for the first time into a second file. Their stores are
    as they ship; all others are lighter."""
    return seed % 5 == 3


def crowd(seed: int, dice: random.Random) -> Sequence[tuple[str, Person]]:
    """The laptops of a seed: of at least two people, in most seeds some of the first four."""
    count = len(LAPTOPS) if seed % EVERYBODY_EVERY == 0 else dice.choice(CROWDS)
    others = dice.sample(LAPTOPS, len(LAPTOPS))
    if dice.random() < 0.6:
        return LAPTOPS[:count]
    first = others[0]
    second = next(x for x in others if x[1] != first[1])
    return (first, second, *(x for x in others[1:] if x != second))[:count]


def _is_repair(effect: Effect[Any]) -> bool:
    """Whether the engine looks for what differs, or fetches it again: nothing is damaged here."""
    if not isinstance(effect, do.OpenPull):
        return False
    check = effect.request.check
    return bool(effect.request.anew) or (check is not None and not check.content)


def told(run: Run) -> str:
    """A run in one line."""
    counts = {name: n for name, n in run.report.as_json().items() if n and name != "seconds"}
    return f"{counts}" + (f" — {run.failure}" if run.failure else "")
