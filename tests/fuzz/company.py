"""The test company behind the real application, asked in this process and put back at will."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from urllib.parse import unquote_to_bytes

import msgspec
from starlette.types import Message, Scope

from crm_core.ids import SYSTEM, RecordId, uuid7_from
from crm_core.scope import any_link
from crm_core.switches import ERASING, EVERYBODY, ON, POLICY
from crm_core.wire import SignInRequest, SignInResponse, encode
from crm_desktop.sync.session import DeviceKey
from crm_server.devices import BY_COMMAND
from crm_server.http import create_app
from crm_server.load import LoadRow, load
from crm_server.organisations import Organisation, Organisations
from crm_server.passwords import Passwords
from crm_server.people import set_password
from tests.simulator import company as rows

NOW = dt.datetime(2026, 11, 20, 8, 0, tzinfo=dt.UTC)
SLUGS = ("acme", "other")
PASSWORD = "sesame"
DEVICE_KEY = DeviceKey("42" * 32)
EPOCH = uuid7_from(int(NOW.timestamp() * 1000), 1)
"""The first id that is made: acme's."""

IDA = rows.Person("ida", "it", rows.fixed_id(18), rows.NORTH)
PEOPLE = (*rows.PEOPLE, IDA)
USCC = "91350100M000100Y43"
"""What cat's customer has, whom neither ann nor lea sees."""

READABLE, SECRET = b"0123456789abcdef" * 128, b"What lies with a customer of the other team. " * 40
"""The contents of the files of ann's first customer, and of cat's."""

TAKEN = b"What ann took herself. " * 40
"""What no record names."""


def hash_of(content: bytes) -> str:
    """The name of a content."""
    return hashlib.sha256(content).hexdigest()


@dataclass(frozen=True)
class Answer:
    """What the application sent back."""

    status: int
    headers: dict[str, str]
    body: bytes


