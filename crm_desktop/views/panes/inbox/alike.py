"""Which open conflicts can be decided as another one is: of its field, or with its counterpart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from crm_desktop.views.kit.choice import Decision, counterpart
from crm_desktop.views.kit.choice_row import Others
from crm_desktop.views.panes.inbox.read import Dispute


def alike(dispute: Dispute, disputes: Sequence[Dispute]) -> Mapping[str, Others]:
    """For each conflict of a dispute, by its id, the others that can be decided alike. An offer is
    no conflict, and what waits for another person none of one's own."""
    near = [
        other
        for other in disputes
        if (other.is_for_me, other.is_offer) == (dispute.is_for_me, dispute.is_offer)
    ]
    return {
        one.conflict.id: Others(tuple(_of_field(one, dispute, near)), tuple(_of_author(one, near)))
        for one in dispute.decisions
    }


def _of_field(one: Decision, dispute: Dispute, near: Sequence[Dispute]) -> Iterator[Decision]:
    for other in near:
        if other.kind == dispute.kind and other.record != dispute.record:
            yield from (x for x in other.decisions if x.conflict.field == one.conflict.field)


def _of_author(one: Decision, near: Sequence[Dispute]) -> Iterator[Decision]:
    person = counterpart(one)
    if person is None:
        return
    for other in near:
        for decision in other.decisions:
            there = counterpart(decision)
            is_another = decision.conflict.id != one.conflict.id
            if is_another and there is not None and there.author == person.author:
                yield decision
