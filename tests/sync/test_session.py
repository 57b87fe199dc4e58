"""Tokens: kept in the store, renewed by the device's signature, never lost to a lost answer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from crm_core.errors import CrmError, Refused, SignedOut, Unavailable, UserProblem
from crm_core.ids import DeviceId, RecordId
from crm_core.wire import (
    DeviceEntry,
    DeviceList,
    End,
    PullRequest,
    PushRequest,
    RefreshRequest,
    SignInResponse,
    decode,
    encode,
)
from crm_desktop.models.meta import META_BYTES_MAX
from crm_desktop.sync.failures import BadAnswer, TokenExpired, of_answer
from crm_desktop.sync.session import PATH_DEVICES, PATH_WITHDRAW, DeviceKey, Session

NOW = dt.datetime(2026, 11, 22, 8, 0, tzinfo=dt.UTC)


def tokens(access: str, refresh: str) -> SignInResponse:
    return SignInResponse(access, refresh, 900, RecordId("u"), "d1", "org", "", "e1", "rep")


class Memory(dict[str, str]):
    def meta(self, name: str) -> str | None:
        return self.get(name)

    def set_meta(self, name: str, value: str) -> None:
        self[name] = value


class Client:
    """Answers from a list; remembers what was sent."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[str, bytes, str]] = []

    def get(self, path: str, token: str = "") -> bytes:
        return self.post(path, b"", token)

    def post(self, path: str, body: bytes, token: str = "") -> bytes:
        self.sent.append((path, body, token))
        answer = self.answers.pop(0)
        if isinstance(answer, CrmError):
            raise answer
        return answer

    @contextmanager
    def lines(self, path: str, body: bytes, token: str = "") -> Generator[Iterator[bytes]]:
        yield iter(self.post(path, body, token).split(b"\n"))

    def exchange(
        self, method: str, path: str, body: bytes, token: str, headers: Mapping[str, str], /
    ) -> tuple[bytes, Mapping[str, str]]:
        return self.post(path, body, token), {}

    def expect_answer(self) -> None:
        """Nobody waits here."""

    def close(self) -> None:
        """Nothing is open here."""


def session(client: Client, memory: Memory | None = None) -> Session:
    made = Session(
        client, memory if memory is not None else Memory(), DeviceId("d1"), DeviceKey.generate(),
        lambda: NOW,
    )  # fmt: skip
    made.keep(tokens("a1", "r1"))
    return made


def test_a_refresh_is_signed_by_the_devices_key() -> None:
    client = Client(encode(tokens("a2", "r2")))
    signed_in = session(client)
    key = DeviceKey.generate()
    signed_in._key = key
    signed_in.refresh()
    request = decode(client.sent[0][1], RefreshRequest)
    public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(key.public_hex))
    public.verify(bytes.fromhex(request.signature), f"r1{request.at}".encode())


def test_a_refresh_whose_answer_is_lost_is_tried_with_the_same_token() -> None:
    client = Client(Unavailable("gone"), encode(tokens("a2", "r2")))
    signed_in = session(client)
    with pytest.raises(Unavailable):
        signed_in.refresh()
    signed_in.refresh()
    offered = [decode(body, RefreshRequest).refresh_token for _, body, _ in client.sent]
    assert offered == ["r1", "r1"]


def test_a_refused_refresh_signs_out_and_says_so() -> None:
    signed_in = session(Client(TokenExpired("ended")))
    with pytest.raises(SignedOut):
        signed_in.refresh()
    assert not signed_in.signed_in


def test_a_proxys_refusal_of_a_refresh_does_not_sign_out() -> None:
    signed_in = session(Client(BadAnswer("a proxy")))
    with pytest.raises(BadAnswer):
        signed_in.refresh()
    assert signed_in.signed_in


def test_the_devices_are_asked_for_once_more_with_a_good_token() -> None:
    listed = DeviceList((DeviceEntry("d1", RecordId("u"), "nancy"),), "d1")
    client = Client(TokenExpired("ended"), encode(tokens("a2", "r2")), encode(listed))
    assert session(client).devices() == listed
    assert [(path, token) for path, _, token in client.sent if path == PATH_DEVICES] == [
        (PATH_DEVICES, "a1"), (PATH_DEVICES, "a2"),
    ]  # fmt: skip


def test_an_older_server_that_lists_no_devices_is_told_as_such() -> None:
    with pytest.raises(UserProblem) as said:
        session(Client(of_answer(404, "request.malformed", {}))).devices()
    assert "older" in str(said.value)
    with pytest.raises(Refused):
        session(Client(of_answer(404, "device.not_found", {}))).devices()


def test_a_device_is_withdrawn_by_its_id() -> None:
    client = Client(b"{}")
    session(client).withdraw("d2")
    assert client.sent == [(PATH_WITHDRAW, encode({"device": "d2"}), "a1")]


def test_without_tokens_nothing_is_sent() -> None:
    client = Client()
    signed_out = Session(client, Memory(), DeviceId("d1"), DeviceKey.generate(), lambda: NOW)
    with pytest.raises(SignedOut):
        signed_out.push(PushRequest("e1", 1, ()))
    assert client.sent == []


def test_signing_out_without_a_network_still_forgets_the_tokens() -> None:
    signed_in = session(Client(Unavailable("gone")))
    with pytest.raises(Unavailable):
        signed_in.sign_out()
    assert not signed_in.signed_in


def test_a_clone_goes_on_under_the_id_that_it_was_given() -> None:
    signed_in = session(Client())
    assert signed_in.device == "d1"
    signed_in.keep(SignInResponse("a", "r", 900, RecordId("u"), "d2", "org", "", "e1", "rep"))
    assert signed_in.device == "d2"


@pytest.mark.parametrize("line", [b'{"type":"page"}', b"[" * 5000, b'{"type":"nonsense"}', b"\xff"])
def test_a_line_that_is_no_item_is_a_bad_answer(line: bytes) -> None:
    client = Client(encode(End(9, 0, 0)) + b"\n" + line)
    with session(client).pull(PullRequest()) as items:
        found = iter(items)
        assert next(found) == End(9, 0, 0)
        with pytest.raises(BadAnswer):
            next(found)


def test_the_limit_of_a_file_is_known_from_the_sign_in_on() -> None:
    memory, answer = Memory(), tokens("a1", "r1")
    made = session(Client(), memory)
    made.keep(msgspec.structs.replace(answer, file_bytes_max=5))
    assert memory.meta(META_BYTES_MAX) == "5"
    made.keep(answer)
    assert memory.meta(META_BYTES_MAX) == "5", "an older server says nothing"