class Company:
    """Two organisations of the same people; `signed` are acme's ann, lea and ida."""

    def __init__(self, folder: Path, database_url: str = "") -> None:
        self._folder, self._database_url = folder, database_url
        self._numbers = count(1)
        self._loop = asyncio.new_event_loop()
        self._open()
        for slug in SLUGS:
            self._fill(self.organisations.create(slug.title(), slug))
        self.signed = {login: self.sign_in(login) for login in ("ann", "lea", "ida")}
        if not database_url:
            self._close()
            shutil.copytree(folder, self._template)
            self._open()

    @property
    def _template(self) -> Path:
        return self._folder.with_name(f"{self._folder.name}-template")

    def _open(self) -> None:
        self.organisations = Organisations(
            self._folder, self._database_url, passwords=Passwords(memory_kib=8, passes=1),
            clock=lambda: NOW, new_id=self.new_id,
        )  # fmt: skip
        self._app = create_app(self.organisations)

    def _close(self) -> None:
        self.organisations.close()

    def close(self) -> None:
        """Give everything back."""
        self._close()
        self._loop.run_until_complete(self._loop.shutdown_default_executor())
        self._loop.close()

    def put_back(self) -> None:
        """As it was in the beginning; only of files."""
        self._close()
        shutil.rmtree(self._folder)
        shutil.copytree(self._template, self._folder)
        self._open()

    def new_id(self) -> RecordId:
        """Ids in the order in which they are asked for, the same each time."""
        return uuid7_from(int(NOW.timestamp() * 1000), next(self._numbers))

    def _fill(self, there: Organisation) -> None:
        load(there.service, (*rows.rows(), *_more_rows()), SYSTEM)
        for content in (READABLE, SECRET):
            there.blobs.add(BY_COMMAND, hash_of(content), 0, len(content), content)
        hashed = self.organisations.passwords.hash(PASSWORD)
        for person in PEOPLE:
            set_password(there.service, person.login, person.id, hashed)

    def sign_in(self, login: str, organisation: str = "acme", device: str = "") -> SignInResponse:
        """Tokens of somebody, on a device of his own."""
        request = SignInRequest(
            login, PASSWORD, device or device_of(login), "L", DEVICE_KEY.public_hex, organisation
        )
        answer = self.ask("POST", "/auth/v1/sign-in", encode(request))
        assert answer.status == 200, answer
        return msgspec.json.decode(answer.body, type=SignInResponse)

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Iterable[tuple[str, str]] = ()
    ) -> Answer:
        """One request. An exception that no handler knows is raised, not answered."""
        return self._loop.run_until_complete(self._asked(method, path, (body,), headers))

    def ask_as(
        self, login: str, path: str, body: bytes, *headers: tuple[str, str], method: str = "POST"
    ) -> Answer:
        """A request of somebody who is signed in to acme."""
        token = self.signed[login].access_token
        return self.ask(method, path, body, (("authorization", f"Bearer {token}"), *headers))

    def listen_as(self, login: str, path: str, *headers: tuple[str, str]) -> Answer:
        """A GET of somebody who is signed in to acme; a stream that waits for news is ended."""
        token = self.signed[login].access_token
        events = self._app.state.events

        async def heard() -> Answer:
            with events.opened():
                bearer = ("authorization", f"Bearer {token}")
                return await self._asked(
                    "GET", path, (b"",), (bearer, *headers), begun=events.close
                )

        return self._loop.run_until_complete(heard())

    def ask_slowly(
        self, login: str, path: str, pieces: Sequence[bytes], *, pause_s: float
    ) -> Answer:
        """A POST whose body comes in pieces, with a pause before each but the first."""
        headers = (("authorization", f"Bearer {self.signed[login].access_token}"),)
        return self._loop.run_until_complete(
            self._asked("POST", path, pieces, headers, pause_s=pause_s)
        )

    async def _asked(
        self, method: str, path: str, pieces: Sequence[bytes],
        headers: Iterable[tuple[str, str]], *, pause_s: float = 0.0,
        begun: Callable[[], None] = lambda: None,
    ) -> Answer:  # fmt: skip
        waiting = [*pieces]
        sent: list[Message] = []

        async def receive() -> Message:
            if not waiting:
                return {"type": "http.disconnect"}
            if pause_s and len(waiting) < len(pieces):
                await asyncio.sleep(pause_s)
            body = waiting.pop(0)
            return {"type": "http.request", "body": body, "more_body": bool(waiting)}

        async def send(message: Message) -> None:
            sent.append(message)
            if len(sent) > 1:
                self._loop.call_soon(begun)

        raw = path.encode("utf-8", "surrogateescape")
        plain, _, query = raw.partition(b"?")
        scope: Scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"},
            "http_version": "1.1", "method": method,
            "scheme": "http", "path": unquote_to_bytes(plain).decode("utf-8", "replace"),
            "raw_path": plain, "query_string": query, "root_path": "", "server": ("test", 80),
            "client": ("127.0.0.1", 1),
            "headers": [(n.encode("latin-1"), v.encode("latin-1")) for n, v in headers],
        }  # fmt: skip
        await self._app(scope, receive, send)
        start, *rest = sent
        return Answer(
            start["status"],
            {name.decode("latin-1"): value.decode("latin-1") for name, value in start["headers"]},
            b"".join(message.get("body", b"") for message in rest),
        )


def _more_rows() -> Iterable[LoadRow]:
    """IT, a switch, a credit code, and what a file hangs on in and out of ann's sight."""
    yield "account", rows.ACCOUNTS[-1], {"uscc": USCC}
    words = {"login": IDA.login, "name": "Ida", "role": IDA.role, "team": IDA.team, "active": True}
    yield "user", IDA.id, words
    switch = {"role": EVERYBODY, "entity": POLICY, "action": ERASING, "level": ON}
    yield "role_permission", rows.fixed_id(80), switch
    for number, (account, content) in enumerate(
        ((rows.ACCOUNTS[0], READABLE), (rows.ACCOUNTS[-1], SECRET)), 81
    ):
        named = {"name": "photo.jpg", "sha256": hash_of(content), "size": len(content)}
        yield "attachment", rows.fixed_id(number), {**named, "parent": any_link("account", account)}


def device_of(login: str) -> str:
    """The id of somebody's device."""
    return f"{int.from_bytes(login.encode()):032x}"
