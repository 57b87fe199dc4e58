"""Push: exactly once, whole or not at all, in the history that the device knows."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import msgspec

from crm_core.changes import ChangeSet
from crm_core.merge import Result
from crm_core.wire import ChangeSetResult, PullRequest, PushRequest, PushResponse
from crm_server import backup, pushing
from crm_server.push import Pusher, Stored
from crm_server.pushing import Asked, Pushed
from crm_server.service import Principal, Service
from crm_server.store import Clock
from crm_server.work import Work
from tests.server import test_backup, test_ordered, test_pulling, test_refusing, test_repeating
from tests.simulator.mutants.mutant import Mutant
from tests.simulator.mutants.planting import patch


@contextmanager
def no_retry_key() -> Generator[None]:
    """The server does not look whether it has seen a changeset before."""
    take = Pusher.take

    def forgetful(self: Pusher, changeset: ChangeSet) -> ChangeSetResult:
        known = self.known.pop(changeset.id, None)
        result = take(self, changeset)
        if known is not None:
            self.applied = [one for one in self.applied if one[0].id != changeset.id]
        return result

    with patch.object(Pusher, "take", forgetful):
        yield


@contextmanager
def dedupe_by_device() -> Generator[None]:
    """What a device sends is new only if its id lies above all that the device sent before."""
    take = Pusher.take

    def numbering(self: Pusher, changeset: ChangeSet) -> ChangeSetResult:
        last = self._work.tx.row(
            "SELECT max(cs_id) FROM applied WHERE device = ?", (self._author.device,)
        )
        if last and last[0] and changeset.id < last[0] and changeset.id not in self.known:
            return ChangeSetResult(changeset.id, Result.DUPLICATE, self._work.seq)
        return take(self, changeset)

    with patch.object(Pusher, "take", numbering):
        yield


@contextmanager
def result_written_behind() -> Generator[None]:
    """What became of a changeset is stored later than its effect."""
    store = pushing._keep
    waiting: dict[str, list[Any]] = {}

    def later(work: Work, pusher: Pusher, who: Principal) -> None:
        waiting[who.device], pusher.applied = pusher.applied, waiting.get(who.device, [])
        store(work, pusher, who)

    with patch.object(pushing, "_keep", later):
        yield


@contextmanager
def atomic_in_part() -> Generator[None]:
    """A step of which a part is refused leaves its other parts behind."""
    with patch.object(Work, "rollback", lambda _self: None):
        yield


@contextmanager
def others_results_told() -> Generator[None]:
    """A known changeset gets its stored answer, whoever asks."""
    again = Pusher._again

    def to_anybody(self: Pusher, changeset: ChangeSet) -> ChangeSetResult:
        known = self.known.get(changeset.id)
        if known is not None:
            self.known[changeset.id] = Stored(self._author.user, known.result)
        return again(self, changeset)

    with patch.object(Pusher, "_again", to_anybody):
        yield


@contextmanager
def base_not_checked() -> Generator[None]:
    """A device may claim to have seen versions that it was never given."""
    check = Pusher._malformed

    def credulous(self: Pusher, changeset: ChangeSet) -> str:
        found = check(self, changeset)
        return "" if found == "changeset.forged" else found

    with patch.object(Pusher, "_malformed", credulous):
        yield


@contextmanager
def any_epoch_is_good() -> Generator[None]:
    """A push of the history before a restore is taken for one of today's."""
    push = Service.push

    def welcoming(self: Service, who: Principal, request: PushRequest) -> PushResponse:
        with self.store.read() as tx:
            epoch = tx.clock().epoch
        answer = push(self, who, msgspec.structs.replace(request, epoch=epoch))
        return msgspec.structs.replace(answer, epoch=request.epoch)

    with patch.object(Service, "push", welcoming):
        yield


