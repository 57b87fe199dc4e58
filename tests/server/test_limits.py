"""Messages that are too much on both stores: too large, too deep, too odd, too slow."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import msgspec
import pytest
import zstandard
from starlette.types import Message, Scope

from crm_core.changes import CHANGES_MAX, Change, ChangeSet, Op
from crm_core.ids import ChangeSetId
from crm_core.wire import (
    PUSH_BYTES_MAX,
    PUSH_CHANGESETS_MAX,
    Problem,
    PullRequest,
    PushRequest,
    encode,
)
from crm_server import answers, http
from crm_server.service import PARK_BYTES_MAX
from tests.fuzz.company import DEVICE_KEY, PASSWORD, Company, device_of
from tests.server.forging import (
    BOBS,
    OWN,
    PARK,
    PULL,
    PUSH,
    REFRESH,
    SEALED,
    SIGN_IN,
    edit,
    fresh,
    pushed,
    raw_change,
    raw_push,
    refusal,
)

# Sizes


def test_what_is_too_large_is_told_with_the_name_of_the_limit(company: Company) -> None:
    company.signed["lea"] = company.sign_in("lea")
    many = (ChangeSet(ChangeSetId("0" * 32), ()),) * (PUSH_CHANGESETS_MAX + 1)
    for path, body, limit, most in (
        (PUSH, b" " * (PUSH_BYTES_MAX + 1), "push_bytes", PUSH_BYTES_MAX),
        (PUSH, encode(PushRequest("", 1, many)), "changesets", PUSH_CHANGESETS_MAX),
        (PULL, b" " * (http.ASKING.most + 1), "pull_bytes", http.ASKING.most),
        (SIGN_IN, b" " * (http.SIGN_IN.most + 1), "sign_in_bytes", http.SIGN_IN.most),
        (REFRESH, b" " * (http.SIGN_IN.most + 1), "sign_in_bytes", http.SIGN_IN.most),
        (SEALED, b" " * (http.KEY.most + 1), "key_bytes", http.KEY.most),
        (PARK, b" " * (PARK_BYTES_MAX + 1), "park_bytes", PARK_BYTES_MAX),
    ):
        packed = zstandard.compress(body)
        for sent, headers in ((body, ()), (packed, (("content-encoding", "zstd"),))):
            answer = company.ask_as("lea", path, sent, *headers)
            found = msgspec.json.decode(answer.body, type=Problem)
            assert (answer.status, found.error) == (413, "request.too_large")
            assert found.params == {"limit": limit, "most": str(most)}


def test_a_device_parks_its_share_and_refused_work_takes_none_of_it(company: Company) -> None:
    who = company.signed["lea"] = company.sign_in("lea")
    blank = "x" * (200 * 1024)
    for _ in range(28):  # 5.6 MiB of what is refused: a note on nothing
        assert pushed(company, edit(fresh(), description=blank), who="lea") == "record.not_found"
    with company.organisations.open("acme").service.store.read() as tx:
        sql = "SELECT sum(length(payload)) FROM parked WHERE device=?"
        assert PARK_BYTES_MAX // 2 < (tx.row(sql, (who.device_id,)) or (0,))[0] <= PARK_BYTES_MAX
    assert company.ask_as("lea", PARK, b"y" * (PARK_BYTES_MAX - 10)).status == 200
    answer = company.ask_as("lea", PARK, b"z" * 11)
    assert msgspec.json.decode(answer.body, type=Problem).params["limit"] == "parked_bytes"


def test_a_changeset_of_too_many_changes_is_refused_alone(company: Company) -> None:
    change = edit(OWN, name="X")
    assert pushed(company, *(change,) * (CHANGES_MAX + 1)) == "changeset.too_large"


def test_a_small_body_that_grows_is_stopped_at_its_limit(company: Company) -> None:
    bomb = zstandard.compress(bytes(1 << 28))
    wide = zstandard.ZstdCompressor(
        compression_params=zstandard.ZstdCompressionParameters(window_log=27, enable_ldm=True)
    ).compress(bytes(1 << 28))
    assert len(bomb) < 64 * 1024
    for body, expected in (
        (bomb, (413, "request.too_large")), (wide, (400, "request.malformed")),
        (bomb[:-5], (413, "request.too_large")), (bomb[:20], (400, "request.malformed")),
        (b"\x28\xb5\x2f\xfd", (400, "request.malformed")), (b"", (400, "request.malformed")),
    ):  # fmt: skip
        answer = company.ask_as("ann", PUSH, body, ("content-encoding", "zstd"))
        assert refusal(answer) == expected


@pytest.mark.parametrize("encoding", ["gzip", "br", "zstd, zstd", "zstd\0", "ZSTD?", "x" * 9000])
def test_an_encoding_that_was_not_agreed_is_malformed(company: Company, encoding: str) -> None:
    answer = company.ask_as("ann", PUSH, b"\x1f\x8b", ("content-encoding", encoding))
    assert refusal(answer) == (400, "request.malformed")


# Texts


@pytest.mark.parametrize("new", ['{"name":"a\\u0000b"}', '{"custom":{"a":"\\u0000"}}'])
def test_a_nul_is_refused_by_field(company: Company, new: str) -> None:
    body = raw_push(company, raw_change(new=new)).body
    assert b'"field.invalid"' in body


@pytest.mark.parametrize("name", ['"\\u0000"', '"' + "x" * 100_000 + '"', '"a\\u0000b"'])
def test_a_name_of_no_field_is_refused_and_not_kept(company: Company, name: str) -> None:
    for _ in range(2):
        answer = raw_push(company, raw_change(new=f'{{{name}:"x"}}'))
        assert answer.status == 200
        assert b'"field.unknown"' in answer.body
    with company.organisations.open("acme").service.store.read() as tx:
        assert tx.row("SELECT 1 FROM refused WHERE length(field) > 40") is None


@pytest.mark.parametrize(
    "new", ['{"name":"\\ud800"}', '{"\\udc00":1}', '{"name":"\ud800"}', '{"name":"\\ud800\\ud800"}']
)
def test_half_a_character_is_malformed(company: Company, new: str) -> None:
    assert refusal(raw_push(company, raw_change(new=new))) == (400, "request.malformed")


@pytest.mark.parametrize("depth", [20, 1000, 100_000])
@pytest.mark.parametrize("pair", ["[]", ('{"a":', "}")])
def test_deep_nesting_is_malformed(company: Company, depth: int, pair: tuple[str, str]) -> None:
    deep = pair[0] * depth + ("" if pair[0] == "[" else "1") + pair[1] * depth
    answer = raw_push(company, raw_change(new=f'{{"custom":{deep}}}'))
    assert refusal(answer) == (400, "request.malformed")


@pytest.mark.parametrize("number", ["1e400", "NaN", "-Infinity", "1" * 400, "1.5", "1e-999999999"])
def test_a_number_that_no_store_takes_is_refused(company: Company, number: str) -> None:
    answer = raw_push(company, raw_change(new=f'{{"custom":{{"a":{number}}}}}'))
    assert answer.status == 400 or b'"field.invalid"' in answer.body


def test_of_a_key_said_twice_the_last_counts(company: Company) -> None:
    mine = fresh()
    change = raw_change(f'"{BOBS}","id":"{mine}"', '{"name":"First","name":"Last"}', op='"insert"')
    assert b'"result":"applied"' in raw_push(company, change).body
    pulled = company.ask_as("ann", PULL, encode(PullRequest()))
    assert b'"Last"' in pulled.body
    assert b'"First"' not in pulled.body


def test_a_long_unique_value_is_taken_once(company: Company) -> None:
    code = "aß世" * 10_000
    first = Change("account", fresh(), Op.INSERT, {"name": "A", "uscc": code})
    second = Change("account", fresh(), Op.INSERT, {"name": "B", "uscc": code.upper()})
    assert pushed(company, first) == "applied"
    assert pushed(company, second) == "field.taken"


@pytest.mark.parametrize(
    "word", ["login", "password", "device_id", "device_name", "os", "app_version"]
)
def test_a_sign_in_with_a_nul_is_refused(company: Company, word: str) -> None:
    request = {
        "login": "ann", "password": PASSWORD, "device_id": device_of("x"), "device_name": "L",
        "public_key": DEVICE_KEY.public_hex, "organisation": "acme",
    }  # fmt: skip
    request[word] = f"{request.get(word, '')}\0"
    assert company.ask("POST", SIGN_IN, encode(request)).status in (400, 401)


@pytest.mark.parametrize("body", [b"\xff", b'[{"id":"\xff"}]', b"[" * 100_000, b"\0"])
def test_whatever_is_parked_is_kept(company: Company, body: bytes) -> None:
    assert company.ask_as("ann", PARK, body).status == 200


# Time


def test_a_body_that_drips_is_given_up(company: Company, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "BODY_SILENCE_S", 0.05)
    answer = company.ask_slowly("ann", PUSH, (b"{", b""), pause_s=0.5)
    assert (answer.status, answer.headers["retry-after"]) == (503, "1")


def test_a_body_that_drips_on_and_on_is_given_up(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "BODY_S_MAX", 0.1)
    answer = company.ask_slowly("ann", PUSH, (b" ",) * 20, pause_s=0.02)
    assert answer.status == 503


def test_a_stream_that_nobody_reads_is_given_up_and_gives_all_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answers, "BODY_SILENCE_S", 0.05)
    closed: list[bool] = []
    sent: list[Message] = []

    async def lines() -> AsyncGenerator[bytes]:
        try:
            while True:
                yield b"line"
        finally:
            closed.append(True)

    async def send(message: Message) -> None:
        sent.append(message)
        await asyncio.sleep(10 if len(sent) > 3 else 0)

    asyncio.run(answers.Stream(lines()).stream_response(send))
    assert (len(sent), closed) == (4, [True])


@pytest.mark.parametrize("version", ["2.3", "2.4"])
def test_a_file_that_nobody_reads_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    monkeypatch.setattr(answers, "BODY_SILENCE_S", 0.05)
    (tmp_path / "file").write_bytes(bytes(10 * answers.Content.chunk_size))
    sent: list[Message] = []

    async def receive() -> Message:
        await asyncio.sleep(10)
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        await asyncio.sleep(10 if len(sent) > 3 else 0)

    scope: Scope = {
        "type": "http", "method": "GET", "headers": [], "asgi": {"spec_version": version},
    }  # fmt: skip
    asyncio.run(answers.Content(tmp_path / "file")(scope, receive, send))
    assert len(sent) == 4
