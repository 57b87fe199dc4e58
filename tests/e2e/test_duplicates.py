"""Two reps enter the same company without a network; their lead finds both and makes them one."""

from __future__ import annotations

import contextlib
from contextlib import AbstractContextManager

from crm_core.ids import RecordId
from crm_core.likeness import Why
from crm_core.wire import TwinRequest
from crm_desktop.models import duplicates
from crm_desktop.models.labels import title
from crm_desktop.models.merge_facts import merged_into, read_meeting
from crm_desktop.models.merging import merge_records, unmerge
from crm_desktop.profile import Profile, open_profile
from tests.e2e.people import Desk, World
from tests.e2e.processes import PASSPHRASE


def opened(desk: Desk) -> AbstractContextManager[Profile]:
    return contextlib.closing(open_profile(desk.profile, PASSPHRASE))


def twins(first: Desk, second: Desk) -> tuple[RecordId, RecordId]:
    """The same company twice, each with a task of its own."""
    one = first.add("account", name="上海宏达贸易有限公司", phone="021-88881234")
    other = second.add("account", name="上海宏达贸易", phone="+86 21 8888 1234", industry="贸易")
    for desk, account in ((first, one), (second, other)):
        desk.add("task", account=account, title="Call")
        desk.sync()
    return RecordId(one), RecordId(other)


def test_what_two_people_entered_twice_is_found_merged_and_taken_apart_again(world: World) -> None:
    first, second, lead = world.people("rep", "rep", "lead")
    one, other = twins(first, second)
    for rep in (first, second):
        with opened(rep) as profile:
            assert not list_pairs(profile), "a rep sees only his own"
    lead.sync()
    with opened(lead) as profile:
        (pair,) = list_pairs(profile)
        assert (set(pair.ids), pair.why) == ({one, other}, (Why.NAME, Why.PHONE))
        with profile.store.reader() as c:
            assert read_meeting(c, "account", one, other).may_merge(0)
        merge_records(profile.store, "account", other, one)
        assert not list_pairs(profile)
    lead.sync()
    first.sync()
    assert first.show("account", one)["industry"] == "贸易"
    assert len(first.ids("task")) == 2, "the other's task followed"
    second.sync()
    assert other not in second.ids("account")
    with opened(lead) as profile:
        with profile.store.reader() as c:
            assert [x.record for x in merged_into(c, "account", one)] == [other]
        unmerge(profile.store, "account", other)
    for desk in (lead, second, first):
        assert desk.sync()["verified"] is True
    assert other in second.ids("account")
    assert len(first.ids("task")) == 1


def list_pairs(profile: Profile) -> tuple[duplicates.Pair, ...]:
    for _ in duplicates.compare_all(profile.store):
        pass
    with profile.store.reader() as c:
        return duplicates.pairs(c)


def test_a_code_that_a_colleague_has_is_told_masked_to_who_does_not_see_it(world: World) -> None:
    first, second = world.people("rep", "rep")
    code = "91310000MA1FL0X123"
    first.add("account", name="上海宏达贸易有限公司", uscc=code)
    first.sync()
    asked = TwinRequest("account", "uscc", code)
    with opened(second) as profile:
        found = profile.session.hidden_twin(asked)
        assert found.initials == "上…"
        with profile.store.reader() as c:
            assert title(c, "user", found.owner or RecordId("")).lower().startswith("rep")
    with opened(first) as profile:
        assert profile.session.hidden_twin(asked).initials == "", "he sees it himself"
