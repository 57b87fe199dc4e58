"""What the window says in the line above the panes, and the way out that its button takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from crm_core.errors import CrmError
from crm_desktop.i18n import tr, words
from crm_desktop.runtime.standing import Standing
from crm_desktop.views.kit.banner import Banner
from crm_desktop.views.kit.decided_words import decided_words
from crm_desktop.views.kit.offers import outcome_words
from crm_desktop.views.kit.outdated import OUTDATED, outdated_words
from crm_desktop.views.kit.words import merged_words, sentences
from crm_desktop.views.shell.unsaved import Unsaved

if TYPE_CHECKING:
    from crm_desktop.models.decided import Decision
    from crm_desktop.models.forgotten import Dropped
    from crm_desktop.models.handing import Handed
    from crm_desktop.models.inbox import StuckRow
    from crm_desktop.models.merging import Moved

MOVED_TOLD_MAX = 3
HANDED_TOLD_MAX = 3
DECIDED_TOLD_MAX = 3
"""One line holds no more; all of it stands in the records' history."""

WayOut = Callable[[], object]


class Telling(QObject):
    """Speaks in the banner. Parent: the banner."""

    def __init__(
        self, banner: Banner, *, sign_in: WayOut, resume: Callable[[Unsaved], object]
    ) -> None:
        super().__init__(banner)
        self._banner = banner
        self._sign_in, self._resume = sign_in, resume
        self._way_out: WayOut = sign_in
        self._sign_in_told = False
        self._first_fetch_told = False
        self._outdated_told = False
        banner.acted.connect(self._act)

    def tell_failure(self, error: CrmError) -> None:
        """Say what went wrong."""
        self._banner.say(words(error.message))

    def tell_standing(self, standing: Standing) -> None:
        """Say what of it a person has to know at once: each once, until it is over."""
        self._tell_signed_out(is_out=standing.state == "signed_out")
        self._tell_outdated(is_so=standing.failure == OUTDATED, waiting=standing.waiting)
        self._tell_first_fetch(is_on=standing.state == "fetching" and not standing.verified)

    def tell_unsaved(self, found: tuple[Unsaved, ...]) -> None:
        """Offer the forms that were typed into and not saved, where nothing else is said."""
        if found and self._banner.isHidden():
            said = tr("Typed and not saved: {titles}", titles=tr(", ").join(x.title for x in found))
            self._offer(said, tr("Open record"), partial(self._resume, found[0]))

    def tell_moved(self, found: Sequence[Moved], open_record: Callable[[str, str], object]) -> None:
        """Say that records were merged on which somebody has worked here, and lead there."""
        said = dict.fromkeys(merged_words(one.former, one.title) for one in found if one.former)
        seen = next((one for one in found if one.former and one.title), None)
        if not said:
            return
        text = sentences(*[*said][:MOVED_TOLD_MAX])
        if seen is None:
            self._banner.say(text)
        else:
            self._offer(text, tr("Open record"), partial(open_record, seen.kind, seen.into))

    def tell_dropped(self, found: Sequence[Dropped]) -> None:
        """Say what was not kept of own work: somebody was erased before its author had heard."""
        from crm_core.catalog import CATALOG

        names = dict.fromkeys(
            tr(CATALOG[one.kind].by_name[x].label) for one in found for x in one.fields
        )
        if names:
            text = tr(
                "Erased at the person's request, and what you had entered was not kept: {fields}.",
                fields=tr(", ").join(names),
            )
            self._banner.say(text)

    def tell_handed(self, found: Sequence[Handed]) -> None:
        """Say what became of work that was offered to others; the inbox's history keeps it."""
        said = [f"{one.label} · {outcome_words(one.codes)}" for one in found]
        if said:
            self._banner.say("\n".join(said[:HANDED_TOLD_MAX]))

    def tell_entered(self, found: Sequence[StuckRow]) -> None:
        """Say that a colleague entered what the server had refused to this user."""
        said = dict.fromkeys(
            tr("A colleague entered what was refused to you: {title}.", title=x.title)
            for x in found
        )
        if said:
            self._banner.say("\n".join([*said][:DECIDED_TOLD_MAX]))

    def tell_decided(self, found: Sequence[Decision]) -> None:
        """Say what others decided about values of this user; the inbox's history keeps it."""
        said = [decided_words(one) for one in found]
        if said:
            self._banner.say("\n".join(said[:DECIDED_TOLD_MAX]))

    def _tell_signed_out(self, *, is_out: bool) -> None:
        if is_out and not self._sign_in_told:
            text = tr("Please sign in again. Your unsent work is safe.")
            self._offer(text, tr("Sign in"), self._sign_in)
        self._sign_in_told = is_out

    def _tell_outdated(self, *, is_so: bool, waiting: int) -> None:
        """The way out of an old version is a new one, and nobody finds it by waiting."""
        if is_so and not self._outdated_told:
            self._banner.say(outdated_words(waiting))
        elif self._outdated_told and not is_so:
            self._banner.hide()
        self._outdated_told = is_so

    def _tell_first_fetch(self, *, is_on: bool) -> None:
        """What is empty may only not have come yet: say so until all of it is here."""
        if is_on and not self._first_fetch_told:
            self._banner.say(
                tr("Your data is on its way. What has come can be worked with already.")
            )
        elif self._first_fetch_told and not is_on:
            self._banner.hide()
        self._first_fetch_told = is_on

    def _offer(self, text: str, action: str, way_out: WayOut) -> None:
        self._banner.say(text, action=action)
        self._way_out = way_out

    def _act(self) -> None:
        self._banner.hide()
        self._way_out()
