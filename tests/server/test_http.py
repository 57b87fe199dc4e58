"""Over HTTP: a refusal is a stable code and never a traceback, and all has its limit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from pathlib import Path

import httpx
import msgspec
import pytest
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI

from crm_core.catalog import SCHEMA
from crm_core.changes import Change, ChangeSet, Op
from crm_core.ids import ChangeSetId, RecordId
from crm_core.wire import (
    PULL_ITEM_DECODER,
    PUSH_BYTES_MAX,
    Check,
    End,
    Hello,
    Problem,
    PullItem,
    PullRequest,
    PushRequest,
    PushResponse,
    SignInRequest,
    SignInResponse,
    encode,
)
from crm_server.bodies import check_depth
from crm_server.http import create_app
from crm_server.organisations import Organisations, random_id
from crm_server.passwords import Passwords
from crm_server.people import NewUser, add_user
from crm_server.service import Service

DEVICE = "d" * 32
PUBLIC_KEY = Ed25519PrivateKey.generate().public_key().public_bytes_raw().hex()


class Client:
    """Asks an application in this process."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.headers: dict[str, str] = {}

    def get(self, path: str, headers: dict[str, str] | None = None) -> httpx.Response:
        return self._ask("GET", path, b"", headers)

    def post(
        self, path: str, *, content: bytes, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        return self._ask("POST", path, content, headers)

    def _ask(
        self, method: str, path: str, content: bytes, headers: dict[str, str] | None
    ) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://test", headers=self.headers
            ) as client:
                return await client.request(method, path, content=content, headers=headers)

        return asyncio.run(ask())


class Site:
    """Two organisations behind one application, and nancy of the first signed in."""

    def __init__(self, organisations: Organisations, client: Client) -> None:
        self.organisations = organisations
        self.client = client
        self.token = ""

    def sign_in(
        self, organisation: str = "acme", password: str = "sesame", *, wants_key: bool = False
    ) -> SignInResponse:
        request = SignInRequest(
            "nancy", password, DEVICE, "L", PUBLIC_KEY, organisation, wants_key=wants_key
        )
        answer = self.client.post("/auth/v1/sign-in", content=encode(request))
        assert answer.status_code == 200, answer.text
        signed = msgspec.json.decode(answer.content, type=SignInResponse)
        self.token = signed.access_token
        return signed

    def post(self, path: str, body: bytes, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            named["Authorization"] = f"Bearer {self.token}"
        return self.client.post(path, content=body, headers=named)

    def pull(self) -> list[PullItem]:
        answer = self.post("/sync/v1/pull", encode(PullRequest()))
        assert answer.status_code == 200, answer.text
        return [PULL_ITEM_DECODER.decode(line) for line in answer.content.splitlines()]

    def refusal(self, path: str, body: bytes, **headers: str) -> tuple[int, str]:
        answer = self.post(path, body, **headers)
        assert "Traceback" not in answer.text
        return answer.status_code, msgspec.json.decode(answer.content, type=Problem).error


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    organisations = Organisations(tmp_path, passwords=Passwords(memory_kib=8, passes=1))
    for slug in ("acme", "other"):
        there = organisations.create(slug.title(), slug)
        add_user(there.service, organisations.passwords, NewUser("nancy", "sesame", "rep"))
    yield Site(organisations, Client(create_app(organisations)))
    organisations.close()


def push_body(epoch: str, *changes: Change) -> bytes:
    return encode(PushRequest(epoch, 1, (ChangeSet(ChangeSetId(random_id()), changes),)))


def insert(**values: str) -> Change:
    return Change("account", random_id(), Op.INSERT, {**values})


def test_a_day_over_http_from_sign_in_to_history(site: Site) -> None:
    site.sign_in()
    hello = site.pull()[0]
    assert isinstance(hello, Hello)
    change = insert(name="Alfreds")
    answer = site.post("/sync/v1/push", push_body(hello.epoch, change))
    pushed = msgspec.json.decode(answer.content, type=PushResponse)
    assert pushed.results[0].result == "applied"
    assert isinstance(site.pull()[-1], End)
    headers = {"Authorization": f"Bearer {site.token}"}
    history = site.client.get(f"/sync/v1/history/account/{change.id}", headers=headers).json()
    assert {entry["field"] for entry in history} >= {"name", "owner"}
    assert site.post("/auth/v1/sign-out", b"").status_code == 200
    assert site.refusal("/sync/v1/pull", encode(PullRequest())) == (401, "auth.required")


def test_comparing_everything_again_and_again_is_put_off(site: Site) -> None:
    site.sign_in()
    everything = encode(PullRequest(check=Check(content=True)))
    codes = [site.post("/sync/v1/pull", everything).status_code for _ in range(12)]
    assert codes == [200] * 10 + [429] * 2
    answer = site.post("/sync/v1/pull", everything)
    assert msgspec.json.decode(answer.content, type=Problem).error == "request.throttled"
    assert 1 <= int(answer.headers["Retry-After"]) <= 60
    assert isinstance(site.pull()[-1], End), "what compares nothing goes on"


def test_bodies_travel_compressed_both_ways(site: Site) -> None:
    epoch = site.sign_in().epoch
    many = [insert(name=f"Alfreds {n}") for n in range(9)]
    body = zstandard.compress(push_body(epoch, *many))
    site.client.headers["Accept-Encoding"] = "zstd"
    answer = site.post("/sync/v1/push", body, Content_Encoding="zstd")
    assert answer.headers["content-encoding"] == "zstd"
    assert msgspec.json.decode(answer.content, type=PushResponse).results[0].result == "applied"
    pulled = site.post("/sync/v1/pull", encode(PullRequest()))
    assert pulled.headers["content-encoding"] == "zstd"


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        ("UPDATE device SET revoked_at='2026-11-20T08:00:00Z'", (403, "device.revoked")),
        ("UPDATE credential SET disabled=true", (403, "auth.disabled")),
        ("DELETE FROM token", (401, "auth.required")),
        ("UPDATE token SET expires_at='2020-01-01T00:00:00Z'", (401, "auth.required")),
    ],
)
def test_a_token_that_was_good_a_moment_ago_is_looked_at_again(
    site: Site, ended: str, expected: tuple[int, str]
) -> None:
    epoch = site.sign_in().epoch
    end = site.pull()[-1]
    assert isinstance(end, End)
    pulls = encode(PullRequest(epoch, SCHEMA, 1, end.hi))
    for path, body in (("/sync/v1/push", push_body(epoch)), ("/sync/v1/pull", pulls)):
        assert site.post(path, body).status_code == 200
    with site.organisations.open("acme").service.store.note() as tx:
        tx.run(ended)
    for path, body in (("/sync/v1/push", push_body(epoch)), ("/sync/v1/pull", pulls)):
        assert site.refusal(path, body) == expected
    insertion = push_body(epoch, insert(name="Late"))
    assert site.refusal("/sync/v1/push", insertion) == expected


