"""The simulation with hints: laptops that listen, hints that get lost, come late, twice or for
nothing, and, once the weather is fine, nobody who has to ask in order to know.

The server's side is `crm_server.hints`, the laptop's `crm_desktop.sync.schedule`, as they ship.
"""

from __future__ import annotations

from collections.abc import Iterator

from crm_core.ids import RecordId
from crm_desktop.models.sql import blob
from crm_desktop.sync.runner import Run
from crm_desktop.sync.schedule import QUIET_S, RunEnded, Schedule
from crm_server.hints import Board, Listener
from tests.simulator.chance import NOTHING, START, Without
from tests.simulator.company import device_id
from tests.simulator.device import Device
from tests.simulator.violation import Violation
from tests.simulator.world import STEPS, World

CHANGES = 4
"""So many are made one after the other when nobody disturbs."""

ROUNDS_MAX = 8
"""So many times may somebody be hinted at who makes something new himself, such as a conflict."""

FAR = 1 << 40
HOUR_S = 3600.0


class ListeningWorld(World):
    """A world whose laptops listen. `run` raises `Violation` 11 where one is left uninformed."""

    def __init__(self, seed: int, steps: int = STEPS, without: Without = NOTHING) -> None:
        super().__init__(seed, steps, without)
        self._luck = self.fate.dice("hints")
        self._board = Board()
        self._listening: dict[str, Listener] = {}
        self._schedules = {x.name: Schedule(self._luck.random, 0.0) for x in self._all}
        self._late: list[tuple[str, int]] = []
        self._looks_at = self.server.service

    # What happens beside the steps of the world

    def _step(self, number: int) -> None:
        super()._step(number)
        self._tell_late_hints()
        self._hint_for_nothing()
        self._pass_hints_on()
        for device in [*self._devices]:
            if self._is_hinted(device):
                self.tell(f"{device.name} follows a hint")
                self._synchronise(device)

    def _synchronise(self, device: Device) -> Run | None:
        schedule = self._schedules[device.name]
        crashes = device.crashes
        schedule.asked(self._now_s)  # a person is behind it, who signs in where that is needed
        schedule.started()
        run = super()._synchronise(device)
        if device.crashes != crashes or run is None:
            self._start_over(device)
        else:
            verified = device.state.cursor if not device.state.pull_open else 0
            pending = bool(run.parked.pending)
            ended = RunEnded(run.failure, pending, reached=verified)
            schedule.ended(self._now_s, ended)
        if device in self._devices and (run is None or run.failure is None):
            self._listen(device)
        self._pass_hints_on()
        return run

    def _start_over(self, device: Device) -> None:
        """The program begins anew, and with it all it knew of hints."""
        self._schedules[device.name] = Schedule(self._luck.random, self._now_s + HOUR_S)
        self._hang_up(device.name)

    @property
    def _now_s(self) -> float:
        return (self._time.now - START).total_seconds()

    # The server's side

    def _listen(self, device: Device) -> None:
        """Where the stream has ended a new one is opened, with the place that was reached."""
        if self._looks_at is not self.server.service:  # it has died, and its streams with it
            self._board, self._looks_at = Board(), self.server.service
            self._listening.clear()
        if device.name in self._listening:
            return
        here = Listener(device.person.id, device_id(device.name), "", device.state.cursor)
        with self.server.store.read() as tx:
            assert self._board.join(tx, here)
        self._listening[device.name] = here

    def _hang_up(self, name: str) -> None:
        listener = self._listening.pop(name, None)
        if listener is not None:
            self._board.leave(listener)

    def _pass_hints_on(self) -> None:
        """Look what was written, and tell whom it concerns, as the server's thread does."""
        if self._looks_at is not self.server.service:
            return
        with self.server.store.read() as tx:
            news = self._board.look(tx)
        for listener in news.concerned:
            listener.note(news.hi, self._now_s)
        for name, listener in [*self._listening.items()]:
            hi = listener.take(self._now_s)
            if hi:
                self._on_its_way(name, hi)

    # The way

    def _on_its_way(self, name: str, hi: int) -> None:
        weather = self.weather
        if weather.happens():
            self.tell(f"(a hint to {name} is lost, and its stream with it)")
            self._hang_up(name)
        elif weather.happens():
            self.tell(f"(a hint to {name} will come late)")
            self._late.append((name, hi))
        else:
            for _ in range(2 if weather.happens() else 1):
                self._schedules[name].hinted(self._now_s, hi)

    def _tell_late_hints(self) -> None:
        while self._late and self._luck.random() < 0.5:
            name, hi = self._late.pop(self._luck.randrange(len(self._late)))
            self._schedules[name].hinted(self._now_s, hi)

    def _hint_for_nothing(self) -> None:
        if self.weather.happens():
            name = self._luck.choice(self._all).name
            hi = self._luck.choice((1, self.server.seq, self.server.seq + 1, FAR))
            self.tell(f"(a hint to {name} for nothing: {hi})")
            self._schedules[name].hinted(self._now_s, hi)

    # The laptop's side

    def _is_hinted(self, device: Device) -> bool:
        due_s = self._schedules[device.name].due_at()
        return due_s is not None and due_s <= self._now_s

    # Liveness

    def _heal(self) -> None:
        super()._heal()
        if not self._devices:  # all were withdrawn
            return
        self.tell("nobody asks any more who is not hinted at")
        self._late.clear()
        self._looks_at = None  # type: ignore[assignment]  # all streams are opened anew
        for device in self._devices:
            self._listen(device)
        for _ in range(CHANGES):
            self._time.pass_by(QUIET_S * 5)
            author = self._luck.choice(self._devices)
            self._act(author)
            self._synchronise(author)
            self._follow_hints()
            for device in self._devices:
                self._look_whether_it_knows(device)

    def _follow_hints(self) -> None:
        for _ in range(ROUNDS_MAX):
            self._time.pass_by(QUIET_S * 2)
            self._pass_hints_on()
            hinted = [device for device in self._devices if self._is_hinted(device)]
            if not hinted:
                return
            for device in hinted:
                self.tell(f"{device.name} follows a hint")
                self._synchronise(device)
        raise Violation(11, "hints do not come to rest")

    def _look_whether_it_knows(self, device: Device) -> None:
        """Invariant 11: whoever listens holds what it may see, without having asked."""
        for problem in _unknown(device, self.oracle().visible(device.person)):
            raise Violation(11, f"{device.name} was not told: {problem}")


def _unknown(device: Device, there: dict[tuple[str, RecordId], int]) -> Iterator[str]:
    """What a laptop lacks of the records in its user's sight, and what it shows beside them, but
    for its own work that is still here alone."""
    here = device.live()
    own = {
        (kind, RecordId(key.hex()))
        for kind, key in device.rows(
            "SELECT o.kind, o.id FROM op o JOIN changeset c ON c.n = o.cs"
            " WHERE c.state NOT IN ('confirmed', 'discarded')"
        )
    }
    for key in {*there, *here} - own:
        if there.get(key) == here.get(key):
            continue
        held = device.rows(f'SELECT seq FROM "{key[0]}" WHERE id = ?', (blob(key[1]),))
        yield f"{key} is {held} here, {there.get(key)} there"
