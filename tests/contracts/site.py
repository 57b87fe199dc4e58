"""A server in this process behind its HTTP interface, and devices that note all they say to it."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

import httpx
import msgspec
from fastapi import FastAPI

from crm_core.fields import Value
from crm_core.ids import SYSTEM, RecordId
from crm_core.wire import (
    Problem,
    PullItem,
    PullRequest,
    PushRequest,
    PushResponse,
    RefreshRequest,
    SignInRequest,
    SignInResponse,
    decode,
    encode,
)
from crm_desktop.sync import failures
from crm_desktop.sync.session import DeviceKey, decode_item
from crm_server.http import create_app
from crm_server.load import load
from crm_server.organisations import Organisation, Organisations
from crm_server.passwords import Passwords
from tests.contracts.editions import TODAY, running
from tests.contracts.skew import Hours, Ids

PASSWORD = "sesame"
SLUG = "acme"


LOAD = "load"
Rows = list[tuple[str, RecordId, dict[str, Value]]]


class Exchange(msgspec.Struct, frozen=True):
    """One request and its answer, as they travelled, before compression; or what IT loaded."""

    name: str
    who: str
    method: str
    path: str
    request: str
    status: int
    answer: str


class Site:
    """An organisation's server on a folder; its time goes on by a second at every look. `schema`:
    the version that answers."""

    def __init__(
        self, folder: Path, *, database_url: str = "", seed: int = 1, schema: int = TODAY
    ) -> None:
        self.schema = schema
        self.folder = folder
        self.clock, self.new_id = Hours(), Ids(seed)
        self.passwords = Passwords(memory_kib=8, passes=1)
        self.organisations = Organisations(
            folder, database_url, passwords=self.passwords, clock=self.clock, new_id=self.new_id
        )
        self._app: FastAPI = create_app(self.organisations)

    def create(self) -> Organisation:
        """Make the organisation."""
        return self.organisations.create("Acme", SLUG)

    @property
    def organisation(self) -> Organisation:
        return self.organisations.open(SLUG)

    def close(self) -> None:
        self.organisations.close()

    def load(self, rows: Rows) -> None:
        """What IT loads."""
        load(self.organisation.service, rows, SYSTEM)

    def ask(self, method: str, path: str, body: bytes, token: str) -> tuple[int, bytes]:
        """The status and the body of an answer."""

        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            headers = {"Accept-Encoding": "identity"}
            if token:
                headers["Authorization"] = f"Bearer {token}"
            async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
                return await client.request(method, path, content=body, headers=headers)

        with running(self.schema):
            answer = asyncio.run(asked())
        return answer.status_code, answer.content


class Line:
    """One device's way to the site; implements the engine's `Server`, and notes what passes."""

    def __init__(self, site: Site, login: str, device: str, exchanges: list[Exchange]) -> None:
        self.login, self.device = login, device
        self.key = DeviceKey(f"{sum(device.encode()):064x}")
        self.token = self.refresh_token = ""
        self._site = site
        self._exchanges = exchanges

    def ask(self, name: str, method: str, path: str, body: bytes = b"") -> bytes:
        status, answer = self._site.ask(method, path, body, self.token)
        self._exchanges.append(
            Exchange(name, self.login, method, path, body.decode(), status, answer.decode())
        )
        if status != httpx.codes.OK:
            problem = msgspec.json.decode(answer, type=Problem)
            raise failures.of_answer(status, problem.error, problem.params)
        return answer

    def sign_in(self, database_key: str = "") -> SignInResponse:
        request = SignInRequest(
            self.login, PASSWORD, self.device, f"{self.login}'s laptop", self.key.public_hex, SLUG,
            "linux", "0.1.0", database_key,
        )  # fmt: skip
        return self._keep(self.ask("sign-in", "POST", "/auth/v1/sign-in", encode(request)))

    def refresh(self) -> None:
        at = f"{self._site.clock():%Y-%m-%dT%H:%M:%SZ}"
        signature = self.key.sign(self.refresh_token + at)
        request = RefreshRequest(self.refresh_token, self.device, at, signature)
        self._keep(self.ask("refresh", "POST", "/auth/v1/refresh", encode(request)))

    def _keep(self, body: bytes) -> SignInResponse:
        answer = decode(body, SignInResponse)
        self.token, self.refresh_token = answer.access_token, answer.refresh_token
        return answer

    def expect_answer(self) -> None:
        """The way is short."""

    def push(self, request: PushRequest) -> PushResponse:
        body = self.ask("push", "POST", "/sync/v1/push", encode(request))
        return decode(body, PushResponse)

    @contextmanager
    def pull(self, request: PullRequest) -> Generator[Iterable[PullItem]]:
        body = self.ask("pull", "POST", "/sync/v1/pull", encode(request))
        yield [decode_item(line) for line in body.splitlines()]

    def park(self, body: bytes) -> None:
        self.ask("park", "POST", "/sync/v1/park", body)
