"""Lies to tell a server: requests that no client of ours would send."""

from __future__ import annotations

from itertools import count

import msgspec

from crm_core.changes import Change, ChangeSet, Op
from crm_core.fields import Value
from crm_core.ids import ChangeSetId, RecordId, uuid7_from
from crm_core.wire import (
    Problem,
    PushRequest,
    PushResponse,
    encode,
)
from tests.fuzz.company import Answer, Company
from tests.simulator.company import ACCOUNTS

PUSH, PULL, PARK, SEALED = (f"/sync/v1/{x}" for x in ("push", "pull", "park", "sealed-key"))
SIGN_IN, REFRESH = "/auth/v1/sign-in", "/auth/v1/refresh"
OWN, BOBS = ACCOUNTS[0], ACCOUNTS[3]
_NUMBERS = count(1)


def fresh() -> RecordId:
    """An id that nobody has."""
    return uuid7_from(1, next(_NUMBERS))


def epoch_of(company: Company, slug: str = "acme") -> str:
    with company.organisations.open(slug).service.store.read() as tx:
        return tx.clock().epoch


def refusal(answer: Answer) -> tuple[int, str]:
    return answer.status, msgspec.json.decode(answer.body, type=Problem).error


def pushed(company: Company, *changes: Change, who: str = "ann", **more: object) -> str:
    """What the server says of one changeset: its result, or the code of what was refused."""
    changeset = ChangeSet(ChangeSetId(fresh()), changes, **more)  # pyright: ignore[reportArgumentType]
    request = PushRequest(epoch_of(company), 1, (changeset,))
    answer = company.ask_as(who, PUSH, encode(request))
    assert answer.status == 200, answer.body
    found = msgspec.json.decode(answer.body, type=PushResponse).results[0]
    return found.changes[0].code if found.changes else found.result


def edit(record: str, *, base_seq: int = 0, **values: Value) -> Change:
    return Change("account", RecordId(record), Op.SET, values, {}, base_seq)


def raw_push(company: Company, change: str, **more: str) -> Answer:
    fields = {"id": f'"{fresh()}"', "changes": f"[{change}]", **more}
    inner = ",".join(f'"{name}":{value}' for name, value in fields.items())
    text = f'{{"epoch":"{epoch_of(company)}","schema":1,"changesets":[{{{inner}}}]}}'
    return company.ask_as("ann", PUSH, text.encode("utf-8", "surrogatepass"))


def raw_change(record: str = f'"{OWN}"', new: str = "{}", **more: str) -> str:
    fields = {"kind": '"account"', "id": record, "op": '"set"', "new": new, **more}
    return "{" + ",".join(f'"{name}":{value}' for name, value in fields.items()) + "}"
