"""The engine: the order of things, failures, the cursor, and what is said of it."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from crm_core.changes import ChangeSet
from crm_core.errors import CrmError, Refused
from crm_core.ids import ChangeSetId, DeviceId
from crm_core.wire import End, Mark, PullItem, PushResponse
from crm_desktop import signing
from crm_desktop.models import outbox
from crm_desktop.models.journal import settling
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.replica import Applied, Parked, Settled, SyncState, Verdict
from crm_desktop.sync import effects as do
from crm_desktop.sync import failures, runner, status
from crm_desktop.sync.runner import Runner
from crm_desktop.sync.session import Session
from crm_server.pull import ALL_ENTERED
from tests.models import test_pull
from tests.profile import test_profile
from tests.simulator.mutants.mutant import Mutant, forget
from tests.simulator.mutants.planting import patch
from tests.sync import test_session, test_status


@contextmanager
def cursor_before_rows() -> Generator[None]:
    """The cursor is committed with the first part of a pull, before the rest of its rows."""
    apply, finish = Outbox.apply, Outbox.finish

    def hasty_part(self: Outbox, items: Sequence[PullItem], mark: Mark | None) -> Applied:
        if mark is not None:
            _set_cursor(self, mark.cursor)
        return apply(self, items, mark)

    def hasty_end(self: Outbox, items: Sequence[PullItem], end: End) -> Verdict:
        _set_cursor(self, end.hi)
        return finish(self, items, end)

    with patch.object(Outbox, "apply", hasty_part), patch.object(Outbox, "finish", hasty_end):
        yield


def _set_cursor(outbox_: Outbox, cursor: int) -> None:
    with outbox_._store.writing() as c:
        c.run("UPDATE sync_state SET cursor = ?, pull_open = 0", (cursor,))


@contextmanager
def mark_before_rows() -> Generator[None]:
    """With the first part of a long pull all roots are noted as held, those to come as well."""
    apply = Outbox.apply

    def hasty(self: Outbox, items: Sequence[PullItem], mark: Mark | None) -> Applied:
        ahead = Mark(mark.cursor, ALL_ENTERED) if mark is not None else None
        return apply(self, items, ahead)

    with patch.object(Outbox, "apply", hasty):
        yield


@contextmanager
def page_without_its_cursor() -> Generator[None]:
    """A part of a long pull is committed without the place to resume from."""
    apply = Outbox.apply

    def absent_minded(self: Outbox, items: Sequence[PullItem], mark: Mark | None) -> Applied:
        del mark
        return apply(self, items, None)

    with patch.object(Outbox, "apply", absent_minded):
        yield


@contextmanager
def first_in_first_out() -> Generator[None]:
    """The outbox is a queue: behind a changeset that waits for a person nothing goes out."""
    take = Outbox.take_outbox

    def in_line(
        self: Outbox, changesets_max: int, bytes_max: int, behind: ChangeSetId | None = None
    ) -> tuple[ChangeSet, ...]:
        taken = take(self, changesets_max, bytes_max, behind)
        with self._store.reader() as c:
            late = c.rows(
                "SELECT id FROM changeset WHERE n >"
                " (SELECT min(n) FROM changeset WHERE state IN ('rejected', 'held', 'blocked'))"
            )
        waiting = {key.hex() for (key,) in late}
        return tuple(one for one in taken if one.id not in waiting)

    with patch.object(Outbox, "take_outbox", in_line):
        yield


@contextmanager
def conflict_holds_the_cursor() -> Generator[None]:
    """The cursor stays where it is as long as a conflict is open."""
    finish = Outbox.finish

    def held(self: Outbox, items: Sequence[PullItem], end: End) -> Verdict:
        with self._store.reader() as c:
            is_open = c.one("SELECT 1 FROM conflict WHERE state = 'open' AND deleted = 0")
            cursor = c.value("SELECT cursor FROM sync_state")
        hi = cursor if is_open and cursor else end.hi
        return finish(self, items, msgspec.structs.replace(end, hi=hi))

    with patch.object(Outbox, "finish", held):
        yield


@contextmanager
def forbidden_as_rejection() -> Generator[None]:
    """A 403 is taken for a verdict on the data that was sent."""

    def verdict(code: str, params: Mapping[str, str]) -> CrmError:
        del code, params
        return Refused("changeset.too_large", "refused")

    with patch.object(failures, "_forbidden", verdict):
        yield


@contextmanager
def busy_as_rejection() -> Generator[None]:
    """So is a 429 or 503."""

    def verdict(code: str, params: Mapping[str, str], retry_after_s: float) -> CrmError:
        del code, params, retry_after_s
        return Refused("request.malformed", "refused")

    with patch.object(failures, "_throttled", verdict):
        yield


@contextmanager
def ack_is_the_end() -> Generator[None]:
    """What the server has acknowledged is forgotten before the feed has shown it."""
    settle = settling.settle

    def content(receipt: Any, answer: PushResponse) -> Settled:
        done = settle(receipt, answer)
        forget(receipt.c, "state = 'acked'")
        return done

    with patch.object(settling, "settle", content):
        yield


@contextmanager
def nobody_compares() -> Generator[None]:
    """The digests are not compared, and rows get lost on their way: all is said to be well."""
    take = outbox.take_items

    def careless(receipt: Any, items: Sequence[PullItem]) -> None:
        take(receipt, items[:-1] if len(items) > 2 else items)

    def never_differing(c: Any, end: End, now: str, *_: Any, **__: Any) -> bool:
        c.run("UPDATE sync_state SET verified_at = ?, verified_cursor = ?", (now, end.hi))
        return True

    with (
        patch.object(outbox, "take_items", careless),
        patch.object(outbox, "_compare", never_differing),
    ):
        yield


@contextmanager
def unconfirmed_is_up_to_date() -> Generator[None]:
    """Up to date is said while what was acknowledged is not yet seen in the feed."""

    def proved(sync: SyncState, parked: Parked) -> bool:
        still = not (parked.pending or parked.needs_you or parked.blocked)
        return bool(sync.verified_at) and still

    with patch.object(status, "is_proved", proved):
        yield


@contextmanager
def status_without_digest() -> Generator[None]:
    """Up to date is said where nothing waits, whatever the digests say."""

    def proved(sync: SyncState, parked: Parked) -> bool:
        still = not (parked.pending or parked.unconfirmed or parked.needs_you or parked.blocked)
        return still and not sync.pull_open

    with patch.object(status, "is_proved", proved):
        yield


@contextmanager
def device_id_per_installation() -> Generator[None]:
    """A copied installation goes on under the id of the one that it was copied from."""

    def same_for_all(self: Session) -> DeviceId:
        return self._device

    with patch.object(Session, "device", property(same_for_all)):
        yield


@contextmanager
def another_user_let_in() -> Generator[None]:
    """Whoever signs in goes on with the profile that is there, and sends its outbox as his own."""
    with patch.object(signing, "_check_same_user", lambda *_: None):
        yield


@contextmanager
def younger_answer_first() -> Generator[None]:
    """Of two pushes under way the answer to the younger one is taken for that to the older."""

    def hear(self: Runner, effect: do.HearPush) -> PushResponse:
        self._sending.rotate(1)
        return heard(self, effect)

    heard = Runner.hear_push
    with patch.object(runner, "_HANDLERS", {**runner._HANDLERS, do.HearPush: hear}):
        yield


MUTANTS = (
    Mutant("cursor before rows", cursor_before_rows, 5),
    Mutant("mark before rows", mark_before_rows, 5),
    Mutant(
        "page without its cursor", page_without_its_cursor, 5,
        test_pull.test_a_pull_cut_short_goes_on_from_its_mark,
    ),
    Mutant("FIFO queue", first_in_first_out, 11),
    Mutant("conflict holding the cursor", conflict_holds_the_cursor, 11),
    Mutant("403 as rejection", forbidden_as_rejection, 3),
    Mutant("busy server as rejection", busy_as_rejection, 3),
    Mutant("acked forgotten before confirmed", ack_is_the_end, 1),
    Mutant("digest not compared", nobody_compares, 12),
    Mutant("answers in the wrong order", younger_answer_first, 11),
    Mutant("up to date before confirmed", unconfirmed_is_up_to_date, 12),
    Mutant(
        "status without digest", status_without_digest, 12,
        test_status.test_without_agreeing_digests_it_is_still_fetching,
        {"doubt": {"verified_at": ""}},
    ),
    Mutant(
        "device id per installation", device_id_per_installation, 14,
        test_session.test_a_clone_goes_on_under_the_id_that_it_was_given,
    ),
    Mutant(
        "token of another user used", another_user_let_in, 14,
        test_profile.test_another_user_cannot_take_over_a_profile, {"login": "nancy"},
    ),
)  # fmt: skip
