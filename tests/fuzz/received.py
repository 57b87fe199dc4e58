"""Targets on the client: all that a server, or who stands for one, may answer; and its files."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeAlias, cast

import msgspec
import requests

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.errors import Bug, CrmError, UserProblem
from crm_core.fields import Value
from crm_core.ids import DeviceId, is_id
from crm_core.problems import words_for
from crm_core.scope import any_link
from crm_core.wire import (
    DeviceList,
    Page,
    Problem,
    PullItem,
    PullRequest,
    PushRequest,
    PushResponse,
    Refusal,
    TwinRequest,
    decode,
    encode,
)
from crm_desktop import settings
from crm_desktop.models import file_states, journal, queries, team_work
from crm_desktop.models.attaching import attach, bytes_max
from crm_desktop.models.blobs import Blobs
from crm_desktop.models.cards import account_card
from crm_desktop.models.complaints import read_board
from crm_desktop.models.counts import counts
from crm_desktop.models.file_queue import FileQueue
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.reminding import read_outlook
from crm_desktop.models.store import Identity, Store
from crm_desktop.models.supervised import open_supervisions
from crm_desktop.models.today import read_day, read_due
from crm_desktop.sync.failures import BadAnswer, of_answer
from crm_desktop.sync.file_calls import FileCalls
from crm_desktop.sync.file_runner import FileRunner
from crm_desktop.sync.http import ANSWER_BYTES_MAX, HttpClient
from crm_desktop.sync.listening import hints_in
from crm_desktop.sync.runner import Runner
from crm_desktop.sync.schedule import Schedule
from crm_desktop.sync.session import META_TOKENS, Session, decode_item
from crm_desktop.transfer.columns import read_mapping
from crm_desktop.transfer.importing import Wish, import_file
from crm_desktop.views.kit.device_words import (
    left_words,
    line_words,
    name_words,
    withdrawal_words,
)
from crm_desktop.views.kit.supervision_words import supervision_words
from crm_desktop.views.kit.words import values_in_words
from crm_desktop.views.panes.inbox.team import read_team
from tests.fuzz.company import (
    DEVICE_KEY,
    EPOCH,
    NOW,
    READABLE,
    TAKEN,
    device_of,
    hash_of,
)
from tests.fuzz.watching import PUT_BACK_AFTER, Attack, Finding
from tests.simulator.company import ACCOUNTS, ANN

STORE_KEY = bytes(range(32))
CHANGESETS = 6
_TOKENS = '{"access":"a.b","refresh":"a.c","device":"d"}'


class _Laptop:
    """A store with a change that waits, put back after so many attacks."""

    def __init__(
        self, folder: Path, end: ExitStack, prepare: Callable[[Store], object] = lambda _: None
    ) -> None:
        self._folder = folder
        self._template = folder / "template.db"
        identity = Identity(ANN.id, "ann", DeviceId(device_of("ann")), "acme", "http://test")
        store = Store.create(self._template, STORE_KEY, identity, clock=lambda: NOW)
        store.set_meta(META_TOKENS, _TOKENS)
        prepare(store)
        store.close()
        self._attacks = 0
        self.store = self._opened()
        end.callback(self.close)

    def close(self) -> None:
        """Close the store of the moment."""
        self.store.close()

    def turn(self) -> Store:
        """The store for one more attack."""
        self._attacks += 1
        if self._attacks % PUT_BACK_AFTER == 0:
            self.store.close()
            self.store = self._opened()
        return self.store

    def _opened(self) -> Store:
        used = self._folder / "used.db"
        for ending in ("", "-wal", "-shm"):
            used.with_name(used.name + ending).unlink(missing_ok=True)
        shutil.copyfile(self._template, used)
        return Store.open(used, STORE_KEY, clock=lambda: NOW)


class _Scripted:
    """A server that says one thing, whatever it is asked; a `session.Client`."""

    def __init__(self, body: bytes = b"", stream: bytes = b"") -> None:
        self._body, self._stream = body, stream

    def get(self, path: str, token: str = "") -> bytes:
        return self._body

    def post(self, path: str, body: bytes, token: str = "") -> bytes:
        return self._body

    @contextmanager
    def lines(self, path: str, body: bytes, token: str = "") -> Iterator[Iterator[bytes]]:
        yield iter(self._stream.split(b"\n"))

    def exchange(
        self, method: str, path: str, body: bytes, token: str, headers: Mapping[str, str], /
    ) -> tuple[bytes, Mapping[str, str]]:
        return self._body, {}

    def expect_answer(self) -> None:
        pass

    def close(self) -> None:
        pass


_Answers: TypeAlias = list[tuple[int, str, Value]]
"""Status, `Content-Range` and body of one answer after the other; a text stands for bytes."""


class _Played(_Scripted):
    """A server that says one thing after the other."""

    def __init__(self, answers: _Answers) -> None:
        super().__init__()
        self._answers = iter(answers)

    def exchange(
        self, method: str, path: str, body: bytes, token: str, headers: Mapping[str, str], /
    ) -> tuple[bytes, Mapping[str, str]]:
        status, told, said = next(self._answers, (503, "", None))
        content = said.encode() if isinstance(said, str) else encode(said)
        if status not in (200, 206):
            problem = decode(content, Problem)
            raise of_answer(status, problem.error, problem.params)
        return content, {"Content-Range": told}


class _InLine:
    """An open pull, read as it is asked for."""

    def __init__(self, server: Any, request: PullRequest) -> None:
        self._context = server.pull(request)
        self._items = iter(self._context.__enter__())

    def next(self) -> PullItem | None:
        return next(self._items, None)

    def interrupt(self) -> None:
        pass

    def close(self) -> None:
        self._context.__exit__(None, None, None)


def _send_in_line(server: Any, request: PushRequest) -> Future[PushResponse]:
    future: Future[PushResponse] = Future()
    try:
        future.set_result(server.push(request))
    except CrmError as failure:
        future.set_exception(failure)
    return future


def _synchronise(store: Store, client: _Scripted) -> None:
    session = Session(client, store, DeviceId(device_of("ann")), DEVICE_KEY, lambda: NOW)
    runner = Runner(Outbox(store), session, open_stream=_InLine, send=_send_in_line)
    _refused_kindly(runner.run(repair=False).failure)


def _refused_kindly(failure: CrmError | None) -> None:
    if isinstance(failure, Bug):
        raise Finding(f"we call it a bug of ours: {failure}") from failure
    str(failure)


def _tolerant(attack: Attack) -> Attack:
    """An attack that may end with one of our errors, but for a bug."""

    def act(data: bytes) -> None:
        try:
            attack(data)
        except CrmError as failure:
            _refused_kindly(failure)

    return act


def pulled(folder: Path, end: ExitStack) -> Attack:
    """The lines of a pull, into a real store; what was taken can be read again."""
    laptop = _Laptop(folder, end)

    def attack(data: bytes) -> None:
        store = laptop.turn()
        _synchronise(store, _Scripted(stream=data))
        for page in _pages(data):
            for row in page.rows[:3]:
                if is_id(row.id):
                    queries.record(store.write, page.kind, row.id)

    return attack


def shown(folder: Path, end: ExitStack) -> Attack:
    """The same lines, and then what the first things that anybody looks at make of them."""
    laptop = _Laptop(folder, end)

    def attack(data: bytes) -> None:
        store = laptop.turn()
        _synchronise(store, _Scripted(stream=data))
        now = NOW.astimezone()
        with store.reader() as c:
            for case in read_board(c, everything=True).open:
                case.readings(NOW)
            for one in open_supervisions(c, ANN.id):
                supervision_words(one.supervision, one.person, now)
            read_day(c, ANN.id, now)
            read_due(c, ANN.id, now)
            read_outlook(c, ANN.id, now)
            counts(c, ANN.id, now.date())
            account_card(c, ACCOUNTS[0], now.date())
            rows = queries.page(c, "visit", limit=20).rows
        for row in rows:
            values_in_words("visit", row.values, {})

    return _tolerant(attack)


def _pages(data: bytes) -> Iterator[Page]:
    """The pages of a stream whose kinds are known here."""
    for line in data.split(b"\n"):
        with suppress(BadAnswer):
            item = decode_item(line)
            if isinstance(item, Page) and item.kind in CATALOG:
                yield item


def pushed(folder: Path, end: ExitStack) -> Attack:
    """The answer to a push of as many changesets as it names."""
    laptop = _Laptop(folder, end)
    named = re.compile(rb'"cs_id":"([0-9a-f]{32})"')

    def attack(data: bytes) -> None:
        store = laptop.turn()
        wanted = [*dict.fromkeys(named.findall(data))][:CHANGESETS]
        if store.write.value("SELECT count(*) FROM changeset") == 0:
            _insert_accounts(store)
        store.write.run("UPDATE sync_state SET epoch = ?", (EPOCH,))
        store.write.run("UPDATE changeset SET state = 'confirmed', id = randomblob(16)")
        for number, one in enumerate(wanted, 1):
            key = bytes.fromhex(one.decode())
            sql = "UPDATE changeset SET state = 'queued', id = ? WHERE n = ?"
            store.write.run(sql, (key, number))
        _synchronise(store, _Scripted(data))

    return attack


def _insert_accounts(store: Store) -> None:
    for account in ACCOUNTS[:CHANGESETS]:
        journal.commit(store, [Change("account", account, Op.INSERT, {"name": "A"})], label="Test")


def answers(folder: Path, end: ExitStack) -> Attack:
    """The other answers: the first byte says to what."""
    laptop = _Laptop(folder, end)

    def attack(data: bytes) -> None:
        first, rest = (data[:1] or b"\0")[0], data[1:]
        session = Session(
            _Scripted(rest), laptop.turn(), DeviceId(device_of("ann")), DEVICE_KEY, lambda: NOW
        )
        asked = first % 8
        if asked == 0:
            session.refresh()
            laptop.store.set_meta(META_TOKENS, _TOKENS)
        elif asked == 1:
            msgspec.json.encode(session.history("account", ACCOUNTS[0]))
        elif asked == 3:
            _take_over(laptop.store, session.refusals())
        elif asked == 4:
            _list(session.devices())
        elif asked == 5:
            session.hidden_twin(TwinRequest("account", "uscc", "x"))
        elif asked == 6:
            session.person_held("contact", ANN.id)
        elif asked == 7:
            session.erase_person("contact", ANN.id)
        else:
            problem = decode(rest, Problem)
            for status in (400, 401, 403, 409, 413, 426, 429, 500, 503):
                _refused_kindly(of_answer(status, problem.error, problem.params))
            for entity in (CATALOG["visit"], CATALOG["account"]):
                str(words_for(problem.error, problem.params, entity))

    return _tolerant(attack)


def _take_over(store: Store, refusals: tuple[Refusal, ...]) -> None:
    """Show what was refused to a colleague, and enter it."""
    with store.reader() as c:
        shown = read_team(c, refusals)
    for one in shown:
        with suppress(UserProblem):
            team_work.enter(store, one.refusal, one.who)


def _list(found: DeviceList) -> None:
    for device in found.devices:
        for words in (name_words, left_words, line_words, withdrawal_words):
            words(device)


def files(folder: Path, end: ExitStack) -> Attack:
    """The answers while one file is sent and another one fetched, one after the other."""
    blobs = Blobs(folder / "files", STORE_KEY)
    account = ("account", ACCOUNTS[0])
    sent = BytesIO(TAKEN)
    fetched = hash_of(READABLE)

    def prepare(store: Store) -> None:
        _insert_accounts(store)
        attach(store, blobs, account, sent, "sent.jpg")
        named = {"name": "photo.jpg", "sha256": fetched, "size": len(READABLE)}
        parent = any_link(*account)
        change = Change("attachment", store.new_id(), Op.INSERT, {**named, "parent": parent})
        journal.commit(store, [change], label="Test")
        file_states.want(store.write, fetched, len(READABLE), store.now())

    laptop = _Laptop(folder, end, prepare)

    def attack(data: bytes) -> None:
        answers = decode(data, _Answers)
        store = laptop.turn()
        store.write.run(
            "UPDATE file SET done = 0, code = NULL, params = NULL, tries = 0, retry_at = NULL,"
            " state = CASE mine WHEN 1 THEN 'queued' ELSE 'fetching' END"
        )
        blobs.remove(fetched)
        session = Session(
            _Played(answers), store, DeviceId(device_of("ann")), DEVICE_KEY, lambda: NOW
        )
        runner = FileRunner(FileQueue(store, blobs), FileCalls(session))
        _refused_kindly(runner.run().failure)
        with store.reader() as c:
            bytes_max(c)
        if blobs.has(fetched) and blobs.read(fetched, len(READABLE)) != READABLE:
            raise Finding("another file in its place")

    return _tolerant(attack)


def hints(folder: Path, end: ExitStack) -> Attack:
    """The lines of a stream of hints, and the schedule that heeds them."""
    del folder, end

    def attack(data: bytes) -> None:
        schedule = Schedule(lambda: 0.5, 0.0)
        for hi in hints_in(data.split(b"\n")):
            if hi:
                schedule.hinted(0.0, hi)

    return _tolerant(attack)


def http_answer(folder: Path, end: ExitStack) -> Attack:
    """What arrives of an answer: a line of `Retry-After`, a status, a packed body."""
    del folder
    client = HttpClient("http://127.0.0.1:1")
    end.callback(client.close)

    def attack(data: bytes) -> None:
        head, _, packed = data.partition(b"\n")
        status = 200 + (head[0] if head else 0) * 2
        response = _response(packed, status, head[1:].decode("latin-1"))
        if status == 200:
            size = len(client._whole(response))
            if size > ANSWER_BYTES_MAX:
                raise Finding("more than the limit")
            for _ in client._lines(_response(packed, status, "")):
                pass
        else:
            _refused_kindly(client._problem(response))

    return _tolerant(attack)


def _response(packed: bytes, status: int, retry_after: str) -> requests.Response:
    raw = BytesIO(packed)
    made = SimpleNamespace(
        status_code=status,
        headers={"Content-Encoding": "zstd", "Retry-After": retry_after},
        raw=SimpleNamespace(read1=lambda size, decode_content: raw.read(size)),
    )
    return cast("requests.Response", made)


# Files


_IMPORTED = ("account", "contact", "visit", "task")
_FILE_ENCODINGS = (
    "",
    "gb18030",
    "latin-1",
    "utf-16",
    "idna",
    "punycode",
    "undefined",
    "zlib",
    "no",
)


def table(folder: Path, end: ExitStack) -> Attack:
    """A file to import, tried and not written: the first byte chooses kind, encoding and key."""
    laptop = _Laptop(folder, end)
    file = folder / "table.csv"

    def attack(data: bytes) -> None:
        first, rest = (data[:1] or b"\0")[0], data[1:]
        file.write_bytes(rest)
        encoding = _FILE_ENCODINGS[first // 8 % len(_FILE_ENCODINGS)]
        entity = CATALOG[_IMPORTED[first % 4]]
        keys = entity.title[:1] if first & 4 else ()
        wish = Wish(file, keys=keys, dry_run=not first & 128, encoding=encoding)
        store = laptop.turn()
        import_file(store, entity, wish, new_id=store.new_id)

    return _tolerant(attack)


def profile(folder: Path, end: ExitStack) -> Attack:
    """A profile's own notes, damaged."""
    del end

    def attack(data: bytes) -> None:
        for name in (settings.FILE, settings.PREFERENCES, settings.BORDERS, "mapping"):
            (folder / name).write_bytes(data)
        with suppress(UserProblem):
            read_mapping(folder / "mapping")
        settings.load_preferences(folder)
        settings.load_borders(folder)
        settings.load(folder)

    return _tolerant(attack)
