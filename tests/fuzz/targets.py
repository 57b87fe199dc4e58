"""What is fuzzed: one function a decoder, from bytes to nothing.

A clear refusal is no finding. Anything else is: an exception of another kind, a 5xx, an answer that
its own decoder does not take, a row accepted that is not sound, more than two seconds of work, or
memory that grows with a lie about its size.
"""

from __future__ import annotations

import re
import resource
import shutil
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import requests

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.errors import Bug, CrmError
from crm_core.ids import DeviceId, is_id
from crm_core.values import check_record
from crm_core.wire import (
    End,
    Page,
    Problem,
    PullItem,
    PullRequest,
    PushRequest,
    PushResponse,
    RefreshRequest,
    SignInResponse,
    WireRow,
    decode,
    encode,
)
from crm_desktop import settings
from crm_desktop.models import journal, queries
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Identity, Store
from crm_desktop.sync.failures import BadAnswer, of_answer
from crm_desktop.sync.http import ANSWER_BYTES_MAX, HttpClient
from crm_desktop.sync.runner import Runner
from crm_desktop.sync.session import META_TOKENS, Session, decode_item
from crm_desktop.transfer.importing import Wish, import_file
from tests.fuzz.company import DEVICE_KEY, EPOCH, NOW, Answer, Company, device_of
from tests.simulator.company import ACCOUNTS, ANN

Attack = Callable[[bytes], None]

TIME_MAX_S = 2.0
MEMORY_MAX_KIB = 160 * 1024
"""What one input may add to the process: twice the largest answer, and a little."""

PUT_BACK_AFTER = 300
STORE_KEY = bytes(range(32))
CHANGESETS = 6


class Finding(AssertionError):
    """Something that may not happen, whatever was sent."""


@dataclass(frozen=True)
class Target:
    """One decoder. `make` prepares it in a folder; `is_json` says how its input is best mutated."""

    make: Callable[[Path, ExitStack], Attack]
    is_json: bool = True


def watched(attack: Attack) -> Attack:
    """The same attack, within its time and memory."""

    def act(data: bytes) -> None:
        before_kib, start_s = _most_memory_kib(), time.process_time()
        attack(data)
        if time.process_time() - start_s > TIME_MAX_S:
            raise Finding(f"took {time.process_time() - start_s:.1f} s")
        if _most_memory_kib() - before_kib > MEMORY_MAX_KIB:
            raise Finding(f"took {(_most_memory_kib() - before_kib) // 1024} MiB")

    return act


def _most_memory_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


# The server


class _Served:
    """The company, put back after so many attacks."""

    def __init__(self, folder: Path, end: ExitStack) -> None:
        self.company = Company(folder / "company")
        end.callback(self.company.close)
        self._attacks = 0
        self._cursor = 0

    def turn(self) -> Company:
        """The company for one more attack."""
        self._attacks += 1
        if self._attacks % PUT_BACK_AFTER == 0:
            self.company.put_back()
            self._cursor = 0
        return self.company

    def check_news(self) -> None:
        """What was accepted, as a lead is sent it, is sound by the rules of both sides."""
        request = PullRequest(EPOCH, scope_gen=1, cursor=self._cursor)
        answer = self.company.ask_as("lea", "/sync/v1/pull", encode(request))
        for line in taken(answer).splitlines():
            item = decode_item(line)
            if isinstance(item, Page):
                for row in item.rows:
                    _check_row(item.kind, row)
            elif isinstance(item, End):
                self._cursor = item.hi


def taken(answer: Answer) -> bytes:
    """The body of an answer that is none of the server's own failures; "" of a refusal."""
    if answer.status >= 500:
        raise Finding(f"HTTP {answer.status}: {answer.body[:200]!r}")
    if answer.status != 200:
        problem = msgspec.json.decode(answer.body, type=Problem)
        if not problem.error:
            raise Finding(f"a refusal without a code: {answer.status}")
        return b""
    return answer.body


def _check_row(kind: str, row: WireRow) -> None:
    lacking = [x for x in check_record(CATALOG[kind], row.body) if kind not in ("conflict",)]
    if lacking:
        raise Finding(f"accepted {kind} {row.id}: {', '.join(map(str, lacking))}")


def push(folder: Path, end: ExitStack) -> Attack:
    """Changesets as a signed-in user sends them."""
    served = _Served(folder, end)

    def attack(data: bytes) -> None:
        body = taken(served.turn().ask_as("ann", "/sync/v1/push", data))
        if body:
            answer = msgspec.json.decode(body, type=PushResponse)
            if any(result.seq for result in answer.results):
                served.check_news()

    return attack


def pull(folder: Path, end: ExitStack) -> Attack:
    """What a device says it holds."""
    served = _Served(folder, end)

    def attack(data: bytes) -> None:
        body = taken(served.turn().ask_as("ann", "/sync/v1/pull", data))
        if body:
            *_, last = map(decode_item, body.splitlines())
            if not isinstance(last, End):
                raise Finding("a stream without its end")

    return attack


def sign_in(folder: Path, end: ExitStack) -> Attack:
    """Logins, passwords and devices of strangers."""
    served = _Served(folder, end)

    def attack(data: bytes) -> None:
        company = served.turn()
        with company.organisations.open("acme").service.store.note() as tx:
            tx.run("DELETE FROM attempt")
        body = taken(company.ask("POST", "/auth/v1/sign-in", data))
        if body:
            msgspec.json.decode(body, type=SignInResponse)

    return attack