def test_an_answer_without_anything_new_comes_whole_and_plain(site: Site) -> None:
    site.sign_in()
    site.client.headers["Accept-Encoding"] = "zstd"
    told = site.pull()
    hello, end = told[0], told[-1]
    assert isinstance(hello, Hello)
    assert isinstance(end, End)
    request = PullRequest(hello.epoch, SCHEMA, hello.scope_gen, end.hi)
    answer = site.post("/sync/v1/pull", encode(request))
    assert isinstance(PULL_ITEM_DECODER.decode(answer.content.splitlines()[-1]), End)
    assert answer.headers["content-length"] == str(len(answer.content))
    assert "content-encoding" not in answer.headers


@pytest.mark.parametrize(
    ("path", "body", "headers", "expected"),
    [
        ("/sync/v1/push", b"{", {}, (400, "request.malformed")),
        ("/sync/v1/push", b"\xff\xfe", {}, (400, "request.malformed")),
        ("/sync/v1/push", b"[" * 5000, {}, (400, "request.malformed")),
        ("/sync/v1/push", b'{"epoch":1}', {}, (400, "request.malformed")),
        ("/sync/v1/push", b"x" * (PUSH_BYTES_MAX + 1), {}, (413, "request.too_large")),
        ("/sync/v1/push", b"x", {"Content_Encoding": "zstd"}, (400, "request.malformed")),
        ("/sync/v1/push", b"x", {"Content_Encoding": "br"}, (400, "request.malformed")),
        ("/sync/v1/pull", b'{"cursor":"1"}', {}, (400, "request.malformed")),
        ("/sync/v1/pull", b'{"schema":0}', {}, (426, "request.too_old")),
        ("/sync/v1/nothing", b"", {}, (404, "request.malformed")),
        ("/ping", b"", {}, (405, "request.malformed")),
        ("/auth/v1/refresh", b"{}", {}, (400, "request.malformed")),
        ("/auth/v1/sign-in", b"x" * 20_000, {}, (413, "request.too_large")),
    ],
)  # fmt: skip
def test_bad_requests_get_stable_codes(
    site: Site, path: str, body: bytes, headers: dict[str, str], expected: tuple[int, str]
) -> None:
    site.sign_in()
    assert site.refusal(path, body, **headers) == expected


def test_a_decompression_bomb_is_stopped_early(site: Site) -> None:
    site.sign_in()
    bomb = zstandard.compress(b"0" * 500_000_000)
    found = site.refusal("/sync/v1/push", bomb, Content_Encoding="zstd")
    assert found == (413, "request.too_large")


