"""One round: people at real devices, a real server, bad weather, and processes that are killed."""

from __future__ import annotations

import contextlib
import json
import random
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.chaos.checks import look_at_everything
from tests.chaos.commands import KILLED, Pace, Running, doom, started
from tests.chaos.ledger import Entry, Ledger, Shown
from tests.chaos.rest import Wrong, sync_until_quiet
from tests.chaos.stores import end_connections, journal_of, latest_of, make_key_cheap
from tests.chaos.typed import SILENT, Typed, Typist
from tests.chaos.weather import CLIMATES, Weather
from tests.e2e.people import (
    DONE,
    FAILED,
    NOT_REACHABLE,
    SIGNED_OUT,
    WAITS_FOR_YOU,
    Desk,
    inside,
)
from tests.e2e.processes import Ran
from tests.e2e.proxy import proxy_before
from tests.e2e.server import ORGANISATION, PASSWORD, Server
from tests.e2e.wire_client import WireClient

PEOPLE = (
    ("ann", "rep", "North"),
    ("bob", "rep", "North"),
    ("lea", "lead", "North"),
    ("zoe", "rep", "South"),
)
DEVICES = (
    ("ann", "laptop"),
    ("ann", "tablet"),
    ("bob", "laptop"),
    ("lea", "laptop"),
    ("zoe", "laptop"),
)
FIRST_ACCOUNTS = 4
DEVICES_MAX = 7
MAY_END_WITH = {
    "undo": (DONE, FAILED),
    "resolve": (DONE, FAILED),
    "hand over": (DONE, FAILED),
    "import": (DONE, WAITS_FOR_YOU),
    "doctor": (DONE, WAITS_FOR_YOU, NOT_REACHABLE, SIGNED_OUT),
}
"""Nothing is left to be undone, the conflict was settled meanwhile, or a new device has not heard
of its user's colleagues yet."""

SYNC_MAY_END_WITH = (DONE, WAITS_FOR_YOU, NOT_REACHABLE, SIGNED_OUT)


