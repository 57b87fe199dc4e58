"""What a writing transaction has read and written stays in its sight as it left it."""

from __future__ import annotations

from crm_core.catalog import CATALOG
from crm_server.rows import By
from tests.server.world import Acme


def test_a_look_under_another_kind_leaves_what_was_written(acme: Acme) -> None:
    account = acme.shared_account(phone="000")
    with acme.world.store.write() as (tx, clock):
        work = acme.world.service.work(tx, clock)
        work.put(CATALOG["account"], account, {"phone": "111"}, By(acme.nancy.user))
        assert work.row("contact", account) is None
        row = work.row("account", account)
        assert row is not None
        assert row.values["phone"] == "111"