def refresh(folder: Path, end: ExitStack) -> Attack:
    """Refreshes: a whole message, or a token and a moment that are signed here."""
    served = _Served(folder, end)

    def attack(data: bytes) -> None:
        company = served.turn()
        body = data
        if not data.startswith(b"{"):
            at = data.decode(errors="replace")
            token = company.signed["ann"].refresh_token
            signed = DEVICE_KEY.sign(token + at)
            body = encode(RefreshRequest(token, device_of("ann"), at, signed))
        taken(company.ask("POST", "/auth/v1/refresh", body))

    return attack


def token(folder: Path, end: ExitStack) -> Attack:
    """Whatever stands in the header that proves who asks: never an answer to a stranger."""
    served = _Served(folder, end)

    def attack(data: bytes) -> None:
        company = served.turn()
        value = data.decode("latin-1")
        good = {f"bearer {one.access_token}" for one in company.signed.values()}
        answer = company.ask("GET", "/ping", headers=(("authorization", value),))
        if taken(answer) and " ".join(value.split(" ", 1)).lower() not in map(str.lower, good):
            raise Finding(f"{value!r} was taken for a token")

    return attack


_ENCODINGS = ("zstd", "gzip", "", "identity", "deflate", "br", "zstd, zstd", "ZSTD", "x" * 300)
_PATHS = (
    "/sync/v1/push",
    "/sync/v1/park",
    "/sync/v1/pull",
    "/sync/v1/sealed-key",
    "/auth/v1/sign-in",
)


def body(folder: Path, end: ExitStack) -> Attack:
    """Bodies in whatever they say they are packed: the first byte chooses, the rest is sent."""
    served = _Served(folder, end)

    def attack(data: bytes) -> None:
        first, rest = data[:1] or b"\0", data[1:]
        encoding = _ENCODINGS[first[0] % len(_ENCODINGS)]
        path = _PATHS[first[0] // len(_ENCODINGS) % len(_PATHS)]
        taken(served.turn().ask_as("ann", path, rest, ("content-encoding", encoding)))

    return attack


def path(folder: Path, end: ExitStack) -> Attack:
    """Paths and methods, the history of anything among them."""
    served = _Served(folder, end)

    def attack(data: bytes) -> None:
        text = data.decode("utf-8", "surrogateescape")
        company = served.turn()
        bearer = ("authorization", f"Bearer {company.signed['ann'].access_token}")
        for method, where in (("GET", f"/sync/v1/history/{text}"), ("POST", f"/{text}")):
            taken(company.ask(method, where, headers=(bearer,)))

    return attack


# The client


class _Laptop:
    """A store with a change that waits, put back after so many attacks."""

    def __init__(self, folder: Path, end: ExitStack) -> None:
        self._folder = folder
        self._template = folder / "template.db"
        identity = Identity(ANN.id, "ann", DeviceId(device_of("ann")), "acme", "http://test")
        store = Store.create(self._template, STORE_KEY, identity)
        store.set_meta(META_TOKENS, '{"access":"a.b","refresh":"a.c","device":"d"}')
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

    def expect_answer(self) -> None:
        pass

    def close(self) -> None:
        pass


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
        if first % 3 == 0:
            session.refresh()
            laptop.store.set_meta(META_TOKENS, '{"access":"a.b","refresh":"a.c","device":"d"}')
        elif first % 3 == 1:
            msgspec.json.encode(session.history("account", ACCOUNTS[0]))
        else:
            problem = decode(rest, Problem)
            for status in (400, 401, 403, 409, 413, 426, 429, 500, 503):
                _refused_kindly(of_answer(status, problem.error, problem.params))

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
            size = sum(map(len, client._pieces(response, ANSWER_BYTES_MAX)))
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
        keys = ("name",) if first & 4 else ()
        wish = Wish(file, keys=keys, dry_run=not first & 128, encoding=encoding)
        store = laptop.turn()
        import_file(store, CATALOG[_IMPORTED[first % 4]], wish, new_id=store.new_id)

    return _tolerant(attack)


def profile(folder: Path, end: ExitStack) -> Attack:
    """A profile's own notes, damaged."""
    del end

    def attack(data: bytes) -> None:
        for name in (settings.FILE, settings.PREFERENCES, settings.BORDERS):
            (folder / name).write_bytes(data)
        settings.load_preferences(folder)
        settings.load_borders(folder)
        settings.load(folder)

    return _tolerant(attack)


TARGETS: Mapping[str, Target] = {
    "push": Target(push),
    "pull": Target(pull),
    "sign-in": Target(sign_in),
    "refresh": Target(refresh),
    "token": Target(token, is_json=False),
    "body": Target(body, is_json=False),
    "path": Target(path, is_json=False),
    "pulled": Target(pulled),
    "pushed": Target(pushed),
    "answers": Target(answers),
    "http-answer": Target(http_answer, is_json=False),
    "table": Target(table, is_json=False),
    "profile": Target(profile),
}


@contextmanager
def attack_on(name: str, folder: Path) -> Generator[Attack]:
    """The attack on a target, ready and watched."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as end:
        yield watched(TARGETS[name].make(folder, end))
