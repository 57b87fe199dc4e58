"""The server of a simulation: the service that ships, on a SQLite file; it can die and go back."""

from __future__ import annotations

import datetime as dt
import functools
import random
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from crm_core.errors import CrmError, Refused
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.wire import PullRequest, PushRequest, decode, encode
from crm_desktop.sync import failures
from crm_server.backup import start_epoch
from crm_server.load import load
from crm_server.service import Principal, Service
from crm_server.store import ServerStore, sqlite_url
from tests.simulator.chance import START, VirtualTime, id_maker
from tests.simulator.company import LAPTOPS, LEA, ORGANISATION, Person, device_id, rows
from tests.simulator.wholeness import look_at_line, look_at_push

AT = "2026-11-01T08:00:00Z"
STATUS = {
    "request.epoch": 409, "push.ahead": 409, "request.too_large": 413, "request.too_old": 426,
    "request.malformed": 400, failures.WITHDRAWN: 403, "auth.required": 401,
}  # fmt: skip


@functools.cache
def template(folder: Path) -> Path:
    """The server on the first morning, made once a process."""
    path = folder / "template-server.db"
    dice = random.Random(0)
    store = ServerStore(sqlite_url(path))
    store.create(organisation=ORGANISATION, slug=ORGANISATION, epoch="epoch-0", at=AT)
    service = Service(store, clock=lambda: START, new_id=id_maker(dice, lambda: START))
    load(service, rows(), LEA.id)
    for name, person in LAPTOPS:
        service.register_device(person.id, device_id(name))
    _checkpoint(path)
    store.close()
    return path


def _checkpoint(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()


class ServerSide:
    """The server; implements `link.Answering`."""

    def __init__(
        self, folder: Path, time: VirtualTime, dice: random.Random, body_max: int = 0
    ) -> None:
        self._folder = folder
        self._time = time
        self._dice = dice
        self._body_max = body_max
        self.fails_next = False
        self.skew = dt.timedelta()
        self._path = folder / "server-0.db"
        self._number = 0
        self._opened = 0
        self._backup: Path | None = None
        self._people = dict(LAPTOPS)
        shutil.copyfile(template(folder.parent), self._path)
        self._open()

    def _open(self) -> None:
        self.store = ServerStore(sqlite_url(self._path))
        self.service = Service(
            self.store,
            clock=self.clock,
            new_id=id_maker(self._dice, self.clock),
        )
        self.store.write = self._failing(self.store.write)  # type: ignore[method-assign]
        self.look = sqlite3.connect(self._path, isolation_level=None)
        self._opened += 1
        self._withdrawn: dict[str, bool] = {}

    def clock(self) -> dt.datetime:
        """What the server takes for the time."""
        return self._time.now + self.skew

    def _failing(self, write: Callable[..., Any]) -> Callable[..., Any]:
        """A writing transaction may fail before its commit: the disk, or the machine."""

        @contextmanager
        def fragile(*asked: Any) -> Iterator[Any]:
            with write(*asked) as opened:
                yield opened
                if self.fails_next:
                    self.fails_next = False
                    raise failures.of_answer(500, "", {})

        return fragile

    def close(self) -> None:
        self.look.close()
        self.store.close()

    @property
    def seq(self) -> int:
        return self.look.execute("SELECT seq FROM clock").fetchone()[0]

    @property
    def written(self) -> object:
        """Another one after each transaction."""
        return self._opened, self.look.execute("PRAGMA data_version").fetchone()[0]

    # What devices reach

    def push(self, device: str, body: bytes, person: Person | None = None) -> bytes:
        """`person`: whose token it is, where not its owner's."""
        request = decode(body, PushRequest)
        look_at_push(request, body)
        if len(request.changesets) > 1 and 0 < self._body_max < len(body):
            raise failures.of_answer(413, "request.too_large", {})
        try:
            who = self._principal(device)
            who = replace(who, user=person.id) if person is not None else who
            return encode(self.service.push(who, request))
        except Refused as refusal:
            raise as_heard(refusal) from refusal

    def pull(self, device: str, body: bytes) -> Iterator[bytes]:
        request = decode(body, PullRequest)
        try:
            for line in self.service.pull(self._principal(device), request):
                look_at_line(line)
                yield line
        except Refused as refusal:
            raise as_heard(refusal) from refusal

    def park(self, device: str, body: bytes) -> None:
        try:
            self.service.park(self._principal(device, withdrawn_too=True), body)
        except Refused as refusal:
            raise as_heard(refusal) from refusal

    def _principal(self, device: str, *, withdrawn_too: bool = False) -> Principal:
        person: Person = self._people[device]
        if self.is_withdrawn(device) and not withdrawn_too:
            raise Refused(failures.WITHDRAWN, "The device was withdrawn.")
        return Principal(person.id, device_id(device), person.role, ORGANISATION)

    def is_withdrawn(self, device: str) -> bool:
        """Whether IT has withdrawn a device."""
        if device not in self._withdrawn:
            sql = "SELECT revoked_at FROM device WHERE id = ?"
            found = self.look.execute(sql, (device_id(device),)).fetchone()
            self._withdrawn[device] = bool(found[0])
        return self._withdrawn[device]

    def withdraw(self, device: str) -> None:
        """As `crm-server device revoke`."""
        self._withdrawn.clear()
        with self.store.note() as tx:
            sql = "UPDATE device SET revoked_at = ? WHERE id = ?"
            tx.run(sql, (self.service.now, device_id(device)))

    def parked_by(self, device: str) -> list[bytes]:
        """What a device has left here when it was withdrawn."""
        sql = "SELECT payload FROM parked WHERE device = ? AND why = 'parked'"
        return [payload for (payload,) in self.look.execute(sql, (device_id(device),))]

    # What happens to servers

    def crash(self) -> None:
        """Die, and start again from the file."""
        self.close()
        self._open()

    def load(self, kind: str, record_id: RecordId, values: dict[str, Value]) -> None:
        """What IT loads; it tries again until it gets through."""
        self.fails_next = False
        load(self.service, [(kind, record_id, values)], LEA.id)

    def back_up(self) -> None:
        """Copy the database as `crm-server backup` does."""
        self._backup = self._folder / "backup.db"
        self._backup.unlink(missing_ok=True)
        into = sqlite3.connect(self._backup)
        self.look.backup(into)
        into.close()

    def go_back(self) -> bool:
        """Restore the last backup, as `crm-server restore` does; whether there was one."""
        if self._backup is None:
            return False
        given_out = self.seq
        self.close()
        self._number += 1
        self._path = self._folder / f"server-{self._number}.db"
        shutil.copyfile(self._backup, self._path)
        self._open()
        with self.store.note() as tx:
            start_epoch(tx, f"epoch-{self._number}", self.clock(), given_out)
        return True


def as_heard(refusal: Refused) -> CrmError:
    """A refusal of the service, over HTTP and back."""
    params = {name: str(value) for name, value in refusal.message.params.items()}
    return failures.of_answer(STATUS.get(refusal.code, 400), refusal.code, params)
