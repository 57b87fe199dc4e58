"""What the server does about a person at this user's request: counting, erasing, handing out."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from PySide6.QtCore import QObject

from crm_core.errors import UNREADABLE, CrmError, UserProblem
from crm_core.i18n import tr_noop
from crm_desktop.runtime.asking import Desk
from crm_desktop.writing import write_atomically

if TYPE_CHECKING:
    from crm_core.wire import PersonErased, PersonHeld
    from crm_desktop.sync.session import Session

_TEXT = "person.json"
"""The part of the archive that says how much was left out."""


class Lacking(msgspec.Struct, frozen=True):
    """What an export leaves out: so many records that its maker does not see, and the names of
    fields that are withheld from him."""

    left_out: int = 0
    withheld: tuple[str, ...] = ()


class PrivacyDesk(Desk):
    """Has people's data counted, erased and handed out."""

    def count(
        self, kind: str, record_id: str, then: Callable[[PersonHeld], None], *, owner: QObject,
        failed: Callable[[CrmError], None],
    ) -> None:  # fmt: skip
        """Hand over how much would go."""
        self._ask(
            lambda session: session.person_held(kind, record_id), then, owner=owner, failed=failed
        )

    def erase(
        self, kind: str, record_id: str, then: Callable[[PersonErased], None], *, owner: QObject,
        failed: Callable[[CrmError], None],
    ) -> None:  # fmt: skip
        """Erase a person, everywhere and for good."""
        self._ask(
            lambda session: session.erase_person(kind, record_id), then, owner=owner, failed=failed
        )

    def export(
        self, kind: str, record_id: str, path: Path, then: Callable[[Lacking], None], *,
        owner: QObject, failed: Callable[[CrmError], None],
    ) -> None:  # fmt: skip
        """Write what this user sees of a person into a ZIP that he alone can read, and hand over
        what is not in it."""

        def job(session: Session) -> Lacking:
            content = session.export_person(kind, record_id)
            lacking = _lacking(content)
            write_atomically(path, content)
            return lacking

        self._ask(job, then, owner=owner, failed=failed)


def _lacking(content: bytes) -> Lacking:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return msgspec.json.decode(archive.read(_TEXT), type=Lacking)
    except (zipfile.BadZipFile, KeyError, *UNREADABLE) as error:
        raise UserProblem(tr_noop("The server answered in a form unknown here.")) from error
