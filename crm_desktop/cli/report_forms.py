"""The forms that `report` prints: what can be asked for, without loading what draws them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from crm_core.i18n import tr_noop

if TYPE_CHECKING:
    from crm_desktop.models.cards import AccountCard

Press: TypeAlias = "Callable[[AccountCard], bytes]"
"""Makes a card into a PDF of one page; the command line knows no Qt and is handed one."""


@dataclass(frozen=True, slots=True)
class Form:
    """A printed form: what it is, of which kind of record, and the endings it is written to."""

    title: str
    kind: str
    endings: tuple[str, ...] = (".pdf",)


FORMS: Mapping[str, Form] = {"card": Form(tr_noop("Account card, one page of A4"), "account")}
