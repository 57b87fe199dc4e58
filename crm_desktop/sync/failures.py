"""What can go wrong on the way to the server and back, in five classes.

Only `data` ever touches a changeset; after the others the same work is offered again, unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from http import HTTPStatus

from crm_core.errors import CrmError, NotAllowed, Refused, SignedOut, Unavailable
from crm_core.i18n import tr_noop
from crm_core.problems import words_for

RETRY_AFTER_MAX_S = 3600
"""A server that asks for more is not believed."""

EPOCH = "request.epoch"
AHEAD = "push.ahead"
TOO_OLD = "request.too_old"
WITHDRAWN = "device.revoked"
MALFORMED = "request.malformed"
DATA_CODES = frozenset((MALFORMED, "request.too_large", "changeset.too_large"))
"""Codes that say of a request's content that it will never be taken."""


class FailureClass(StrEnum):
    """What a failure is about, and therefore what to do next: nobody answers; the sign-in is not
    good; the server answers that it cannot now; what answers is not understood; the data is bad;
    this version is too old for the server."""

    TRANSPORT = "transport"
    AUTH = "auth"
    THROTTLE = "throttle"
    PROTOCOL = "protocol"
    DATA = "data"
    OUTDATED = "outdated"


class TokenExpired(SignedOut):
    """The access token is no longer good; a refresh may help."""


class Withdrawn(NotAllowed):
    """IT has withdrawn this device: it may only leave its unsent work."""


class Throttled(Unavailable):
    """The server has too much to do; `retry_after_s` is what it asked for (0: it did not say)."""

    retry_after_s: float = 0.0


class ServerFailed(Unavailable):
    """The server, or what stands before it, was reached and cannot answer now."""


class BadAnswer(Unavailable):
    """What answered does not speak our protocol, or broke it."""


class TooLargeOnTheWay(BadAnswer):
    """Something before the server does not let a message of this size through."""


def class_of(error: CrmError) -> FailureClass:
    """The class of a failure."""
    if isinstance(error, Throttled | ServerFailed):
        return FailureClass.THROTTLE
    if isinstance(error, BadAnswer):
        return FailureClass.PROTOCOL
    if isinstance(error, Unavailable):
        return FailureClass.TRANSPORT
    if isinstance(error, SignedOut | NotAllowed):
        return FailureClass.AUTH
    if isinstance(error, Refused) and error.code in DATA_CODES:
        return FailureClass.DATA
    if isinstance(error, Refused) and error.code == TOO_OLD:
        return FailureClass.OUTDATED
    return FailureClass.PROTOCOL


def is_new_epoch(error: CrmError) -> bool:
    """Whether the server says that its history is not the one this device knows."""
    return isinstance(error, Refused) and error.code == EPOCH


def of_answer(
    status: int, code: str, params: Mapping[str, str], retry_after_s: float = 0.0
) -> CrmError:
    """The error that an HTTP answer stands for.

    `code` is empty where the answer was not ours (a proxy, a sign-in page of a hotel): then
    nothing may be concluded about the data that was sent.
    """
    if status == HTTPStatus.UNAUTHORIZED:
        return _unauthorised(code, params)
    if status == HTTPStatus.FORBIDDEN:
        return _forbidden(code, params)
    if status in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        return _throttled(code, params, retry_after_s)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServerFailed(
            tr_noop("The server failed (HTTP {status}); it will be tried again."), status=status
        )
    if not code and status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return TooLargeOnTheWay(
            tr_noop("Something between here and the server takes no large messages; ask your IT.")
        )
    if not code:
        return BadAnswer(
            tr_noop("What answers there is not a CRM server (HTTP {status}); check the address."),
            status=status,
        )
    words = words_for(code, params)
    return Refused(code, words.template, **words.params)


def _unauthorised(code: str, params: Mapping[str, str]) -> CrmError:
    if not code:
        return BadAnswer(
            tr_noop("Something between here and the server asks for a sign-in (HTTP 401); ask IT.")
        )
    words = words_for(code, params)
    if code == "auth.required":
        return TokenExpired(words.template, **words.params)
    if code == "auth.wrong":
        return NotAllowed(words.template, **words.params)
    return SignedOut(words.template, **words.params)


def _forbidden(code: str, params: Mapping[str, str]) -> CrmError:
    if not code:
        return BadAnswer(
            tr_noop("Something between here and the server forbids it (HTTP 403); ask your IT.")
        )
    words = words_for(code, params)
    made = Withdrawn if code == WITHDRAWN else NotAllowed
    return made(words.template, **words.params)


def _throttled(code: str, params: Mapping[str, str], retry_after_s: float) -> CrmError:
    words = words_for(code or "server.busy", params)
    made = Throttled(words.template, **words.params)
    made.retry_after_s = min(max(retry_after_s, 0.0), RETRY_AFTER_MAX_S)
    return made
