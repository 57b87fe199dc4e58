"""HTTP to one server: JSON both ways, zstd both ways, streams, time-outs, and every failure named.

With `one_piece` the only module that imports `requests`, `truststore` and `zstandard`; whoever
needs it, imports it when the first request is made, never at start-up.
"""

from __future__ import annotations

import email.utils
import socket
import ssl
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http import HTTPStatus
from types import MappingProxyType
from typing import IO, Protocol, TypeVar, cast
from urllib.parse import urlsplit

import requests
import truststore
import urllib3.exceptions as u3
import zstandard
from requests.auth import AuthBase
from typing_extensions import override

from crm_core import wire
from crm_core.errors import CrmError, Refused, Unavailable, UserProblem
from crm_core.i18n import tr_noop
from crm_desktop.sync.failures import BadAnswer, of_answer
from crm_desktop.sync.one_piece import OnePiece

COMPRESS_FROM_BYTES = 1024
"""Below this, a frame costs more than it saves."""

EVENTS = "text/event-stream"
ZSTD_LEVEL = 1
CHUNK_BYTES = 256 * 1024
SHORT_BYTES = 16 * 1024
"""A pull's answer of at most so many plain bytes, whose length is known, is read in one go."""

ANSWER_BYTES_MAX = 64 * 1024 * 1024
"""Decompressed; pushes answer with at most the rows that they touched."""

WINDOW_BYTES_MAX = 8 * 1024 * 1024
"""What RFC 8878 recommends decoders to support; a larger window is a memory bomb."""

PROXIES_FOR_S = 60.0
"""How long what the machine says about proxies counts, as long as the server answers."""

PROBLEM_BYTES_MAX = 64 * 1024


_E = TypeVar("_E", bound=BaseException)


@dataclass(frozen=True, slots=True)
class TimeOuts:
    """Seconds. `silence_s`: without a byte. `first_answer_s`: until a server answered at all.
    `progress_s`: without a whole answer, or a further line of a stream, while bytes drip in."""

    connect_s: float = 8.0
    silence_s: float = 30.0
    first_answer_s: float = 15.0
    progress_s: float = 120.0


class _Bearer(AuthBase):
    """Our own header; without it `requests` would put in whatever a .netrc says."""

    def __init__(self, token: str) -> None:
        self._token = token

    @override
    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token:
            r.headers["Authorization"] = f"Bearer {self._token}"
        return r