@contextmanager
def restore_without_the_jump() -> Generator[None]:
    """A restored server goes on counting where its backup ended."""

    def on(clock: Clock, *_: Any) -> Clock:
        return replace(clock, restored=(*clock.restored, (clock.seq, clock.seq)))

    with patch.object(backup, "next_seq_range", on):
        yield


@contextmanager
def delivered_after_the_stream() -> Generator[None]:
    """Versions count as given out only when the whole stream has been read."""
    pull, note = Service._pull, Service._note_delivered
    seen: dict[str, int] = {}

    def remember(self: Service, devices: Sequence[str], seq: int) -> None:
        del self
        seen.update(dict.fromkeys(devices, seq))

    def then_note(self: Service, who: Principal, request: PullRequest) -> Iterator[bytes]:
        yield from pull(self, who, request)
        if who.device in seen:
            note(self, (who.device,), seen.pop(who.device))

    with (
        patch.object(Service, "_note_delivered", remember),
        patch.object(Service, "_pull", then_note),
    ):
        yield


@contextmanager
def answer_shows_everything() -> Generator[None]:
    """The answer to a push holds the rows that it named, whoever may see them."""

    def roots_of_all(work: Work, pusher: Pusher, author: Any) -> Any:
        everybody = replace(author, keys=_Anything())
        return shown(work, pusher, everybody)

    shown = pushing._shown_rows
    with patch.object(pushing, "_shown_rows", roots_of_all):
        yield


class _Anything(frozenset[str]):
    """Keys that open every lock."""

    def isdisjoint(self, other: Any) -> bool:
        del other
        return False


@contextmanager
def refused_not_remembered() -> Generator[None]:
    """What builds on a refused value is judged as if that had never been said."""

    def forgetful(self: Pusher, *rest: Any) -> None:
        del self, rest

    with patch.object(Pusher, "_remember", forgetful):
        yield


@contextmanager
def order_not_kept() -> Generator[None]:
    """A push is taken although the one that it comes behind was not."""
    ask = Asked.__init__

    def alone(self: Asked, tx: Any, pushes: Sequence[Pushed], now: str) -> None:
        ask(self, tx, pushes, now)
        self._before = None

    with patch.object(Asked, "__init__", alone):
        yield


MUTANTS = (
    Mutant("no retry key", no_retry_key, 3),
    Mutant("dedupe by device", dedupe_by_device, 1),
    Mutant("result not stored with its effect", result_written_behind, 1),
    Mutant(
        "atomic changeset applied in part", atomic_in_part, 6,
        test_refusing.test_an_atomic_changeset_with_a_refused_part_leaves_nothing,
    ),
    Mutant(
        "another user's result told", others_results_told, 14,
        test_repeating.test_another_users_changeset_id_gives_nothing_away,
    ),
    Mutant(
        "base never given out", base_not_checked, 2, test_refusing.test_a_forged_base_is_refused
    ),
    Mutant(
        "push of another epoch", any_epoch_is_good, 1,
        test_refusing.test_a_push_with_an_old_epoch_or_too_much_is_refused_whole,
    ),
    Mutant(
        "restore without the jump", restore_without_the_jump, 1,
        test_backup.test_seqs_of_two_restores_of_one_backup_never_meet, {"hours": 1},
    ),
    Mutant(
        "delivered after the stream", delivered_after_the_stream, 1,
        test_pulling.test_versions_count_as_delivered_before_the_first_byte,
    ),
    Mutant(
        "answer shows everything", answer_shows_everything, 9,
        test_pulling.test_a_push_hides_the_rows_that_its_author_may_not_see,
    ),
    Mutant(
        "refusals not remembered", refused_not_remembered, 11,
        test_refusing.test_what_hangs_below_a_refused_insert_is_blocked_until_it_passes,
    ),
    Mutant(
        "second push before the first", order_not_kept, 1,
        test_ordered.test_a_push_behind_one_that_was_not_taken_is_refused_and_changes_nothing,
    ),
)  # fmt: skip
