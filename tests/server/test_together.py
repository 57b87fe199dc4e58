"""What waits together is answered together, and each as if it had come alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from crm_core.changes import Change, ChangeSet, Op
from crm_core.errors import Refused
from crm_core.ids import RecordId
from crm_core.wire import PULL_ITEM_DECODER, End, PullRequest, PushRequest, PushResponse
from crm_server import pulling, pushing
from crm_server.push import Pusher
from crm_server.together import ROUND_MAX, Rounds, answered
from tests.server.world import Acme, Device


def pushed(device: Device, *changesets: ChangeSet, epoch: str = "") -> pushing.Pushed:
    return pushing.Pushed(device.who, PushRequest(epoch or device.epoch, 1, changesets))


def together(acme: Acme, *pushes: pushing.Pushed) -> list[PushResponse | Exception]:
    named = [pushing.names(push.who, push.request) for push in pushes]
    assert all(named), "one of them goes alone"
    assert sum(len(x or ()) for x in named) == len(frozenset().union(*(x or () for x in named)))
    return list(answered(acme.world.service.push_together, pushes))


def edits(acme: Acme) -> list[tuple[Device, RecordId]]:
    """Three people with an account each, which all of them hold."""
    found = [(device, device.account(device.user[:8], phone="0")) for device in
             (acme.nancy, acme.li, acme.kam)]  # fmt: skip
    for device in acme.everybody:
        device.pull()
    return found


def test_pushes_of_one_transaction_get_each_its_own_verdict_and_rows(acme: Acme) -> None:
    owned = edits(acme)
    clash = acme.buchanan.set("account", owned[2][1], phone="9")
    acme.kam.push(acme.kam.set("account", owned[2][1], phone="8"))
    before = acme.world.store
    pushes = [
        pushed(x, x.changeset(x.set("account", account, phone="1"))) for x, account in owned[:2]
    ]
    pushes.append(pushed(acme.buchanan, acme.buchanan.changeset(clash)))
    answers = together(acme, *pushes)
    assert all(isinstance(answer, PushResponse) for answer in answers)
    told = [answer for answer in answers if isinstance(answer, PushResponse)]
    assert [answer.results[0].result for answer in told] == ["applied", "applied", "conflict"]
    for (_, account), answer in zip(owned, told, strict=True):
        (page,) = [page for page in answer.pages if page.kind == "account"]
        assert [row.id for row in page.rows] == [account]
    seqs = [answer.results[0].seq for answer in told]
    assert seqs == sorted(set(seqs))
    with before.read() as tx:
        assert tx.clock().seq == told[0].seq == told[2].seq
    for device in acme.everybody:
        device.pull()  # compares the digest
    assert [acme.buchanan.body("account", x)["phone"] for _, x in owned] == ["1", "1", "8"]
    assert len(acme.buchanan.of_kind("conflict")) == 1


def test_a_push_that_comes_again_in_company_is_answered_as_before(acme: Acme) -> None:
    (nancy, hers), (li, his), _ = edits(acme)
    first = nancy.changeset(nancy.set("account", hers, phone="1"))
    assert nancy.send(first).results[0].result == "applied"
    fresh = li.changeset(li.set("account", his, phone="1"))
    again, new = together(acme, pushed(nancy, first), pushed(li, fresh))
    assert isinstance(again, PushResponse)
    assert isinstance(new, PushResponse)
    assert (again.results[0].result, new.results[0].result) == ("duplicate", "applied")


def test_what_is_refused_as_a_whole_takes_nobody_with_it(acme: Acme) -> None:
    (nancy, hers), (li, his), _ = edits(acme)
    stale = pushed(nancy, nancy.changeset(nancy.set("account", hers, phone="1")), epoch="0" * 32)
    fresh = pushed(li, li.changeset(li.set("account", his, phone="1")))
    refused, taken = together(acme, stale, fresh)
    assert isinstance(refused, Refused)
    assert refused.code == "request.epoch"
    assert isinstance(taken, PushResponse)
    acme.buchanan.pull()
    assert [acme.buchanan.body("account", x)["phone"] for x in (hers, his)] == ["0", "1"]


def test_a_push_that_fails_fails_alone_and_leaves_nothing(
    acme: Acme, monkeypatch: pytest.MonkeyPatch
) -> None:
    owned = edits(acme)
    take = Pusher.take

    def fail_for_li(self: Pusher, changeset: ChangeSet) -> object:
        done = take(self, changeset)
        if self.user == acme.li.user:
            raise RuntimeError("of li's alone")
        return done

    monkeypatch.setattr(Pusher, "take", fail_for_li)
    pushes = [pushed(x, x.changeset(x.set("account", account, phone="1"))) for x, account in owned]
    nancys, lis, kams = together(acme, *pushes)
    assert isinstance(lis, RuntimeError)
    for answer in (nancys, kams):
        assert isinstance(answer, PushResponse)
        assert answer.results[0].result == "applied"
    acme.buchanan.pull()
    assert [acme.buchanan.body("account", x)["phone"] for _, x in owned] == ["1", "0", "1"]


def test_what_was_refused_to_one_holds_nobody_else_back(acme: Acme) -> None:
    (nancy, hers), (li, his), _ = edits(acme)
    endless = "9" * 5000
    assert nancy.push(nancy.set("account", hers, phone=endless)).result == "rejected"
    seen = acme.buchanan.rows[("account", hers)].seq
    built_on = Change("account", hers, Op.SET, {"phone": "2"}, {"phone": endless}, seen)
    again = nancy.set("account", nancy.account("Other", phone="0"), phone="1")
    told = together(
        acme,
        pushed(nancy, nancy.changeset(again)),
        pushed(li, li.changeset(li.set("account", his, phone="1"))),
        pushed(acme.buchanan, acme.buchanan.changeset(built_on)),
    )
    results = [one.results[0].result for one in told if isinstance(one, PushResponse)]
    assert results == ["applied", "applied", "applied"]
    assert nancy.push(built_on).result == "blocked"


def test_what_looks_further_than_its_own_records_goes_alone(acme: Acme) -> None:
    (nancy, hers), _, _ = edits(acme)
    for changes in ((nancy.delete("account", hers),), (nancy.set("account", hers, phone="1"),) * 0):
        request = PushRequest(nancy.epoch, 1, (nancy.changeset(*changes),) if changes else ())
        assert pushing.names(nancy.who, request) is None
    edit = nancy.changeset(nancy.set("account", hers, phone="1"))
    assert pushing.names(nancy.who, PushRequest(nancy.epoch, 1, (edit,) * 9)) is None
    assert pushing.names(nancy.who, PushRequest(nancy.epoch, 1, (edit,))) == {
        nancy.user, edit.id, hers
    }  # fmt: skip


def test_pulls_of_one_snapshot_tell_what_each_would_hear_alone(acme: Acme) -> None:
    owned = edits(acme)
    nancy, hers = owned[0]
    nancy.push(nancy.insert("task", account=hers, title="Call"))  # below a root: something moved
    acme.buchanan.push(acme.buchanan.set("account", owned[1][1], phone="7"))
    compare(acme)
    for device in acme.everybody:
        device.pull()
    acme.buchanan.push(
        acme.buchanan.set("account", hers, owner=acme.li.user)
    )  # a root changes hands
    compare(acme)
    for device in acme.everybody:
        device.pull()
    acme.kam.push(acme.kam.set("account", owned[2][1], phone="5"))
    acme.buchanan.pull()  # is less behind than others now
    acme.li.push(acme.li.set("account", owned[1][1], phone="5"))
    compare(acme)


def compare(acme: Acme) -> None:
    """Ask for all at once and for each alone; some are up to date, some are not."""
    acme.li.pull()
    asked = [pulling.Pulled(x.who, x.request()) for x in acme.everybody]
    assert all(pulling.is_brief(one.request) for one in asked)
    answers = acme.world.service.pull_together(asked)
    for device, answer in zip(acme.everybody, answers, strict=True):
        assert isinstance(answer, bytes)
        assert answer == b"".join(acme.world.service.pull(device.who, device.request()))
        end = PULL_ITEM_DECODER.decode(answer.splitlines()[-1])
        assert isinstance(end, End)


def test_what_is_given_out_in_company_counts_as_delivered(acme: Acme) -> None:
    (nancy, hers), _, _ = edits(acme)
    acme.world.change("account", hers, phone="4")
    asked = [pulling.Pulled(x.who, x.request()) for x in (nancy, acme.buchanan)]
    for device, answer in zip(
        (nancy, acme.buchanan), acme.world.service.pull_together(asked), strict=True
    ):
        assert isinstance(answer, bytes)
        device.receive([PULL_ITEM_DECODER.decode(line) for line in answer.splitlines()])
    assert nancy.push(nancy.set("account", hers, phone="1")).result == "applied"


def test_a_device_that_is_far_behind_or_of_another_history_is_answered_alone(
    acme: Acme, monkeypatch: pytest.MonkeyPatch
) -> None:
    edits(acme)
    monkeypatch.setattr(pulling, "NEAR", 0)
    acme.world.change("team", acme.team, name="Selling")
    asked = PullRequest("0" * 32, 1, acme.nancy.gen, acme.nancy.cursor)
    both = [pulling.Pulled(acme.nancy.who, x) for x in (asked, acme.nancy.request())]
    assert acme.world.service.pull_together(both) == [None, None]


# Rounds

THREADS = ThreadPoolExecutor(1)


def test_while_a_round_runs_the_next_gathers() -> None:
    rounds: list[list[int]] = []

    def answer(questions: Sequence[int]) -> list[int | Exception]:
        rounds.append([*questions])
        return [ValueError(one) if one == 3 else -one for one in questions]

    async def ask() -> list[int | BaseException]:
        desk = Rounds[int, int](answer, THREADS)
        return await asyncio.gather(*map(desk.ask, range(ROUND_MAX + 8)), return_exceptions=True)

    told = asyncio.run(ask())
    assert [len(some) for some in rounds] == [ROUND_MAX, 8]
    assert isinstance(told[3], ValueError)
    assert [x for n, x in enumerate(told) if n != 3] == [-n for n in range(ROUND_MAX + 8) if n != 3]


def test_who_shares_a_name_waits_for_the_next_round_and_keeps_his_place() -> None:
    rounds: list[str] = []

    def answer(questions: Sequence[str]) -> Sequence[str | Exception]:
        rounds.append("".join(questions))
        return questions

    async def ask() -> None:
        desk = Rounds[str, str](answer, THREADS)
        named = {"a": "x", "b": "xy", "c": "y", "d": "z"}
        await asyncio.gather(*(desk.ask(one, frozenset(names)) for one, names in named.items()))

    asyncio.run(ask())
    assert rounds == ["ad", "b", "c"]


def test_in_a_round_that_fails_each_is_answered_alone_and_the_next_one_runs() -> None:
    def answer(questions: Sequence[str]) -> Sequence[str | Exception]:
        if "bad" in questions:
            raise OSError("gone")
        return questions

    async def ask() -> None:
        desk = Rounds[str, str](answer, THREADS)
        first = await asyncio.gather(desk.ask("bad"), desk.ask("b"), return_exceptions=True)
        assert isinstance(first[0], OSError)
        assert first[1] == "b"
        assert await desk.ask("c") == "c"

    asyncio.run(ask())


def test_nobody_asks_for_whoever_has_gone() -> None:
    asked: list[str] = []

    def answer(questions: Sequence[str]) -> Sequence[str | Exception]:
        asked.extend(questions)
        return questions

    async def ask() -> None:
        desk = Rounds[str, str](answer, THREADS)
        jobs = [asyncio.ensure_future(desk.ask(one)) for one in "ab"]
        await asyncio.sleep(0)
        jobs[0].cancel()
        assert await jobs[1] == "b"

    asyncio.run(ask())
    assert asked in (["b"], ["a", "b"])
