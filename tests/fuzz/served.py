"""Targets on the server: all that strangers, users and their devices may send to it."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import msgspec

from crm_core.catalog import CATALOG
from crm_core.values import check_record
from crm_core.wire import (
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
from crm_desktop.sync.session import decode_item
from tests.fuzz.company import DEVICE_KEY, EPOCH, Answer, Company, device_of
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
    return _push_to(_Served(folder, end))


def push_postgres(folder: Path, end: ExitStack) -> Attack:
    """The same where the database is particular about texts and sizes; it is never put back."""
    database = os.environ.get(DATABASE_VARIABLE, "")
    database = database or end.enter_context(cluster()).create_database()
    return _push_to(_Served(folder, end, database))


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
