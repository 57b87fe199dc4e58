"""What was refused once and taken later is refused no more."""

from __future__ import annotations

from tests.server.world import Acme


def test_an_edit_of_what_was_taken_in_the_end_is_not_held_back(acme: Acme) -> None:
    nancy, account = acme.nancy, acme.world.new_id()
    task = nancy.insert("task", title="Ring")
    nancy.push(task)
    nancy.pull()
    assert nancy.push(nancy.set("task", task.id, account=account)).result == "rejected"
    nancy.push(nancy.insert_as("account", account, name="Alfreds"))
    assert nancy.push(nancy.set("task", task.id, account=account)).result == "applied"
    nancy.pull()
    assert nancy.push(nancy.set("task", task.id, account=None)).result == "applied"
