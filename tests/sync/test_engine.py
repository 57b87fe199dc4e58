"""What the engine decides, told by a scripted world."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from unittest.mock import patch

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.errors import CrmError, NotAllowed, Refused, SignedOut, Unavailable
from crm_core.wire import (
    PUSH_CHANGESETS_MAX,
    ROOTS_ANEW_MAX,
    ChangeResult,
    ChangeSetResult,
    Check,
    End,
    Hello,
    PushResponse,
    encode,
)
from crm_desktop.models.replica import Settled, SyncState, Verdict
from crm_desktop.sync import effects as do
from crm_desktop.sync.engine import synchronise
from crm_desktop.sync.failures import (
    BadAnswer,
    Throttled,
    TokenExpired,
    TooLargeOnTheWay,
    Withdrawn,
)
from crm_desktop.sync.pulling import ROWS_AT_ONCE
from tests.sync.scripted import (
    EPOCH,
    MARK,
    NOTHING,
    World,
    applied_all,
    changeset,
    page,
    rows_in,
)

HELLO = Hello("e2", 1, 1, 1, "2026-11-22T08:00:00Z", 9, restored_at_seq=4)
GONE = Unavailable("gone")


def test_nothing_new_is_one_request() -> None:
    world = World()
    outcome = world.run(synchronise())
    assert outcome.failure is None
    assert outcome.verified
    assert world.kinds() == ["ReadState", "OpenPull", "NextItem", "FinishPull", "ReadParked"]


def test_the_outbox_goes_out_before_anything_is_fetched() -> None:
    world = World(changeset(1), changeset(2))
    outcome = world.run(synchronise())
    assert outcome.tally.pushed == 2
    assert world.kinds().index("SettlePush") < world.kinds().index("OpenPull")
    assert world.outbox == []


@pytest.mark.parametrize(
    "failure", [GONE, Throttled("busy"), BadAnswer("odd"), NotAllowed("no"), Refused("x.y", "no")]
)
def test_only_data_errors_touch_a_changeset(failure: CrmError) -> None:
    world = World(changeset(1))
    world.fail(do.HearPush, failure)
    outcome = world.run(synchronise())
    assert world.of(do.SettlePush) == []
    assert outcome.push_failure is failure
    assert outcome.verified, "the pull does not wait for the outbox"


def test_while_the_server_works_the_next_request_is_taken_and_the_former_answer_written() -> None:
    world = World(*(changeset(n) for n in range(1, 2 * PUSH_CHANGESETS_MAX + 2)))
    outcome = world.run(synchronise())
    assert outcome.tally.pushed == 2 * PUSH_CHANGESETS_MAX + 1
    round_trip = ["SendPush", "SettlePush", "HearPush"]
    assert [x for x in world.kinds() if "Push" in x or "Take" in x] == [
        "TakeOutbox", "SendPush", "TakeOutbox", "HearPush", *round_trip, *round_trip,
        "SettlePush", "TakeOutbox",
    ]  # fmt: skip


def two_at_a_time(pushes: int, unheard: str | None = "") -> World:
    """An outbox of so many pushes, of one changeset each, and a server that keeps their order."""
    world = World(*(changeset(n) for n in range(1, pushes + 1)))
    world.state = SyncState(EPOCH, cursor=3, scope_gen=1, unheard=unheard)
    world.keeps_order = True
    return world


def sent_behind(world: World) -> list[tuple[int, int]]:
    """Of each push the number of its first changeset, and of the one that it comes behind."""
    return [
        (int(one.request.changesets[0].id, 16), int(one.request.behind or "0", 16))
        for one in world.of(do.SendPush)
    ]


@pytest.fixture
def small_pushes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crm_core.wire.PUSH_CHANGESETS_MAX", 1)


@pytest.mark.usefixtures("small_pushes")
def test_to_a_server_that_keeps_their_order_two_pushes_are_under_way() -> None:
    world = two_at_a_time(5)
    outcome = world.run(synchronise())
    assert (outcome.failure, outcome.tally.pushed, world.outbox) == (None, 5, [])
    assert sent_behind(world) == [(1, 0), (2, 0), (3, 2), (4, 3), (5, 4)]
    assert [x for x in world.kinds() if "Push" in x or "Take" in x] == [
        "TakeOutbox", "SendPush", "TakeOutbox", "HearPush",
        "SendPush", "SettlePush", "SendPush", "TakeOutbox", "HearPush",
        *["SendPush", "SettlePush", "HearPush"] * 2,
        "SettlePush", "HearPush", "SettlePush", "TakeOutbox",
    ]  # fmt: skip


def refused(world: World) -> PushResponse:
    answer = hear(world)
    parts = (ChangeResult(0, "", "rejected", "record.not_found"),)
    verdicts = tuple(ChangeSetResult(one.cs_id, "rejected", 0, parts) for one in answer.results)
    return msgspec.structs.replace(answer, results=verdicts)


def with_news(world: World) -> PushResponse:
    return msgspec.structs.replace(hear(world), pages=(page(1),))


@pytest.mark.usefixtures("small_pushes")
@pytest.mark.parametrize("told", [refused, with_news])
def test_what_a_verdict_may_block_goes_out_after_it_was_written(
    told: Callable[[World], PushResponse],
) -> None:
    world = two_at_a_time(7)
    world.fail(do.HearPush, *[lambda _: hear(world)] * 3, lambda _: told(world))

    def settle(effect: do.SettlePush) -> Settled:
        """Of what the fourth leads to, the sixth is one."""
        settled = world.settle(effect)
        if effect.answer.results[0].cs_id != changeset(4).id:
            return settled
        assert [one.id for one in settled.taken] == [changeset(6).id]
        assert sent_behind(world)[-1] == (5, 4)
        world.outbox = [one for one in world.outbox if one.id != changeset(6).id]
        return msgspec.structs.replace(settled, taken=(changeset(7),))

    world.fail(do.SettlePush, *[settle] * 4)
    assert world.run(synchronise()).failure is None
    assert sent_behind(world) == [(1, 0), (2, 0), (3, 2), (4, 3), (5, 4), (7, 5)]
    assert world.outbox == []


@pytest.mark.usefixtures("small_pushes")
@pytest.mark.parametrize(
    ("unheard", "expected"),
    [
        (None, [(n, 0) for n in range(1, 7)]),
        (changeset(9).id, [(n, 0) for n in range(1, 7)]),
        (changeset(3).id, [(1, 0), (2, 0), (3, 0), (4, 0), (5, 4), (6, 5)]),
    ],
)
def test_nothing_is_sent_behind_what_may_have_been_sent_before(
    unheard: str | None, expected: list[tuple[int, int]]
) -> None:
    world = two_at_a_time(6, unheard)
    assert world.run(synchronise()).tally.pushed == 6
    assert sent_behind(world) == expected


def hear(world: World) -> PushResponse:
    return applied_all(world.request, ordered=True)


@pytest.mark.usefixtures("small_pushes")
def test_after_a_failure_the_younger_answer_counts_for_nothing_and_its_work_goes_out_again() -> (
    None
):
    world = two_at_a_time(5)
    world.fail(do.HearPush, lambda _: hear(world), GONE)
    outcome = world.run(synchronise())
    assert (outcome.push_failure, outcome.tally.pushed) == (GONE, 1)
    assert not world.under_way, "the next run would take it for an answer of its own"
    assert sent_behind(world) == [(1, 0), (2, 0), (3, 2)]
    assert len(world.outbox) == 4


@pytest.mark.usefixtures("small_pushes")
def test_what_was_taken_to_go_out_behind_two_pushes_waits_until_both_were_sent_again() -> None:
    world = two_at_a_time(6)
    expired = TokenExpired("expired")
    world.fail(do.HearPush, lambda _: hear(world), lambda _: hear(world), expired, expired)
    outcome = world.run(synchronise())
    assert (outcome.failure, outcome.tally.pushed) == (None, 6)
    assert sent_behind(world) == [
        (1, 0), (2, 0), (3, 2), (4, 3), (3, 0), (4, 0), (5, 0), (6, 5)
    ]  # fmt: skip


@pytest.mark.usefixtures("small_pushes")
def test_with_an_expired_token_both_pushes_go_out_again_one_at_a_time() -> None:
    world = two_at_a_time(5)
    expired = TokenExpired("expired")
    world.fail(do.HearPush, lambda _: hear(world), expired, expired)
    outcome = world.run(synchronise())
    assert (outcome.failure, outcome.tally.pushed) == (None, 5)
    assert sent_behind(world) == [(1, 0), (2, 0), (3, 2), (2, 0), (3, 0), (4, 0), (5, 4)]
    assert len(world.of(do.Refresh)) == 1


@pytest.mark.usefixtures("small_pushes")
def test_a_push_that_came_too_early_is_sent_again_alone_and_so_are_all_behind_it() -> None:
    world = two_at_a_time(6)
    ahead = Refused("push.ahead", "too early")
    world.fail(do.HearPush, *[lambda _: hear(world)] * 2, ahead, ahead)
    outcome = world.run(synchronise())
    assert (outcome.failure, outcome.tally.pushed, outcome.tally.rejected) == (None, 6, 0)
    assert sent_behind(world) == [
        (1, 0), (2, 0), (3, 2), (4, 3), (3, 0), (4, 0), (5, 0), (6, 0)
    ]  # fmt: skip


@pytest.mark.usefixtures("small_pushes")
def test_a_push_refused_for_good_parks_its_own_work_and_not_that_of_the_one_behind_it() -> None:
    world = two_at_a_time(5)
    malformed, ahead = Refused("request.malformed", "no"), Refused("push.ahead", "too early")
    world.fail(do.HearPush, lambda _: hear(world), malformed, ahead)
    outcome = world.run(synchronise())
    assert (outcome.failure, outcome.tally.pushed, outcome.tally.rejected) == (None, 4, 1)
    assert sent_behind(world) == [(1, 0), (2, 0), (3, 2), (3, 0), (4, 0), (5, 4)]


@pytest.mark.parametrize("failure", [GONE, Refused("request.malformed", "no")])
def test_a_push_that_fails_does_not_cost_the_answer_to_the_former_one(failure: CrmError) -> None:
    world = World(*(changeset(n) for n in range(2 * PUSH_CHANGESETS_MAX)))
    world.fail(do.HearPush, lambda _: applied_all(world.request), failure)
    outcome = world.run(synchronise())
    assert outcome.tally.pushed >= PUSH_CHANGESETS_MAX
    assert len(world.outbox) == 2 * PUSH_CHANGESETS_MAX - outcome.tally.pushed


def test_a_failed_pull_does_not_undo_the_push() -> None:
    world = World(changeset(1))
    world.fail(do.OpenPull, GONE)
    outcome = world.run(synchronise())
    assert outcome.tally.pushed == 1
    assert outcome.pull_failure is GONE
    assert not outcome.verified


def test_an_expired_token_is_renewed_and_the_same_work_offered_again() -> None:
    world = World(changeset(1))
    world.fail(do.HearPush, TokenExpired("expired"))
    outcome = world.run(synchronise())
    first, second = world.of(do.SendPush)
    assert first == second
    assert outcome.tally.pushed == 1
    assert len(world.of(do.Refresh)) == 1


def test_signed_out_is_never_counted_as_rejected() -> None:
    world = World(changeset(1))
    world.fail(do.HearPush, TokenExpired("expired"))
    world.fail(do.Refresh, SignedOut("sign in"))
    outcome = world.run(synchronise())
    assert isinstance(outcome.failure, SignedOut)
    assert outcome.tally.rejected == 0
    assert outcome.parked.pending == 1
    assert world.of(do.OpenPull) == []


def test_a_withdrawn_device_leaves_its_work_with_the_server() -> None:
    world = World(changeset(1))
    world.fail(do.HearPush, Withdrawn("withdrawn"))
    outcome = world.run(synchronise())
    assert outcome.withdrawn
    assert len(world.of(do.ParkUnsent)) == 1
    assert isinstance(world.asked[-1], do.ParkUnsent)
    assert outcome.tally.rejected == 0


def test_one_changeset_that_the_server_never_takes_holds_up_no_other() -> None:
    poison = changeset(3)

    def judge(_: do.HearPush) -> PushResponse:
        if poison in world.request.changesets:
            raise Refused("request.too_large", "too large")
        return applied_all(world.request)

    world = World(*(changeset(n) for n in range(1, 9)))
    world.fail(do.HearPush, *[judge] * 30)
    outcome = world.run(synchronise())
    assert (outcome.tally.pushed, outcome.tally.rejected) == (7, 1)
    assert world.outbox == []


def test_what_a_proxy_lets_through_goes_out_in_smaller_parts_and_the_rest_waits_visibly() -> None:
    large = changeset(3, "x" * 100_000)

    def judge(_: do.HearPush) -> PushResponse:
        if len(encode(world.request)) > 50_000:
            raise TooLargeOnTheWay("a proxy")
        return applied_all(world.request)

    world = World(*(large if n == 3 else changeset(n, "x" * 9_000) for n in range(1, 30)))
    world.fail(do.HearPush, *[judge] * 300)
    outcome = world.run(synchronise())
    assert (outcome.failure, outcome.tally.pushed, outcome.tally.rejected) == (None, 28, 1)


def test_a_days_share_that_differs_in_too_many_roots_is_fetched_whole() -> None:
    world = World()
    world.state = msgspec.structs.replace(world.state, check=("abc",))
    many = tuple(f"{n:032x}" for n in range(ROOTS_ANEW_MAX + 1))
    differs = Verdict(NOTHING, verified=True, compared=True, differing=many)
    world.fail(do.FinishPull, differs)
    world.run(synchronise())
    assert len(world.of(do.FetchAnew)) == 1
    assert not [pull for pull in world.of(do.OpenPull) if pull.request.anew]


def test_a_verdict_that_is_not_known_here_settles_nothing() -> None:
    world = World(changeset(1))
    part = ChangeResult(0, "name", "put_off")
    for said in (("put_off", ()), ("applied", (part,))):
        put_off = ChangeSetResult(changeset(1).id, said[0], 5, said[1])
        world.fail(do.HearPush, PushResponse(EPOCH, 5, (put_off,)))
        outcome = world.run(synchronise())
        assert isinstance(outcome.failure, BadAnswer)
        assert outcome.parked.pending == 1
    assert world.of(do.SettlePush) == []


def test_a_proxy_that_takes_nothing_at_all_refuses_no_work() -> None:
    world = World(*(changeset(n) for n in range(1, 9)))
    world.fail(do.HearPush, *[TooLargeOnTheWay("a proxy")] * 30)
    outcome = world.run(synchronise())
    assert isinstance(outcome.failure, TooLargeOnTheWay)
    assert (outcome.parked.pending, outcome.tally.rejected) == (8, 0)


def test_what_left_sight_after_its_refusal_is_orphaned_and_not_rejected() -> None:
    world = World(changeset(1))
    refused = ChangeSetResult(changeset(1).id, "rejected")
    world.fail(do.HearPush, PushResponse(EPOCH, 5, (refused,)))

    def leaves(_: do.FinishPull) -> Verdict:
        world.rejected = 0
        return Verdict(NOTHING, verified=True, orphaned=1)

    world.fail(do.FinishPull, leaves)
    tally = world.run(synchronise()).tally
    assert (tally.rejected, tally.orphaned) == (0, 1)


def test_a_server_that_forgets_a_verdict_does_not_make_us_loop() -> None:
    def forgets(_: do.HearPush) -> PushResponse:
        return PushResponse(EPOCH, 5, (ChangeSetResult(world.request.changesets[0].id, "applied"),))

    world = World(changeset(1), changeset(2))
    world.fail(do.HearPush, forgets)
    outcome = world.run(synchronise())
    assert isinstance(outcome.push_failure, BadAnswer)
    assert len(world.outbox) == 2


def test_an_outbox_that_offers_settled_work_again_is_stopped() -> None:
    world = World(changeset(1))
    world.fail(
        do.SettlePush, *[lambda _: world.settle(do.SettlePush(PushResponse(EPOCH, 5, ())))] * 9
    )
    outcome = world.run(synchronise())
    assert isinstance(outcome.push_failure, BadAnswer)
    assert len(world.of(do.SendPush)) == 1


def test_a_new_epoch_is_taken_over_and_the_outbox_offered_again() -> None:
    world = World(changeset(1), stream=(HELLO, End(9, 0, 0)))
    world.fail(do.HearPush, Refused("request.epoch", "restored"))

    def adopt(_effect: do.BeginPull) -> Any:
        world.state = SyncState("e2", cursor=0, scope_gen=1, pull_open=True)

    world.fail(do.BeginPull, adopt)
    outcome = world.run(synchronise())
    assert [one.request.epoch for one in world.of(do.SendPush)] == ["e1", "e2"]
    assert outcome.failure is None
    assert outcome.tally.pushed == 1


def test_a_first_sync_fetches_before_it_sends() -> None:
    world = World(changeset(1), stream=(HELLO, End(9, 0, 0)))
    world.state = SyncState()

    def adopt(_effect: do.BeginPull) -> Any:
        world.state = SyncState("e2", scope_gen=1)

    world.fail(do.BeginPull, adopt)
    outcome = world.run(synchronise())
    assert world.kinds().index("FinishPull") < world.kinds().index("SendPush")
    assert outcome.tally.pushed == 1


def test_a_days_changes_are_one_transaction() -> None:
    world = World(stream=(page(1000), MARK, page(1000), MARK, End(9, 0, 0)))
    outcome = world.run(synchronise())
    assert world.of(do.ApplyPull) == []
    assert outcome.tally.pulled == 2000


def test_a_long_pull_is_written_in_bounded_parts_with_their_marks() -> None:
    stream = [item for n in range(12) for item in (page(1000, n * 1000), MARK)]
    world = World(stream=(*stream, End(9, 0, 0)))
    outcome = world.run(synchronise())
    parts = world.of(do.ApplyPull)
    assert [rows_in(part.items) for part in parts] == [ROWS_AT_ONCE] * 2
    assert all(part.mark == MARK for part in parts)
    assert outcome.tally.pulled == 12_000


def test_a_feed_without_marks_is_still_written_in_bounded_parts() -> None:
    world = World(stream=(*(page(1000, n * 1000) for n in range(7)), End(9, 0, 0)))
    world.run(synchronise())
    (part,) = world.of(do.ApplyPull)
    assert part.mark is None


@pytest.mark.parametrize("ending", [(), (GONE,)])
def test_what_came_whole_before_the_break_is_kept(ending: tuple[Any, ...]) -> None:
    world = World(stream=(page(10), MARK, page(5), *ending))
    outcome = world.run(synchronise())
    (part,) = world.of(do.ApplyPull)
    assert (len(part.items), part.mark) == (1, MARK)
    assert isinstance(outcome.pull_failure, Unavailable)
    assert outcome.tally.pulled == 10
    assert world.of(do.FinishPull) == []


def test_a_broken_pull_is_resumed_at_its_mark() -> None:
    world = World()
    world.state = SyncState(EPOCH, cursor=3, resume="r7", resume_hi=9, pull_open=True, scope_gen=1)
    world.run(synchronise())
    (opened,) = world.of(do.OpenPull)
    assert (opened.request.cursor, opened.request.resume, opened.request.resume_hi) == (3, "r7", 9)


def test_digests_that_disagree_are_repaired_once() -> None:
    world = World()
    world.verified = False
    outcome = world.run(synchronise())
    assert len(world.of(do.FetchAnew)) == 1
    # Once in between the server is asked what differs; this one is too old to say.
    assert [pull.request.check for pull in world.of(do.OpenPull)] == [None, Check(), None]
    assert not outcome.verified


ANSWERS = st.sampled_from(["ok", "gone", "401", "403", "429", "malformed", "epoch", "ahead"])


@given(st.lists(ANSWERS, max_size=12), st.integers(0, 9), st.booleans())
def test_whatever_the_server_answers_a_run_ends_and_rejects_nothing_it_could_take(
    answers: list[str], waiting: int, two: bool
) -> None:
    failures: dict[str, Any] = {
        "gone": GONE, "401": TokenExpired("x"), "403": NotAllowed("x"), "429": Throttled("x"),
        "epoch": Refused("request.epoch", "x"),
        "malformed": Refused("request.malformed", "x"), "ahead": Refused("push.ahead", "x"),
        "ok": lambda _: hear(world),
    }  # fmt: skip
    world = World(*(changeset(n) for n in range(waiting)))
    if two:
        world = two_at_a_time(waiting)
    world.fail(do.HearPush, *(failures[answer] for answer in answers))
    with patch("crm_core.wire.PUSH_CHANGESETS_MAX", 2 if two else 200):
        outcome = world.run(synchronise(), at_most=500)
    assert not world.under_way
    tally = outcome.tally
    assert tally.pushed + tally.rejected + len(world.outbox) == waiting
    assert tally.rejected <= answers.count("malformed")
