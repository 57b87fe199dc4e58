"""Passwords: Argon2id, two at a time, and a dummy for logins that do not exist."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from crm_core.errors import Refused, UserProblem
from crm_core.i18n import tr_noop

MEMORY_KIB = 64 * 1024
PASSES = 3
AT_A_TIME = 2
"""More at once would let strangers fill the memory; the others are told to wait."""

PASSWORD_BYTES_MAX = 1024


class Passwords:
    """Hashes and verifies; tests inject cheap parameters."""

    def __init__(self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        self._slots = threading.BoundedSemaphore(AT_A_TIME)
        self._dummy: str | None = None

    def hash(self, password: str) -> str:
        """The hash to keep of a new password."""
        check_password(password)
        return self._hasher.hash(password)

    def matches(self, kept: str | None, password: str) -> bool:
        """Whether a password belongs to a hash; for no hash it takes as long and says no.

        Raises Refused `server.busy` while two others are being judged.
        """
        if not self._slots.acquire(blocking=False):
            raise Refused("server.busy", tr_noop("Others are signing in; try again."))
        try:
            return self._judge(kept, password)
        finally:
            self._slots.release()

    def _judge(self, kept: str | None, password: str) -> bool:
        if self._dummy is None:
            self._dummy = self._hasher.hash("nobody's password")
        try:
            found = self._hasher.verify(kept or self._dummy, password[:PASSWORD_BYTES_MAX])
        except (VerificationError, InvalidHashError):
            return False
        return found and kept is not None


def check_password(password: str) -> None:
    """Raise UserProblem for a password that is none."""
    if not password.strip():
        raise UserProblem(tr_noop("The password is empty."))
    if len(password.encode()) > PASSWORD_BYTES_MAX:
        raise UserProblem(tr_noop("The password is longer than {most} bytes."), most=1024)
