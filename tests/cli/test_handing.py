"""Own work whose record left: listed, offered, and taken or declined by whoever has it now."""

from __future__ import annotations

import contextlib

import pytest

from crm_core.fields import Value
from crm_core.wire import End, Left
from crm_desktop import profile
from crm_desktop.models.outbox import Outbox
from tests.cli.counter import JANET, PASSPHRASE, Counter
from tests.cli.test_inbox import ACCOUNT, disputed, parked, resolved


def leave(counter: Counter, *words: str) -> None:
    """Nancy types into the account, which goes to somebody else before that was sent."""
    counter.receive("account", {ACCOUNT: {"name": "Alfreds", "phone": "030-1"}})
    counter.did(*words)
    with contextlib.closing(profile.open_profile(counter.folder, PASSPHRASE)) as opened:
        outbox = Outbox(opened.store)
        outbox.finish((Left((ACCOUNT,)),), End(outbox.state().cursor + 1, 0, 0))


def test_orphaned_work_is_listed_and_offered(counter: Counter) -> None:
    leave(counter, "set", "account", ACCOUNT, "phone=030-9")
    (found,) = counter.did("orphans")
    assert (found["kind"], found["record"], found["title"]) == ("account", ACCOUNT, "Alfreds")
    assert (found["state"], found["base"], found["mine"], found["can_offer"]) == (
        "orphaned", {"phone": "030-1"}, {"phone": "030-9"}, True
    )  # fmt: skip
    done = counter.did("offer", found["id"])
    assert (done["id"], done["record"]) == (found["id"], ACCOUNT)
    (after,) = counter.did("orphans")
    assert (after["state"], after["can_offer"]) == ("offered", False)
    status = counter.did("status")
    assert (status["pending"], status["parked"]["orphaned"], status["needs_you"]) == (1, 0, 0)


def test_what_cannot_be_offered_says_why_and_stays(counter: Counter) -> None:
    leave(counter, "add", "task", "title=Call", f"account={ACCOUNT}")
    (found,) = counter.did("orphans")
    assert found["can_offer"] is False
    for step, said in ((found["id"], "can be offered"), ("no-such-step", "orphans")):
        ran = counter.run("offer", step)
        assert (ran.code, said in ran.err) == (1, True)
    assert [row["state"] for row in counter.did("orphans")] == ["orphaned"]


@pytest.mark.parametrize(("take", "value"), [("mine", "030-3"), ("theirs", "030-2")])
def test_of_an_offer_mine_is_what_stands(counter: Counter, take: str, value: Value) -> None:
    disputed(counter, parked(JANET, "030-2"), why="handover")
    assert resolved(counter, "--take", take) == value