def test_the_deepest_honest_value_passes_and_one_deeper_does_not() -> None:
    value = "1"
    for _ in range(6):
        value = f'{{"a":{value}}}'
    body = f'{{"changesets":[{{"changes":[{{"new":{{"custom":{value}}}}}]}}]}}'
    check_depth(body.encode())
    with pytest.raises(Exception, match="nested"):
        check_depth(f"[{body}]".encode())
    check_depth(b'{"text":"[[[[[[[[[[[[[[[[[[\\"[[[["}')


def test_without_a_token_nothing_answers(site: Site) -> None:
    for path in ("push", "pull", "park", "sealed-key"):
        body = encode(PullRequest()) if path == "pull" else push_body("e")
        body = b"{}" if path == "sealed-key" else body
        assert site.refusal(f"/sync/v1/{path}", body) == (401, "auth.required")
    for token in ("acme.nonsense", "nowhere.x", "../../etc.x", "x", "acme."):
        site.token = token
        assert site.refusal("/sync/v1/pull", encode(PullRequest())) == (401, "auth.required")


def test_an_old_epoch_is_a_conflict_of_the_whole_request(site: Site) -> None:
    site.sign_in()
    found = site.refusal("/sync/v1/push", push_body("0" * 32, insert(name="A")))
    assert found == (409, "request.epoch")


def test_waiting_is_told_in_seconds(site: Site) -> None:
    request = encode(SignInRequest("nancy", "wrong", DEVICE, "L", PUBLIC_KEY, "acme"))
    for _ in range(4):
        site.post("/auth/v1/sign-in", request)
    answer = site.post("/auth/v1/sign-in", request)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0


def test_a_failure_of_ours_is_a_code_and_a_log_line_never_a_traceback(
    site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    site.sign_in()

    def fail(*_: object) -> None:
        raise RuntimeError("customer Li owes us 5 EUR")

    monkeypatch.setattr(Service, "push_together", fail)
    with caplog.at_level(logging.ERROR):
        answer = site.post("/sync/v1/push", push_body("e"))
    assert (answer.status_code, answer.json()) == (500, {"error": "server.failed"})
    assert "failed: POST /sync/v1/push" in caplog.text


def test_the_access_log_holds_no_query_and_no_token(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    site.sign_in()
    with caplog.at_level(logging.INFO, logger="crm_server"):
        site.client.get("/ping?q=secret", headers={"Authorization": f"Bearer {site.token}"})
    assert "GET /ping 200" in caplog.text
    assert "secret" not in caplog.text
    assert site.token not in caplog.text


def test_an_organisations_token_opens_only_its_own(site: Site) -> None:
    acme = site.sign_in("acme")
    change = insert(name="Acme's")
    site.post("/sync/v1/push", push_body(acme.epoch, change))
    site.sign_in("other")
    assert f'"{change.id}"' not in str(site.pull())
    stolen = site.token.replace("other.", "acme.", 1)
    site.token = stolen
    assert site.refusal("/sync/v1/pull", encode(PullRequest())) == (401, "auth.required")


def test_an_unknown_organisation_is_told_like_a_wrong_password(site: Site) -> None:
    for organisation in ("nowhere", "../etc", ""):
        request = SignInRequest("nancy", "sesame", DEVICE, "L", PUBLIC_KEY, organisation)
        assert site.refusal("/auth/v1/sign-in", encode(request)) == (401, "auth.wrong")


def test_history_of_what_is_not_there_or_no_id_is_not_found(site: Site) -> None:
    site.sign_in()
    headers = {"Authorization": f"Bearer {site.token}"}
    for kind, record_id in (("account", RecordId("0" * 32)), ("account", "x"), ("nope", "0" * 32)):
        answer = site.client.get(f"/sync/v1/history/{kind}/{record_id}", headers=headers)
        assert (answer.status_code, answer.json()["error"]) == (404, "record.not_found")


def test_ping_tells_the_time_and_to_friends_the_epoch(site: Site) -> None:
    assert list(site.client.get("/ping").json()) == ["time"]
    epoch = site.sign_in().epoch
    headers = {"Authorization": f"Bearer {site.token}"}
    assert site.client.get("/ping", headers=headers).json()["epoch"] == epoch


def test_the_api_is_described_only_on_demand(site: Site) -> None:
    assert site.client.get("/openapi.json").status_code == 404
    assert site.client.get("/docs").status_code == 404
    client = Client(create_app(site.organisations, api_docs=True))
    assert "/sync/v1/push" in client.get("/openapi.json").json()["paths"]


def test_a_sealed_key_is_taken_for_the_device_of_the_token(site: Site) -> None:
    site.sign_in()
    body = encode({"database_key": "ab" * 32})
    assert site.post("/sync/v1/sealed-key", body).status_code == 200
    assert site.sign_in().database_key == ""
    assert site.sign_in(wants_key=True).database_key == "ab" * 32