class _SystemTrust(OnePiece):
    """Certificates are judged as the operating system judges them (company CAs included)."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        super().__init__()

    @override
    def init_poolmanager(
        self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: object
    ) -> None:
        pool_kwargs["ssl_context"] = self._context
        super().init_poolmanager(connections, maxsize, block, **pool_kwargs)

    @override
    def cert_verify(self, conn: object, url: str, verify: object, cert: object) -> None:
        """The context decides; `requests` would add its own list of authorities."""


class HttpClient:
    """One server; used by one thread at a time, but for pushes once it has answered: two threads
    may be handing over one each."""

    def __init__(
        self,
        server: str,
        *,
        time_outs: TimeOuts | None = None,
        context: ssl.SSLContext | None = None,
    ) -> None:
        self.server = _checked(server)
        self._host = urlsplit(self.server).netloc
        self._time_outs = time_outs or TimeOuts()
        self._give_up_at = 0.0
        self._session = requests.Session()
        self._session.trust_env = False  # it would be asked anew for every request
        self._session.headers.update(
            {"Accept-Encoding": "zstd, identity", "Content-Type": "application/json"}
        )
        self._session.mount("http://", OnePiece())
        if self.server.startswith("https:"):
            trust = context or truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._session.mount("https://", _SystemTrust(trust))
        self._ask_for_proxies()
        self._proxies_until_s = 0.0
        self._streaming: requests.Response | None = None

    def _ask_for_proxies(self) -> None:
        """What this machine says about proxies; it changes with the network."""
        self._session.proxies = requests.utils.get_environ_proxies(self.server)

    def expect_answer(self) -> None:
        """From now on, a server that has not answered once by `first_answer_s` is given up."""
        was_silent = self._give_up_at > 0
        if was_silent or time.monotonic() > self._proxies_until_s:
            self._ask_for_proxies()
            self._proxies_until_s = time.monotonic() + PROXIES_FOR_S
        self._give_up_at = time.monotonic() + self._time_outs.first_answer_s

    def close(self) -> None:
        """Close the connections."""
        self._session.close()

    def get(self, path: str, token: str = "") -> bytes:
        """The body of a GET. Raises the errors of `sync.failures`."""
        with self._open("GET", path, b"", token) as response:
            return self._whole(response)

    def post(self, path: str, body: bytes, token: str = "") -> bytes:
        """The body of the answer to a POST. Raises the errors of `sync.failures`."""
        with self._open("POST", path, body, token) as response:
            return self._whole(response)

    def exchange(
        self, method: str, path: str, body: bytes, token: str, headers: Mapping[str, str]
    ) -> tuple[bytes, Mapping[str, str]]:
        """The body and the headers of the answer to any request; of a range, that part."""
        with self._open(method, path, body, token, headers) as response:
            return self._whole(response), response.headers

    @contextmanager
    def lines(self, path: str, body: bytes, token: str = "") -> Generator[Iterable[bytes]]:
        """The lines of a streamed answer, without their ends; a broken stream raises. A short
        answer is read at once, and comes as a sequence."""
        with self._open("POST", path, body, token) as response:
            lines = self._lines(response)
            yield [*lines] if _is_short(response.headers) else lines

    @contextmanager
    def events(self, path: str, token: str, after: int) -> Generator[Iterator[bytes]]:
        """The lines of a stream of server-sent events, from behind a place on."""
        headers = {"Accept": EVENTS, "Last-Event-ID": str(after)}
        with self._open("GET", path, b"", token, headers) as response:
            if not response.headers.get("Content-Type", "").startswith(EVENTS):
                raise of_answer(HTTPStatus.NOT_ACCEPTABLE, "", {})
            self._streaming = response
            try:
                yield self._lines(response)
            except ValueError as error:  # of a connection that was shut down while it was read
                raise self._broken() from error
            finally:
                self._streaming = None

    def hang_up(self) -> None:
        """End an open stream of events, from any thread: whoever reads it sees its end."""
        streaming = self._streaming
        if streaming is not None:
            with suppress(OSError, ValueError, RuntimeError):  # it has just ended by itself
                streaming.raw.shutdown()

    @contextmanager
    def _open(
        self, method: str, path: str, body: bytes, token: str,
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> Generator[requests.Response]:  # fmt: skip
        headers = dict(more)
        if len(body) >= COMPRESS_FROM_BYTES:
            body = zstandard.ZstdCompressor(level=ZSTD_LEVEL).compress(body)
            headers["Content-Encoding"] = "zstd"
        with self._failures_named():
            response = self._session.request(
                method, self.server + path, data=body or None, headers=headers,
                auth=_Bearer(token), timeout=self._patience(), stream=True, allow_redirects=False,
            )  # fmt: skip
        try:
            if response.status_code not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
                raise self._problem(response)
            self._give_up_at = 0.0
            yield response
        finally:
            response.close()

    def _patience(self) -> tuple[float, float]:
        times = self._time_outs
        give_up_at = self._give_up_at
        if not give_up_at:
            return times.connect_s, times.silence_s
        left = give_up_at - time.monotonic()
        if left <= 0:
            raise self._silent()
        return min(times.connect_s, left), min(times.silence_s, left)

    def _silent(self) -> Unavailable:
        return Unavailable(
            tr_noop("{host} does not answer. Nothing is lost; it will be tried again."),
            host=self._host,
        )

    def _problem(self, response: requests.Response) -> CrmError:
        try:
            body = b"".join(self._pieces(self._raw(response), response, PROBLEM_BYTES_MAX))
            problem = wire.decode(body, wire.Problem)
        except (Refused, BadAnswer):
            problem = wire.Problem("")
        if response.status_code < HTTPStatus.INTERNAL_SERVER_ERROR and problem.error:
            self._give_up_at = 0.0
        wait_s = _retry_after(response.headers)
        return of_answer(response.status_code, problem.error, problem.params, wait_s)

    def _whole(self, response: requests.Response) -> bytes:
        return b"".join(self._pieces(self._raw(response), response, ANSWER_BYTES_MAX))

    def _lines(self, response: requests.Response) -> Iterator[bytes]:
        rest: list[bytes] = []
        size = 0
        raw = self._raw(response)
        for piece in self._pieces(raw, response, None):
            *whole, last = piece.split(b"\n")
            for line in whole:
                yield b"".join((*rest, line))
                raw.note_progress()
                rest.clear()
                size = 0
            rest.append(last)
            size += len(last)
            if size > wire.PULL_LINE_BYTES_MAX:
                raise BadAnswer(tr_noop("The server sent more than was agreed."))
        if size:
            raise self._broken()

    def _raw(self, response: requests.Response) -> _Raw:
        return _Raw(response, self._time_outs.progress_s, self._broken)

    def _pieces(
        self, source: _Raw, response: requests.Response, bytes_max: int | None
    ) -> Iterator[bytes]:
        """The decompressed body in pieces, each of bounded size whatever the frame claims."""
        reader: _Readable = source
        if response.headers.get("Content-Encoding", "") == "zstd":
            decoder = zstandard.ZstdDecompressor(max_window_size=WINDOW_BYTES_MAX)
            reader = cast(
                "_Readable",
                decoder.stream_reader(cast("IO[bytes]", source), read_across_frames=True),
            )
        seen = 0
        while True:
            with self._failures_named(streaming=True):
                piece = reader.read(CHUNK_BYTES)
            if not piece:
                return
            seen += len(piece)
            if bytes_max is not None and seen > bytes_max:
                raise BadAnswer(tr_noop("The server sent more than was agreed."))
            yield piece

    def _broken(self) -> Unavailable:
        return Unavailable(
            tr_noop("{host} was gone in the middle. Nothing is lost; it will be tried again."),
            host=self._host,
        )

    @contextmanager
    def _failures_named(self, *, streaming: bool = False) -> Generator[None]:
        try:
            yield
        except (requests.RequestException, u3.HTTPError, OSError) as error:
            raise self._named(error, streaming=streaming) from error
        except zstandard.ZstdError as error:
            raise BadAnswer(
                tr_noop("What {host} sent cannot be unpacked."), host=self._host
            ) from error

    def _named(self, error: BaseException, *, streaming: bool) -> CrmError:
        chain = list(_causes(error))
        certificate = _first(chain, ssl.SSLCertVerificationError)
        if certificate is not None:
            return Unavailable(
                tr_noop("The certificate of {host} is not trusted here ({detail}); ask your IT."),
                host=self._host, detail=certificate.verify_message,
            )  # fmt: skip
        if _first(chain, ssl.SSLError) or _first(chain, u3.SSLError):
            return Unavailable(
                tr_noop("{host} does not answer with TLS; check http or https."), host=self._host
            )
        if _first(chain, socket.gaierror) or _first(chain, u3.NameResolutionError):
            return Unavailable(
                tr_noop("There is no server named {host}, or this computer is offline."),
                host=self._host,
            )
        if _first(chain, ConnectionRefusedError):
            return Unavailable(
                tr_noop("No server listens at {host}; it will be tried again."), host=self._host
            )
        if _first(chain, u3.ProxyError):
            return Unavailable(tr_noop("The proxy on the way to {host} failed."), host=self._host)
        if not streaming and (_first(chain, u3.TimeoutError) or _first(chain, TimeoutError)):
            return self._silent()
        if streaming or _first(chain, u3.ProtocolError) or _first(chain, ConnectionResetError):
            return self._broken()
        return Unavailable(tr_noop("{host} cannot be reached."), host=self._host)


class _Readable(Protocol):
    def read(self, size: int = -1, /) -> bytes: ...


class _Raw:
    """The undecoded body, as it arrives; given up where it only drips."""

    def __init__(
        self, response: requests.Response, progress_s: float, given_up: Callable[[], Unavailable]
    ) -> None:
        self._raw = response.raw
        self._progress_s = progress_s
        self._given_up = given_up
        self.note_progress()

    def note_progress(self) -> None:
        """Something whole has come."""
        self._until = time.monotonic() + self._progress_s

    def read(self, size: int = -1, /) -> bytes:
        if time.monotonic() > self._until:
            raise self._given_up()
        return bytes(self._raw.read1(size, decode_content=False))


def _checked(server: str) -> str:
    parts = urlsplit(server.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise UserProblem(
            tr_noop("'{address}' is not a server's address, such as https://crm.example.com."),
            address=server[:200],
        )
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and everything it stands for: causes, contexts and wrapped reasons."""
    seen: set[int] = set()
    waiting: list[object] = [error]
    while waiting:
        one = waiting.pop()
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        waiting.extend((one.__cause__, one.__context__, getattr(one, "reason", None), *one.args))


def _first(chain: list[BaseException], shape: type[_E]) -> _E | None:
    return next((one for one in chain if isinstance(one, shape)), None)


def _is_short(headers: Mapping[str, str]) -> bool:
    """Whether an answer is short and not packed: then it fills no memory, whatever it says."""
    length = headers.get("Content-Length", "")
    is_number = length.isascii() and length.isdigit() and len(length) <= len(str(SHORT_BYTES))
    return is_number and int(length) <= SHORT_BYTES and "Content-Encoding" not in headers


def _retry_after(headers: Mapping[str, str]) -> float:
    """Seconds from a Retry-After of either form (RFC 9110 §10.2.3); 0 where there is none."""
    text = headers.get("Retry-After", "").strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
        return max(0.0, moment.timestamp() - time.time())
    except (ValueError, OverflowError, OSError):
        return 0.0
