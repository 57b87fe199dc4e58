"""A signed-in user at a server: tokens, refreshes signed by this device's key, and the requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Protocol, TypeVar

import msgspec

from crm_core import wire
from crm_core.errors import Refused, SignedOut, UserProblem
from crm_core.i18n import tr_noop
from crm_core.ids import DeviceId
from crm_core.values import instant_of
from crm_desktop.models.meta import META_ADMITTED, META_BYTES_MAX
from crm_desktop.sync.failures import MALFORMED, BadAnswer, TokenExpired

PATH_SIGN_IN = "/auth/v1/sign-in"
PATH_REFRESH = "/auth/v1/refresh"
PATH_SIGN_OUT = "/auth/v1/sign-out"
PATH_PUSH = "/sync/v1/push"
PATH_PULL = "/sync/v1/pull"
PATH_HISTORY = "/sync/v1/history"
PATH_REFUSALS = "/sync/v1/refusals"
PATH_TWINS = "/sync/v1/duplicates"
PATH_PARK = "/sync/v1/park"
PATH_SEALED_KEY = "/sync/v1/sealed-key"
PATH_DEVICES = "/devices/v1/list"
PATH_WITHDRAW = "/devices/v1/withdraw"
PATH_HELD = "/privacy/v1/held"
PATH_ERASE = "/privacy/v1/erase"
PATH_EXPORT = "/privacy/v1/export"
PATH_PING = "/ping"

META_TOKENS = "session.tokens"
"""Where the tokens are kept inside the encrypted store."""

_T = TypeVar("_T")
_REFRESHING = threading.Lock()
"""One session of a device at a time gets new tokens: a refresh token is used once."""


class Vault(Protocol):
    """Small secrets inside the encrypted store (`models.store.Store` is one)."""

    def meta(self, name: str, /) -> str | None:
        """The value kept under a name."""
        ...

    def set_meta(self, name: str, value: str, /) -> None:
        """Keep a value."""
        ...


class Client(Protocol):
    """What carries requests (`sync.http.HttpClient` is one)."""

    def get(self, path: str, token: str = "") -> bytes:
        """GET."""
        ...

    def post(self, path: str, body: bytes, token: str = "") -> bytes:
        """POST."""
        ...

    def lines(
        self, path: str, body: bytes, token: str = ""
    ) -> AbstractContextManager[Iterable[bytes]]:
        """POST with a streamed answer; a sequence where all of it is here."""
        ...

    def exchange(
        self, method: str, path: str, body: bytes, token: str, headers: Mapping[str, str], /
    ) -> tuple[bytes, Mapping[str, str]]:
        """Any other request: the body of its answer, and the headers."""
        ...

    def expect_answer(self) -> None:
        """Start the time within which some answer has to come."""
        ...

    def close(self) -> None:
        """Close the connections."""
        ...


class DeviceKey:
    """The Ed25519 key by which a server knows this device; kept beside the database key."""

    def __init__(self, private_hex: str) -> None:
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        self.private_hex = private_hex
        self._key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(private_hex))

    @classmethod
    def generate(cls) -> DeviceKey:
        """A new key from the operating system's randomness."""
        from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

        return cls(Ed25519PrivateKey.generate().private_bytes_raw().hex())

    @property
    def public_hex(self) -> str:
        """The public half, 32 bytes as hexadecimal digits."""
        return self._key.public_key().public_bytes_raw().hex()

    def sign(self, text: str) -> str:
        """The signature over the text's UTF-8 bytes, as hexadecimal digits."""
        return self._key.sign(text.encode()).hex()


class Tokens(msgspec.Struct, frozen=True):
    """What the server gave this device to prove who it is."""

    access: str
    refresh: str
    device: str


