"""What waited for a refused step goes out once that lies with the orphans (simulator, seed 62)."""

from __future__ import annotations

from crm_core.changes import Change, Op
from crm_core.wire import Left
from crm_desktop.models import journal
from crm_desktop.models.store import Store
from tests.models.support import answer, pull, put, states, take, verdict
from tests.models.test_pull import A, B, below_two_accounts


def test_a_later_edit_waits_no_longer_for_a_step_of_which_a_record_left(store: Store) -> None:
    below_two_accounts(store)
    both = [Change("account", one, Op.SET, {"phone": "5"}) for one in (A, B)]
    journal.commit(store, both, label="Change", atomic=True)
    [refused] = take(store)
    answer(store, verdict(refused, "rejected", 0, (0, "", "rejected", "right.missing")))
    put(store, "account", B, phone="6")
    assert states(store) == ["rejected", "blocked"]
    pull(store, 30, Left((A,)))
    assert states(store) == ["orphaned", "queued"]
