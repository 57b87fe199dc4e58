"""Whom a question asks that was handed over: whoever has the record now."""

import pytest

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from tests.models.support import LI, ME, first_pull, row
from tests.models.test_pull import A, B

PERSON, QUESTION = (RecordId(f"{n:032x}") for n in (30, 31))
PARKED: Value = [{"value": "Buyer", "author": LI, "cs_id": "0" * 32}]


@pytest.mark.parametrize(
    ("owners", "is_asked"),
    [
        ((ME, LI), True),
        ((LI, ME), True),
        ((LI, LI), False),
        ((None, LI), False),
        ((None, None), True),
    ],
)
def test_the_owner_of_any_of_a_contacts_accounts_is_asked(
    store: Store, owners: tuple[Value, Value], is_asked: bool
) -> None:
    first, second = owners
    first_pull(
        store, ("account", row(A, 10, name="A", owner=first)),
        ("account", row(B, 11, name="B", owner=second)),
        ("contact", row(PERSON, 12, (A, B), full_name="Hari Kumar")),
        ("conflict", row(
            QUESTION, 13, (A, B), record=f"contact/{PERSON}", field="title", why="handover",
            base=None, parked=PARKED, state="open",
        )),
    )  # fmt: skip
    assert Outbox(store).parked().conflict == is_asked
