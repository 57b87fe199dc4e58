"""Targets on the server: all that strangers, users and their devices may send to it."""

from __future__ import annotations

import io
import os
import zipfile
from contextlib import ExitStack, suppress
from pathlib import Path

import msgspec

from crm_core.catalog import CATALOG
from crm_core.errors import UserProblem
from crm_core.values import check_record
from crm_core.wire import (
    BlobOffer,
    End,
    Page,
    Problem,
    PullRequest,
    PushResponse,
    RefreshRequest,
    SignInResponse,
    WireRow,
    encode,
)
from crm_desktop.sync.listening import PATH_EVENTS, hints_in
from crm_desktop.sync.session import decode_item
from crm_server.openapi import ENDPOINTS, ZIP
from crm_server.tables_in import load_file
from tests.fuzz.company import (
    DEVICE_KEY,
    EPOCH,
    READABLE,
    SECRET,
    Answer,
    Company,
    device_of,
    hash_of,
)
from tests.fuzz.watching import PUT_BACK_AFTER, Attack, Finding
from tests.support.postgres import DATABASE_VARIABLE, cluster


class _Served:
    """The company, put back after so many attacks."""

    def __init__(self, folder: Path, end: ExitStack, database_url: str = "") -> None:
        (folder / "company").mkdir()
        self.company = Company(folder / "company", database_url)
        end.callback(self.company.close)
        self._stays = bool(database_url)
        self._attacks = 0
        self._cursor = 0

    def turn(self) -> Company:
        """The company for one more attack."""
        self._attacks += 1
        if self._attacks % PUT_BACK_AFTER == 0 and not self._stays:
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
    if answer.status not in (200, 206):
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
    return _push_to(_Served(folder, end))


def push_postgres(folder: Path, end: ExitStack) -> Attack:
    """The same where the database is particular about texts and sizes; it is never put back."""
    return _push_to(_Served(folder, end, _database(end)))


def _database(end: ExitStack) -> str:
    """The one that the fuzzer's parent made, or a new one."""
    given = os.environ.get(DATABASE_VARIABLE, "")
    return given or end.enter_context(cluster()).create_database()


def _push_to(served: _Served) -> Attack:
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
        for method, where, body in (("GET", "/ping", b""), ("POST", "/sync/v1/pull", b"{}")):
            answer = company.ask(method, where, body, (("authorization", value),))
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


QUESTIONS = (
    "/sync/v1/duplicates",
    "/sync/v1/refusals",
    "/devices/v1/withdraw",
    "/sync/v1/sealed-key",
    "/privacy/v1/held",
    "/privacy/v1/erase",
    "/privacy/v1/export",
)
ASKERS = ("ann", "lea", "ida")


def question(folder: Path, end: ExitStack) -> Attack:
    """Questions and orders about one thing: the first byte chooses which, and whose."""
    return _question_to(_Served(folder, end))


def question_postgres(folder: Path, end: ExitStack) -> Attack:
    """The same where the database is particular; it is never put back."""
    return _question_to(_Served(folder, end, _database(end)))


def _question_to(served: _Served) -> Attack:
    def attack(data: bytes) -> None:
        first, rest = (data[:1] or b"\0")[0], data[1:]
        path = QUESTIONS[first % len(QUESTIONS)]
        company = served.turn()
        with company.organisations.open("acme").service.store.note() as tx:
            tx.run("UPDATE device SET revoked_at=''")
            tx.run("DELETE FROM attempt")
        body = taken(company.ask_as(ASKERS[first // len(QUESTIONS) % len(ASKERS)], path, rest))
        gives = (ENDPOINTS.get(f"POST {path}") or ENDPOINTS[path]).gives
        if body and gives == ZIP:
            zipfile.ZipFile(io.BytesIO(body)).testzip()
        elif body:
            msgspec.json.decode(body, type=gives)

    return attack


METHODS = ("PUT", "PATCH", "GET", "HEAD")


def file(folder: Path, end: ExitStack) -> Attack:
    """Files: the first byte chooses the method, lines name a fingerprint, the size, the offset and
    the range, and what is left is content."""
    served = _Served(folder, end)
    secret = hash_of(SECRET)

    def attack(data: bytes) -> None:
        method = METHODS[(data[:1] or b"\0")[0] % len(METHODS)]
        sha256, *told, content = [*data[1:].split(b"\n", 4), b"", b"", b"", b""][:5]
        headers = [
            (name, value.decode("latin-1"))
            for name, value in zip(("upload-length", "upload-offset", "range"), told, strict=True)
            if value
        ]
        where = f"/blobs/{sha256.decode('utf-8', 'surrogateescape')}"
        answer = served.turn().ask_as("ann", where, content, *headers, method=method)
        body = taken(answer)
        if method in ("PUT", "PATCH") and body:
            offer = msgspec.json.decode(body, type=BlobOffer)
            if offer.complete and secret in where:
                raise Finding("a fingerprint was taken for its content")
        elif body not in READABLE or (answer.status == 200 and secret in where):
            raise Finding("somebody else's content")

    return attack


def events(folder: Path, end: ExitStack) -> Attack:
    """The place from which on a device listens, as it says."""
    served = _Served(folder, end)

    def attack(data: bytes) -> None:
        company = served.turn()
        said = data.decode("latin-1")
        body = taken(company.listen_as("ann", PATH_EVENTS, ("last-event-id", said)))
        with company.organisations.open("acme").service.store.read() as tx:
            reached = tx.clock().seq
        if body and not all(hi <= reached for hi in hints_in(body.splitlines())):
            raise Finding("a hint beyond the feed")

    return attack


_LOADED = ("account", "contact", "product", "order")
_FORMS = (".csv", ".json")


def loaded(folder: Path, end: ExitStack) -> Attack:
    """A file that IT loads: the first byte chooses kind and form."""
    served = _Served(folder, end)

    def attack(data: bytes) -> None:
        first, rest = (data[:1] or b"\0")[0], data[1:]
        kind, form = _LOADED[first % len(_LOADED)], _FORMS[first // len(_LOADED) % len(_FORMS)]
        file = folder / f"rows{form}"
        file.write_bytes(rest)
        company = served.turn()
        with suppress(UserProblem):
            load_file(company.organisations.open("acme").service, kind, file)
        served.check_news()

    return attack


def path(folder: Path, end: ExitStack) -> Attack:
    """Paths and methods, the history of anything among them."""
    served = _Served(folder, end)

    def attack(data: bytes) -> None:
        text = data.decode("utf-8", "surrogateescape")
        company = served.turn()
        taken(company.ask_as("ann", f"/sync/v1/history/{text}", b"", method="GET"))
        taken(company.ask_as("ann", f"/{text}", b""))
        taken(company.listen_as("ann", f"/{text}"))

    return attack
