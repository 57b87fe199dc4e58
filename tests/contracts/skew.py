"""A server and laptops of different versions, each doing everything as its own version does."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from crm_core.changes import Change, Op
from crm_core.errors import Refused
from crm_core.fields import Value
from crm_core.ids import RecordId, uuid7_from
from crm_core.wire import PullItem, PullRequest, PushRequest, PushResponse, decode, encode
from crm_desktop.models import journal, queries
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.queries import Row
from crm_desktop.models.store import Identity, Store
from crm_desktop.sync.runner import Run, Runner
from crm_desktop.sync.session import decode_item
from crm_server.load import load
from crm_server.service import Principal, Service
from crm_server.store import ServerStore, sqlite_url
from tests.contracts.editions import TODAY, running
from tests.simulator.company import LEA, ORGANISATION, Person, device_id, rows
from tests.simulator.device import InLine, send_in_line
from tests.simulator.server_side import as_heard

KEY = bytes(range(32))
START = dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.UTC)
LAPTOP_OF = {"ann": "ann-1", "bob": "bob-1", "lea": "lea-1"}


class Hours:
    """A clock that goes on by a second whenever somebody looks."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> dt.datetime:
        self.now += dt.timedelta(seconds=1)
        return self.now


class Ids:
    """Ids in rising order."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._ms = 1_760_000_000_000

    def __call__(self) -> RecordId:
        self._ms += 1
        return uuid7_from(self._ms, self._dice.getrandbits(74))


class Office:
    """The server, in some version. `unknown_op`: a kind of change that came after it."""

    def __init__(self, folder: Path, schema: int) -> None:
        self.schema = schema
        self.unknown_op = ""
        self.clock = Hours()
        self.store = ServerStore(sqlite_url(folder / "server.db"))
        self.store.create(
            organisation=ORGANISATION, slug=ORGANISATION, epoch="epoch-0", at="2026-11-01T08:00:00Z"
        )
        self._ids = Ids(1)
        with running(TODAY):
            load(self._service(), rows(), LEA.id)
        self.service = self._service()

    def _service(self) -> Service:
        return Service(self.store, clock=self.clock, new_id=self._ids)

    def update(self, schema: int) -> None:
        """Another version is started on the same store."""
        self.schema = schema
        self.service = self._service()

    def load(self, kind: str, record_id: RecordId, **values: Value) -> None:
        with running(self.schema):
            load(self.service, [(kind, record_id, values)], LEA.id)

    def body(self, kind: str, record_id: RecordId) -> dict[str, Value]:
        """A record as it is stored."""
        with self.store.read() as tx:
            found = tx.row("SELECT body FROM record WHERE kind=? AND id=?", (kind, record_id))
        assert found is not None
        return msgspec.json.decode(found[0])

    def parked(self) -> list[tuple[str, bytes]]:
        """What lies with the office: why, and the payload."""
        with self.store.read() as tx:
            return [(why, bytes(x)) for why, x in tx.rows("SELECT why,payload FROM parked")]


class Laptop:
    """A laptop of some version, and who works at it."""

    def __init__(self, office: Office, person: Person, folder: Path, schema: int) -> None:
        self.office = office
        self.schema = TODAY
        self.pulls = 0
        self._path = folder / f"{person.login}-{schema}.db"
        self._clock, self._ids = Hours(), Ids(sum(person.login.encode()))
        device = device_id(LAPTOP_OF[person.login])
        office.service.register_device(person.id, device)
        self._who = Principal(person.id, device, person.role, ORGANISATION)
        identity = Identity(person.id, person.login, device, ORGANISATION, "http://simulated")
        with running(TODAY):
            Store.create(self._path, KEY, identity).close()
            self.store = self._opened()
        self.update(schema)

    def _opened(self) -> Store:
        return Store.open(self._path, KEY, clock=self._clock, new_id=self._ids)

    def update(self, schema: int) -> None:
        """Another version of the application opens the file."""
        self.store.close()
        self.schema = schema
        with running(schema):
            self.store = self._opened()

    # Working

    def commit(self, *changes: Change, atomic: bool = False) -> None:
        with running(self.schema):
            journal.commit(self.store, changes, label="Work", atomic=atomic)

    def add(self, kind: str, **values: Value) -> RecordId:
        made = self.store.new_id()
        self.commit(Change(kind, made, Op.INSERT, values))
        return made

    def put(self, kind: str, record_id: RecordId, **values: Value) -> None:
        self.commit(Change(kind, record_id, Op.SET, values))

    def row(self, kind: str, record_id: RecordId) -> Row | None:
        with running(self.schema), self.store.reader() as c:
            return queries.record(c, kind, record_id)

    def values(self, kind: str, record_id: RecordId) -> dict[str, Value]:
        found = self.row(kind, record_id)
        assert found is not None
        return dict(found.values)

    def waits(self, **span: float) -> None:
        """Time passes at this laptop."""
        self._clock.now += dt.timedelta(**span)

    def ask(self, sql: str) -> list[tuple[object, ...]]:
        with self.store.reader() as c:
            return c.rows(sql)

    @property
    def unsettled(self) -> dict[str, int]:
        """How many changesets are in which state, confirmed ones aside."""
        found = self.ask(
            "SELECT state, count(*) FROM changeset WHERE state <> 'confirmed' GROUP BY state"
        )
        return {str(state): int(str(many)) for state, many in found}

    # Synchronising

    def sync(self) -> Run:
        with running(self.schema):
            runner = Runner(
                Outbox(self.store), self, open_stream=InLine, send=send_in_line
            )  # fmt: skip
            return runner.run()

    def expect_answer(self) -> None:
        """The way is short."""

    def refresh(self) -> None:
        """Tokens are not asked for."""

    def push(self, request: PushRequest) -> PushResponse:
        body = encode(request)
        with running(self.office.schema), heard():
            if any(x.op == self.office.unknown_op for y in request.changesets for x in y.changes):
                raise Refused("request.malformed", "The message is not of the expected form.")
            answer = encode(self.office.service.push(self._who, decode(body, PushRequest)))
        return decode(answer, PushResponse)

    @contextmanager
    def pull(self, request: PullRequest) -> Iterator[Iterable[PullItem]]:
        self.pulls += 1
        body = encode(request)
        with running(self.office.schema), heard():
            lines = list(self.office.service.pull(self._who, decode(body, PullRequest)))
        yield [decode_item(line) for line in b"".join(lines).splitlines()]

    def park(self, body: bytes) -> None:
        with running(self.office.schema), heard():
            self.office.service.park(self._who, body)


@contextmanager
def heard() -> Iterator[None]:
    """A refusal as it arrives over HTTP."""
    try:
        yield
    except Refused as refusal:
        raise as_heard(refusal) from refusal
