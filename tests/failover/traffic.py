"""Devices at work while the primary falls: writers that note what was acknowledged, readers that
count what they were told, and one real client."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, cast

import requests

from crm_core.catalog import SCHEMA
from crm_core.changes import Change, ChangeSet, Op
from crm_core.ids import ChangeSetId, RecordId
from crm_core.wire import End, Hello, PullItem
from tests.e2e.people import DONE, NOT_REACHABLE, Desk
from tests.e2e.wire_client import WireClient, insert_of, new_id
from tests.server.world import Device, World

RETRY_S = 0.25
SETTLE_S = 120.0
ACCEPTED = ("applied", "merged", "duplicate")


class NotNow(Exception):
    """The server asks for patience, or nobody answers."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What a writer was told that the server has taken."""

    changeset: str
    record: str
    field: str
    value: str
    seq: int


@dataclass
class Notes:
    """What all who take part note; each list is appended to by many threads."""

    acknowledged: list[Acknowledged] = field(default_factory=list)
    answered_at: list[float] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self, what: str) -> None:
        """One more of these."""
        with self.lock:
            self.answers[what] += 1


class Patient(WireClient):
    """A client that says what kind of no it was given."""

    notes: Notes

    def asked(self, what: str, call: Callable[[], Any]) -> Any:
        """The answer to a call; raises NotNow where the same call may work later."""
        try:
            return call()
        except requests.RequestException as error:
            self.notes.count(f"{what}: no answer")
            raise NotNow from error
        except AssertionError as error:
            if "server.busy" not in str(error):
                raise
            self.notes.count(f"{what}: 503")
            raise NotNow from error


class Writer(threading.Thread):
    """Adds accounts and edits them, one step a push, each pushed until it is acknowledged."""

    def __init__(self, client: Patient, notes: Notes, stop: threading.Event) -> None:
        super().__init__(name="writer", daemon=True)
        self._client, self._notes, self._stop_now = client, notes, stop
        self.under_way = False

    def run(self) -> None:
        """Work until told to stop; a step under way is brought to its end."""
        try:
            number = 0
            while not self._stop_now.is_set():
                number += 1
                account = insert_of("account", name=f"Account {number}", phone="0")
                if not self._pushed(account, "name"):
                    return
                for phone in range(1, 4):
                    old, new = str(phone - 1), str(phone)
                    edit = Change("account", account.id, Op.SET, {"phone": new}, {"phone": old})
                    if not self._pushed(edit, "phone"):
                        return
        except Exception as error:  # told at the end, whatever it is
            self._notes.wrong.append(f"a writer failed: {error!r}")

    def _pushed(self, change: Change, name: str) -> bool:
        changeset = ChangeSet(ChangeSetId(new_id()), (change,), schema=SCHEMA)
        give_up_at = time.monotonic() + SETTLE_S
        while time.monotonic() < give_up_at:
            self.under_way = True
            try:
                answer = self._client.asked("push", lambda: self._client.push(changeset))
            except NotNow:
                time.sleep(RETRY_S)
                continue
            finally:
                self.under_way = False
            (verdict,) = answer.results
            self._notes.count(f"push: {verdict.result}")
            if verdict.result not in ACCEPTED:
                self._notes.wrong.append(f"{verdict.result}: {verdict.changes}")
            noted = Acknowledged(
                changeset.id, change.id, name, str(change.new[name]), verdict.seq
            )  # fmt: skip
            with self._notes.lock:
                self._notes.acknowledged.append(noted)
                self._notes.answered_at.append(time.monotonic())
            return True
        self._notes.wrong.append("a push found no server any more")
        return False


class Reader(threading.Thread):
    """Pulls all the time and keeps what it is told. Each pull ends with a digest, which has to be
    that of what is held, so a change that it was not told of is found out at once."""

    def __init__(self, client: Patient, notes: Notes, stop: threading.Event) -> None:
        super().__init__(name="reader", daemon=True)
        self._client, self._notes, self._stop_now = client, notes, stop
        user = RecordId(client.signed_in.user_id)
        self.device = Told(client, user)
        self.pulls = 0

    def run(self) -> None:
        """Pull until told to stop."""
        while not self._stop_now.is_set():
            try:
                self.pull()
            except NotNow:
                time.sleep(RETRY_S)
            except Exception as error:  # told at the end, whatever it is
                self._notes.wrong.append(f"a reader failed: {error!r}")
                return
            time.sleep(0.05)

    def anew(self) -> Reader:
        """A new device of the same user, with all that it is given."""
        made = Reader(self._client, self._notes, self._stop_now)
        made.pull()
        return made

    def pull(self) -> None:
        """One pull; what should not be is noted."""
        before, epoch = self.device.cursor, self.device.epoch
        items = self._client.asked("pull", self.device.fetch)
        if epoch and any(isinstance(x, Hello) and (x.anew or x.epoch != epoch) for x in items):
            self._notes.wrong.append("a reader was told to begin anew")
        self.device.receive(items)
        end = items[-1]
        assert isinstance(end, End)
        if end.hi < before:
            self._notes.wrong.append(f"the feed went back from {before} to {end.hi}")
        held = self.device.digest()
        if (held.count, held.total) != (end.count, end.total):
            self._notes.wrong.append(f"a reader at {end.hi} holds {held}, the server says {end}")
        self.pulls += 1


class Told(Device):
    """A device that asks over HTTP and believes what it is told."""

    def __init__(self, client: Patient, user: RecordId) -> None:
        super().__init__(cast("World", None), user, "")
        self._client = client

    def fetch(self) -> list[PullItem]:
        """The items of one pull, from where the last one ended."""
        return self._client.pull(self.request())


class Colleague(threading.Thread):
    """A real client: adds an account and synchronises, again and again."""

    def __init__(self, desk: Desk, notes: Notes, stop: threading.Event) -> None:
        super().__init__(name="colleague", daemon=True)
        self._desk, self._notes, self._stop_now = desk, notes, stop
        self.added: list[RecordId] = []

    def run(self) -> None:
        """Work until told to stop: a server that cannot is no reason not to go on working."""
        try:
            while not self._stop_now.is_set():
                made = self._desk.add("account", name=f"Typed {len(self.added)}")
                self.added.append(RecordId(made))
                code = self._desk.door(["--profile", str(self._desk.profile), "sync"], "").code
                self._notes.count({DONE: "client: synchronised", NOT_REACHABLE: "client: waits"}
                                  .get(code, f"client: exit {code}"))  # fmt: skip
        except Exception as error:  # told at the end, whatever it is
            self._notes.wrong.append(f"the client failed: {error!r}")

    def finish(self) -> Mapping[str, Any]:
        """One more synchronisation, with the server there; what it says of itself."""
        return self._desk.json("sync")


def longest_silence(notes: Notes, since: float, until: float) -> float:
    """The longest time within which no push was acknowledged, in seconds."""
    moments = [since, *(x for x in sorted(notes.answered_at) if since < x < until), until]
    return max(later - earlier for earlier, later in pairwise(moments))


def under_way(writers: Sequence[Writer]) -> int:
    """How many pushes are on their way at this moment."""
    return sum(writer.under_way for writer in writers)
