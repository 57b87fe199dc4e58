"""The one tree of errors.

CrmError
├── UserProblem          a person can mend it; its message is shown as it is          exit code 1
│   ├── InvalidValue     one field's value cannot be taken
│   ├── NotFound         the thing named does not exist, or not for this user
│   ├── NotAllowed       the role does not permit it                                  exit code 5
│   └── SignedOut        the sign-in has ended; nothing is lost                       exit code 5
├── Unavailable          the world failed; the same call may work later               exit code 4
├── Refused              the server answered with a stable code                       exit code 1
└── Bug                  we failed
"""

from __future__ import annotations

import msgspec
from typing_extensions import override

from crm_core.i18n import Message, Param

UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises for bytes that are no JSON of the expected form."""


class CrmError(Exception):
    """Root of the tree: carries a translatable message."""

    def __init__(self, template: str, /, **params: Param) -> None:
        self.message = Message(template, params)
        super().__init__(template)

    @override
    def __str__(self) -> str:
        return str(self.message)


class UserProblem(CrmError):
    """Something a person can mend; the message names the thing and the way out."""


class InvalidValue(UserProblem):
    """The value of one field cannot be taken."""

    def __init__(self, field: str, template: str, /, **params: Param) -> None:
        super().__init__(template, **params)
        self.field = field


class NotFound(UserProblem):
    """What was named does not exist, or this user cannot see it."""


class NotAllowed(UserProblem):
    """The user's role does not permit it."""


class SignedOut(UserProblem):
    """The sign-in has ended; work goes on locally and nothing is lost."""


class Unavailable(CrmError):
    """The network, a server, a disk or a lock failed; the same call may work later."""


class Refused(CrmError):
    """The server said no, with a stable code of `crm_core.problems`."""

    def __init__(self, code: str, template: str, /, **params: Param) -> None:
        super().__init__(template, **params)
        self.code = code


class Bug(CrmError):
    """We failed: an invariant of ours does not hold."""