class Session:
    """One device's sign-in at one server; implements `ports.Server`."""

    def __init__(
        self,
        client: Client,
        vault: Vault,
        device: DeviceId,
        key: DeviceKey,
        clock: Callable[[], datetime],
        version: str = "",
    ) -> None:
        self.client = client
        self._vault = vault
        self._device = device
        self._key = key
        self._clock = clock
        self._version = version
        self._used = ""

    @property
    def signed_in(self) -> bool:
        """Whether there are tokens; whether they are still good, only the server knows."""
        return self._tokens() is not None

    @property
    def device(self) -> DeviceId:
        """The id under which the server knows this device; a clone is given one of its own."""
        tokens = self._tokens()
        return DeviceId(tokens.device) if tokens is not None else self._device

    @property
    def access(self) -> str:
        """The access token, "" without one."""
        tokens = self._tokens()
        return tokens.access if tokens is not None else ""

    def expect_answer(self) -> None:
        """From now on some answer has to come in time, or the server counts as unreachable."""
        self.client.expect_answer()

    def keep(self, answer: wire.SignInResponse) -> None:
        """Take over the tokens of a sign-in or refresh, both at once."""
        tokens = Tokens(answer.access_token, answer.refresh_token, answer.device_id)
        self._vault.set_meta(META_ADMITTED, instant_of(self._clock()))
        self._vault.set_meta(META_TOKENS, msgspec.json.encode(tokens).decode())
        limit = str(answer.file_bytes_max)
        if answer.file_bytes_max and self._vault.meta(META_BYTES_MAX) != limit:
            self._vault.set_meta(META_BYTES_MAX, limit)

    def refresh(self) -> None:
        """Get a new access token; raises SignedOut where that takes the user's password.

        An answer that never arrives costs nothing: the server takes the old refresh token until
        its successor was used.
        """
        with _REFRESHING:
            tokens = self._required()
            if self._used in ("", tokens.access):
                self._refresh(tokens)

    def _refresh(self, tokens: Tokens) -> None:
        at = instant_of(self._clock())
        signature = self._key.sign(tokens.refresh + at)
        request = wire.RefreshRequest(tokens.refresh, tokens.device, at, signature, self._version)
        try:
            body = self.client.post(PATH_REFRESH, wire.encode(request))
        except SignedOut:
            self._forget()
            raise
        self.keep(decode_answer(body, wire.SignInResponse))

    def deposit_key(self, keys: str) -> None:
        """Have the server keep a copy of this database's key, or of several, one behind the other
        as hexadecimal digits; what it kept before is forgotten. Raises SignedOut and failures."""
        body = wire.encode({"database_key": keys})
        try:
            self.client.post(PATH_SEALED_KEY, body, self._asking())
        except TokenExpired:
            self.refresh()
            self.client.post(PATH_SEALED_KEY, body, self._asking())

    def sign_out(self) -> None:
        """End the sign-in on the server too, where it can be reached; what is here stays."""
        tokens = self._tokens()
        self._forget()
        if tokens is not None:
            self.client.post(PATH_SIGN_OUT, b"", tokens.access)

    def push(self, request: wire.PushRequest) -> wire.PushResponse:
        """Hand over changesets."""
        body = self.client.post(PATH_PUSH, wire.encode(request), self._asking())
        return decode_answer(body, wire.PushResponse)

    @contextmanager
    def pull(self, request: wire.PullRequest) -> Generator[Iterable[wire.PullItem]]:
        """Open a stream of what is new."""
        access = self._asking()
        with self.client.lines(PATH_PULL, wire.encode(request), access) as lines:
            yield [*_items(lines)] if isinstance(lines, Sequence) else _items(lines)

    def history(self, kind: str, record_id: str) -> tuple[wire.HistoryEntry, ...]:
        """Who changed what in a record, as the server wrote it down."""
        path = f"{PATH_HISTORY}/{kind}/{record_id}"
        body = self._with_good_token(lambda token: self.client.get(path, token))
        return decode_answer(body, tuple[wire.HistoryEntry, ...])

    def hidden_twin(self, asked: wire.TwinRequest) -> wire.HiddenTwin:
        """Whether a record out of sight holds what is being entered, masked."""
        body = wire.encode(asked)
        answer = self._with_good_token(lambda token: self.client.post(PATH_TWINS, body, token))
        return decode_answer(answer, wire.HiddenTwin)

    def refusals(self) -> tuple[wire.Refusal, ...]:
        """What was refused to colleagues whom this user leads; nothing from an older server."""
        body = self._with_good_token(lambda token: self.client.get(PATH_REFUSALS, token))
        return decode_answer(body, tuple[wire.Refusal, ...])

    def tell_still_refused(self, told: wire.StillRefused) -> None:
        """Say with which refused steps this user is not done."""
        body = wire.encode(told)
        self._with_good_token(lambda token: self.client.post(PATH_REFUSALS, body, token))

    def devices(self) -> wire.DeviceList:
        """The devices of this user; for IT everybody's. Raises UserProblem where the server is
        too old to tell."""
        with _known_to_server(
            tr_noop("The server is older than this application and lists no devices yet.")
        ):
            body = self._with_good_token(lambda token: self.client.get(PATH_DEVICES, token))
        return decode_answer(body, wire.DeviceList)

    def withdraw(self, device: str) -> None:
        """Withdraw a lost device. Raises Refused where it may not be."""
        asked = wire.encode({"device": device})
        self._with_good_token(lambda token: self.client.post(PATH_WITHDRAW, asked, token))

    def person_held(self, kind: str, record_id: str) -> wire.PersonHeld:
        """How much would go if a person were erased. Raises Refused, and UserProblem where the
        server is too old."""
        return decode_answer(self._about(PATH_HELD, kind, record_id), wire.PersonHeld)

    def erase_person(self, kind: str, record_id: str) -> wire.PersonErased:
        """Erase a person everywhere; doing it once more does no harm. Raises as `person_held`."""
        return decode_answer(self._about(PATH_ERASE, kind, record_id), wire.PersonErased)

    def export_person(self, kind: str, record_id: str) -> bytes:
        """A ZIP of what this user sees of a person. Raises as `person_held`."""
        return self._about(PATH_EXPORT, kind, record_id)

    def _about(self, path: str, kind: str, record_id: str) -> bytes:
        asked = wire.encode({"kind": kind, "id": record_id})
        with _known_to_server(
            tr_noop(
                "The server is older than this application: IT does this with `crm-server erase` "
                "and `crm-server export-person`."
            )
        ):
            return self._with_good_token(lambda token: self.client.post(path, asked, token))

    def _with_good_token(self, ask: Callable[[str], _T]) -> _T:
        """Ask the server, once more where the token was too old."""
        try:
            return ask(self._asking())
        except TokenExpired:
            self.refresh()
            return ask(self._asking())

    def exchange(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[bytes, Mapping[str, str]]:
        """Any other request in this user's name: the body of its answer, and the headers."""
        return self.client.exchange(method, path, body, self._asking(), headers)

    def park(self, body: bytes) -> None:
        """Leave unsent work with a server that has withdrawn this device."""
        self.client.post(PATH_PARK, body, self._required().access)

    def _asking(self) -> str:
        """The access token for a request, remembered: if it is too old, and another session of
        this device was faster in getting a new one, that is used."""
        self._used = self._required().access
        return self._used

    def _tokens(self) -> Tokens | None:
        kept = self._vault.meta(META_TOKENS)
        return msgspec.json.decode(kept, type=Tokens) if kept else None

    def _required(self) -> Tokens:
        tokens = self._tokens()
        if tokens is None:
            raise SignedOut(tr_noop("Please sign in again. Your unsent work is safe."))
        return tokens

    def _forget(self) -> None:
        self._vault.set_meta(META_TOKENS, "")


def sign_in(client: Client, request: wire.SignInRequest) -> wire.SignInResponse:
    """Register or greet this device; raises UserProblem for a wrong password, or a failure."""
    client.expect_answer()
    body = client.post(PATH_SIGN_IN, wire.encode(request))
    return decode_answer(body, wire.SignInResponse)


@contextmanager
def _known_to_server(otherwise: str) -> Generator[None]:
    """Raises UserProblem with these words where a server does not know a path."""
    try:
        yield
    except Refused as refused:
        if refused.code != MALFORMED:
            raise
        raise UserProblem(otherwise) from refused


def _items(lines: Iterable[bytes]) -> Iterator[wire.PullItem]:
    for line in lines:
        if line:
            yield decode_item(line)


def decode_item(line: bytes) -> wire.PullItem:
    """One line of a pull; raises BadAnswer."""
    try:
        return wire.PULL_ITEM_DECODER.decode(line)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise BadAnswer(tr_noop("The server answered in a form unknown here.")) from error


def decode_answer(body: bytes, shape: type[_T]) -> _T:
    """A whole answer; raises BadAnswer."""
    try:
        return wire.decode(body, shape)
    except Refused as error:
        raise BadAnswer(tr_noop("The server answered in a form unknown here.")) from error