@dataclass
class Round:
    """One round from its seed: `play` it, then look at `problems` and `counts`."""

    seed: int
    folder: Path
    database_url: str = ""
    steps: int = 40
    counts: Counter[str] = field(default_factory=Counter[str])
    problems: list[str] = field(default_factory=list[str])
    ledger: Ledger = field(default_factory=Ledger)
    pace: Pace = field(default_factory=Pace)
    started: list[Running] = field(default_factory=list[Running])
    _n: int = 0

    def play(self) -> None:
        """The whole story; what it finds wrong stands in `problems`."""
        chance = random.Random(f"{self.seed}/climate")
        self.weather = Weather(self.seed, chance.choice(sorted(CLIMATES)))
        self.server = Server(self.folder / "server", self.database_url)
        self.server.create()
        self.server.serve()
        try:
            with proxy_before(self.server.url) as proxy:
                self.url = proxy.url
                self._meet()
                proxy.plan = self.weather.plan
                for number in range(self.steps):
                    self._step(random.Random(f"{self.seed}/step/{number}"))
                self._rest()
        except (AssertionError, RuntimeError, subprocess.TimeoutExpired) as wrong:
            self.problems.append(str(wrong))
        finally:
            for running in self.started:
                running.kill()
            self.server.stop()
            self.counts.update(self.weather.counts)
            self._write_story()

    def story(self, line: str) -> None:
        """One line of what happened, for whoever looks into the folder later."""
        with (self.folder / "story.txt").open("a", encoding="utf-8") as out:
            print(line, file=out)

    # Who is there

    def _meet(self) -> None:
        for login, role, team in PEOPLE:
            self.server.add_user(login, role, team)
        self.desks = [
            Desk(login, self.folder / f"{login}-{device}", inside) for login, device in DEVICES
        ]
        for desk in self.desks:
            desk.sign_in(self.url)
        for desk in (self.desks[0], self.desks[2]):
            for n in range(FIRST_ACCOUNTS):
                desk.add("account", name=f"Account {n} of {desk.login}")
        for desk in [*self.desks, *self.desks]:
            desk.sync()

    def _shown(self, desk: Desk) -> Shown:
        rows = desk.json("list", "account", "--limit", "10000")
        return {row["id"]: row for row in rows}

    # One step

    def _step(self, chance: random.Random) -> None:
        desk = chance.choice(self.desks)
        steps: Sequence[tuple[int, Callable[[Desk, random.Random], None]]] = (
            (50, self._edit),
            (22, self._sync),
            (12, self._sync_all),
            (7, self._type_while_syncing),
            (5, self._cut),
            (2, self._expire),
            (2, self._another_device),
            (2, self._restart_server),
        )
        (act,) = chance.choices([one for _, one in steps], [weight for weight, _ in steps])
        act(desk, chance)
        self.weather.forget()
        if self.server.process is None or self.server.process.poll() is not None:
            self.server.kill()
            self.server.serve()

    def _edit(self, desk: Desk, chance: random.Random) -> None:
        for _ in range(chance.randint(0, 2)):
            self._type(desk, chance)
        self._type(desk, chance, is_killed=chance.random() < 0.6)

    def _type(
        self, desk: Desk, chance: random.Random, *, is_killed: bool = False, alone: bool = True
    ) -> None:
        self._n += 1
        shown = self._shown(desk)
        token = f"t{self.seed}x{self._n}"
        typed = Typist(desk, shown, token, self.folder, chance, alone).next()
        before = latest_of(desk)
        ran = self._run(desk, typed.words, chance, is_killed=is_killed)
        said = f"{self._n}: {desk.profile.name}: {' '.join(typed.words)[:150]} → {ran.code}"
        self.story(f"{said} {ran.err.strip()[-140:]}")
        if ran.code == KILLED:
            self.counts["client kills"] += 1
            self._look_after_kill(desk)
        elif ran.code not in MAY_END_WITH.get(typed.word, (DONE,)):
            raise Wrong(f"step {self._n}: {desk.profile.name}: {' '.join(typed.words)}: {ran}")
        self._enter(desk, typed, ran, shown if alone else None, before)
        if typed.word == "import" and ran.code == KILLED:
            self._import_again(desk, typed)

    def _run(
        self, desk: Desk, words: Sequence[str], chance: random.Random, *, is_killed: bool
    ) -> Ran:
        """A command to its end, or to an earlier one; most that may live need no process."""
        if not is_killed and chance.random() < 0.8:
            self.counts["commands"] += 1
            return desk.door(["--profile", str(desk.profile), *words], "")
        running = self._start(desk, words)
        if is_killed:
            doom(running, self.weather, self.pace, chance)
        return running.ended(self.pace)

    def _enter(self, desk: Desk, typed: Typed, ran: Ran, seen: Shown | None, before: int) -> None:
        """Write a command and what it left in the journal into the ledger."""
        made = journal_of(desk, before)
        where = f"step {self._n}, {typed.word} on {desk.profile.name}"
        record = typed.record
        if ran.code == DONE and typed.word not in SILENT:
            answer = json.loads(ran.out)
            record = answer["id"]
            told, nothing_new = answer["changeset"], not typed.values and not made
            if told not in [one.id for one in made] and not (nothing_new and not told):
                raise Wrong(f"{where} answered {ran.out}; the journal has {made}")
        if typed.word in ("add", "set") and len(made) > 1:
            raise Wrong(f"{where} left several changesets: {made}")
        for one in made:
            missing = [value for _, value in typed.values if value not in one.values]
            if typed.word in ("add", "set") and missing:
                raise Wrong(f"{where}: half of it is there: {one} lacks {missing}")
        self.counts["edits"] += len(made)
        self.ledger.write(
            Entry(
                self._n, desk.profile.name, desk.login, typed.word, typed.values, ran.code == DONE,
                tuple(one.id for one in made), seen, record,
            )
        )  # fmt: skip

    def _import_again(self, desk: Desk, typed: Typed) -> None:
        """Whoever saw an import die runs it once more; the key keeps rows from coming twice."""
        seen, before = self._shown(desk), latest_of(desk)
        self._n += 1
        ran = self._start(desk, typed.words).ended(self.pace)
        self.story(f"{self._n}: {desk.profile.name}: again: {ran.out.strip()}")
        if ran.code != DONE:
            raise Wrong(f"step {self._n}: the import, run again: {ran}")
        self._enter(desk, typed, ran, seen, before)

    def _sync(self, desk: Desk, chance: random.Random) -> None:
        self._sync_at_once([desk], chance)

    def _sync_all(self, desk: Desk, chance: random.Random) -> None:
        several = chance.sample(self.desks, chance.randint(2, len(self.desks)))
        self._sync_at_once(several, chance)

    def _sync_at_once(self, desks: Sequence[Desk], chance: random.Random) -> None:
        """Synchronisations beside each other; clients, the server or the network may give way."""
        self._n += 1
        for desk in desks:
            for _ in range(chance.choice((0, 1, 1, 2))):
                self._type(desk, chance)
        running = [self._start(desk, ["sync", "--json"]) for desk in desks]
        for one in running:
            if chance.random() < 0.5:
                doom(one, self.weather, self.pace, chance)
        if chance.random() < 0.35:
            self._doom_server(chance)
        if chance.random() < 0.15:
            seconds = chance.uniform(0.1, 2.0)
            self.weather.at_request(chance.randint(1, 4), lambda: self._cut_soon(seconds))
        self._await_syncs(running)

    def _doom_server(self, chance: random.Random) -> None:
        """`kill -9` while a request is under way, and started again on the same data; or, below a
        server on PostgreSQL, only the end of all of its connections there."""
        delay_s = chance.choice((0.0, chance.uniform(0.0, 0.02), chance.uniform(0.0, 0.2)))
        process = self.server.process
        assert process is not None
        cuts_store = chance.random() < 0.3 and self.database_url
        strike = self._cut_store if cuts_store else process.kill

        def begin() -> None:
            timer = threading.Timer(delay_s, strike)
            timer.daemon = True
            timer.start()

        self.weather.at_request(chance.randint(1, 5), begin)

    def _cut_store(self) -> None:
        self.counts["store cuts"] += 1
        end_connections(self.database_url)

    def _cut_soon(self, seconds: float) -> None:
        threading.Thread(target=self.weather.cut, args=(seconds,), daemon=True).start()

    def _await_syncs(self, running: Sequence[Running]) -> None:
        process = self.server.process
        assert process is not None
        while any(one.process.poll() is None for one in running):
            if process.poll() is not None:
                self._raise_server()
                process = self.server.process
                assert process is not None
            with contextlib.suppress(Exception):
                next(x for x in running if x.process.poll() is None).process.wait(0.02)
        if process.poll() is not None:
            self._raise_server()
        for one in running:
            ran = one.ended(self.pace)
            said = (ran.out.strip() or ran.err.strip())[-140:]
            self.story(f"{self._n}: {one.desk.profile.name}: sync → {ran.code} {said}")
            if ran.code == KILLED:
                self.counts["client kills"] += 1
                self._look_after_kill(one.desk)
            elif ran.code not in SYNC_MAY_END_WITH:
                raise Wrong(f"step {self._n}: {one.desk.profile.name}: sync: {ran}")

    def _raise_server(self) -> None:
        self.counts["server kills"] += 1
        self.story(f"{self._n}: the server was killed and is started again")
        self.server.kill()
        self.server.serve()

    def _type_while_syncing(self, desk: Desk, chance: random.Random) -> None:
        self._type(desk, chance)
        running = self._start(desk, ["sync", "--json"])
        if chance.random() < 0.3:
            doom(running, self.weather, self.pace, chance)
        try:
            self._type(desk, chance, is_killed=chance.random() < 0.3, alone=False)
        finally:
            self._await_syncs([running])

    def _cut(self, desk: Desk, chance: random.Random) -> None:
        self.weather.cut(chance.uniform(0.2, 3.0))
        self._sync(desk, chance)

    def _expire(self, desk: Desk, chance: random.Random) -> None:
        """IT ends a device's sign-in; its user signs in again, or tries to."""
        lines = self.server.admin_inside("device", "list").splitlines()
        devices = [line.split()[0] for line in lines if desk.login in line]
        self.server.admin_inside("device", "expire", chance.choice(sorted(devices)))
        self._sync_all(desk, chance)
        self._sign_in(desk, chance)

    def _another_device(self, desk: Desk, chance: random.Random) -> None:
        """Somebody begins to work at one more device; its first minutes are not quiet either."""
        if len(self.desks) == DEVICES_MAX:
            return
        made = Desk(desk.login, self.folder / f"{desk.login}-{len(self.desks)}", inside)
        while self._sign_in(made, chance) != DONE:
            self.weather.forget()
        make_key_cheap(made)
        self.desks.append(made)
        self._sync(made, chance)

    def _sign_in(self, desk: Desk, chance: random.Random) -> int:
        words = [
            "login", "--server", self.url, "--organisation", ORGANISATION, "--user", desk.login,
            "--password-stdin",
        ]  # fmt: skip
        self.counts["commands"] += 1
        running = started(desk, words, self._said(desk), stdin=PASSWORD + "\n")
        if chance.random() < 0.5:
            doom(running, self.weather, self.pace, chance)
        ran = running.ended(self.pace)
        self.story(f"{self._n}: {desk.profile.name}: login → {ran.code} {ran.err.strip()[-140:]}")
        if ran.code == KILLED:
            self.counts["client kills"] += 1
            if desk in self.desks:
                self._look_after_kill(desk)
        elif ran.code not in (DONE, NOT_REACHABLE):
            raise Wrong(f"step {self._n}: {desk.profile.name}: login: {ran}")
        return ran.code

    def _restart_server(self, desk: Desk, chance: random.Random) -> None:
        self.server.kill()
        self._raise_server()

    def _start(self, desk: Desk, words: Sequence[str]) -> Running:
        self.counts["commands"] += 1
        self.started.append(started(desk, words, self._said(desk)))
        return self.started[-1]

    def _said(self, desk: Desk) -> Path:
        self.counts["said"] += 1
        folder = self.folder / "said"
        folder.mkdir(exist_ok=True)
        return folder / f"{self.counts['said']:03}-{desk.profile.name}.out"

    def _look_after_kill(self, desk: Desk) -> None:
        verdict = desk.integrity()
        if verdict != "ok":
            raise Wrong(f"step {self._n}: {desk.profile.name} after a kill: {verdict}")

    def _rest(self) -> None:
        """Good weather, everybody synchronises until nothing moves, and then all is looked at."""
        self.weather.clear_up()
        for desk in self.desks:
            if desk.door(["--profile", str(desk.profile), "sync", "--json"], "").code == SIGNED_OUT:
                desk.sign_in(self.url)
        with contextlib.ExitStack() as stack:
            newcomers = {
                login: stack.enter_context(WireClient(self.server.url, login))
                for login, _, _ in PEOPLE
            }
            sync_until_quiet(self.desks, self.story)
            self.problems += look_at_everything(self.desks, self.server, self.ledger, newcomers)

    def _write_story(self) -> None:
        for entry in self.ledger.entries:
            self.story(f"ledger: {entry.n} {entry.device} {entry.word} {entry.answered}")
            self.story(f"  {entry.changesets} {entry.values}")
        for problem in self.problems:
            self.story(f"WRONG: {problem}")
