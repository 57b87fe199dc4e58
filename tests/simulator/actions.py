"""What people do on a laptop between two synchronisations; every value typed is one of a kind."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op, difference
from crm_core.errors import Unavailable, UserProblem
from crm_core.fields import Value
from crm_core.ids import ChangeSetId, RecordId
from crm_core.machines import MACHINES
from crm_desktop.models.journal import (
    commit,
    commit_batch,
    discard,
    hold,
    keep_as_draft,
    resend,
    resolve,
    undo,
)
from crm_desktop.models.journal.rows import Stored, fetch
from crm_desktop.models.merging import choices, merge_records
from crm_desktop.models.sql import LIVE
from tests.simulator.company import ANN, BOB, CAT, LEA
from tests.simulator.device import Device

TEXTS = ("name", "short_name", "industry", "source", "phone")
USCC = ("91310000000000000A", "91310000000000000B")


@dataclass
class Hands:
    """A person's hands on one laptop."""

    device: Device
    dice: random.Random
    tell: Callable[[str], None]
    typed: int = 0

    def word(self) -> str:
        """Something that nobody typed before."""
        self.typed += 1
        return f"{self.device.name}.{self.typed}"

    def do_something(self) -> None:
        """One action; one that the form does not allow is told and leaves nothing."""
        action = self.dice.choices(_ACTIONS, _WEIGHTS)[0]
        try:
            action(self)
        except (UserProblem, Unavailable) as problem:
            self.tell(f"{self.device.name}: {action.__name__} is not possible: {problem}"[:120])

    def commit(self, what: str, *changes: Change, atomic: bool = False) -> None:
        self.tell(f"{self.device.name}: {what}")
        commit(self.device.store, changes, label=what, atomic=atomic)

    def pick(self, kind: str, *, deleted: int = LIVE, hot: bool = True) -> Stored | None:
        """A record of a kind, rather one of the few that all work on."""
        ids = [
            RecordId(key.hex())
            for (key,) in self.device.rows(
                f'SELECT id FROM "{kind}" WHERE deleted = ? ORDER BY id', (deleted,)
            )
        ]
        if not ids:
            return None
        chosen = self.dice.choice(ids[:2] if hot and self.dice.random() < 0.6 else ids)
        return fetch(self.device.store.write, kind, chosen)

    def set(self, kind: str, row: Stored, new: Mapping[str, Value], what: str) -> None:
        changes = difference(CATALOG[kind], row.id, row.values, {**new}, 0)
        if changes:
            self.commit(f"{what} {kind}/{row.id[-4:]} {dict(new)}", *changes)


def edit_account(hands: Hands) -> None:
    row = hands.pick("account")
    if row is not None:
        names = hands.dice.sample(TEXTS, hands.dice.choice((1, 1, 2)))
        new: dict[str, Value] = {
            name: f"+49 {hands.dice.randrange(10**6)}" if name == "phone" else hands.word()
            for name in names
        }
        hands.set("account", row, new, "edits")


def edit_contact(hands: Hands) -> None:
    row = hands.pick("contact")
    if row is not None:
        hands.set("contact", row, {"title": hands.word()}, "edits")


def edit_address(hands: Hands) -> None:
    row = hands.pick("address")
    if row is not None:
        new: dict[str, Value] = {hands.dice.choice(("city", "street")): hands.word()}
        hands.set("address", row, new, "edits")


def change_tags(hands: Hands) -> None:
    row = hands.pick("account")
    if row is None:
        return
    held = row.values.get("tags")
    tags = {str(x) for x in held} if isinstance(held, list) else set[str]()
    tags ^= {hands.dice.choice(("old", "red", "green", "blue"))}
    hands.set("account", row, {"tags": [*sorted(tags)]}, "tags")


def edit_note(hands: Hands) -> None:
    row = hands.pick("account")
    if row is None:
        return
    lines = str(row.values.get("description") or "").splitlines()
    at = hands.dice.randrange(len(lines) + 1)
    if at < len(lines) and hands.dice.random() < 0.5:
        lines[at] = f"{hands.word()} instead."
    else:
        lines.insert(at, f"{hands.word()} added.")
    hands.set("account", row, {"description": "\n".join(lines) + "\n"}, "notes")


def claim_number(hands: Hands) -> None:
    row = hands.pick("account", hot=False)
    if row is not None:
        hands.set("account", row, {"uscc": hands.dice.choice(USCC)}, "unique")


def new_account(hands: Hands) -> None:
    device = hands.device
    account, contact = device.new_id(), device.new_id()
    hands.commit(f"new account {account[-4:]}", _insert("account", account, name=hands.word()))
    hands.commit(
        "new contact with his role",
        _insert("contact", contact, full_name=hands.word()),
        _insert("account_contact", device.new_id(), account=account, contact=contact, role="boss"),
    )


def new_below(hands: Hands) -> None:
    account = hands.pick("account")
    if account is None:
        return
    kind = hands.dice.choice(("visit", "task", "interaction", "address"))
    new: dict[str, Value] = {"account": account.id}
    if kind == "task":
        new |= {"title": hands.word(), "assignee": hands.dice.choice((ANN, BOB, LEA)).id}
    elif kind == "visit":
        new |= {"state": "draft", "objectives": hands.word(), "owner": hands.device.person.id}
    elif kind == "interaction":
        new |= {"subject": hands.word()}
    else:
        new |= {"city": hands.word()}
    record_id = hands.device.new_id()
    hands.commit(
        f"new {kind}/{record_id[-4:]} below {account.id[-4:]}", _insert(kind, record_id, **new)
    )


def complain(hands: Hands) -> None:
    """A complaint with its first event: one atomic step."""
    account = hands.pick("account")
    if account is None:
        return
    complaint, event = hands.device.new_id(), hands.device.new_id()
    hands.commit(
        f"complaint {complaint[-4:]} with its event",
        _insert("complaint", complaint, account=account.id, subject=hands.word(), state="received"),
        _insert("complaint_event", event, complaint=complaint, to_state="received"),
        atomic=True,
    )


def move_on(hands: Hands) -> None:
    """Walk an arrow of a state machine; for a complaint together with its event."""
    kind = hands.dice.choice(("visit", "task", "complaint"))
    row = hands.pick(kind)
    if row is None:
        return
    entity = CATALOG[kind]
    if entity.state_field is None:
        status = hands.dice.choice(("open", "in_progress", "done"))
        hands.set(kind, row, {"status": status}, "moves on")
        return
    name = entity.state_field.name
    machine = MACHINES[entity.state_field.machine]
    source = row.values.get(name)
    targets = machine.targets(source)
    if not targets:
        return
    target = hands.dice.choice(targets)
    arrow = machine.arrow(source, target)
    new: dict[str, Value] = {name: target}
    for need in arrow.needs if arrow is not None else ():
        if need in ("handler", "repeat_of") or row.values.get(need):
            new |= {need: hands.device.person.id} if need == "handler" else {}
        else:
            new[need] = "progress" if need == "outcome" and kind == "visit" else hands.word()
    changes = list(difference(entity, row.id, row.values, new, 0))
    if kind == "complaint":
        changes.append(
            _insert("complaint_event", hands.device.new_id(), complaint=row.id, to_state=target)
        )
    hands.commit(f"{kind}/{row.id[-4:]} {source} → {target}", *changes, atomic=kind == "complaint")


def delete(hands: Hands) -> None:
    kind = hands.dice.choice(("visit", "task", "address", "interaction", "contact"))
    row = hands.pick(kind)
    if row is not None:
        hands.commit(f"deletes {kind}/{row.id[-4:]}", Change(kind, row.id, Op.DELETE))


def delete_account(hands: Hands) -> None:
    """With all that hangs below, as far as it is here; mostly by those who may."""
    if hands.device.person.role == "rep" and hands.dice.random() < 0.7:
        return
    row = hands.pick("account")
    if row is not None:
        hands.commit(f"deletes account/{row.id[-4:]}", Change("account", row.id, Op.DELETE))


def restore(hands: Hands) -> None:
    kind = hands.dice.choice(("visit", "task", "address", "contact", "account"))
    row = hands.pick(kind, deleted=1)
    if row is not None:
        hands.commit(f"restores {kind}/{row.id[-4:]}", Change(kind, row.id, Op.RESTORE))


def take_back(hands: Hands) -> None:
    hands.tell(f"{hands.device.name}: undo")
    undo(hands.device.store)


def reassign(hands: Hands) -> None:
    """The lead gives an account to somebody else; a rep who tries is refused."""
    row = hands.pick("account", hot=False)
    if row is not None:
        owner = hands.dice.choice((ANN, BOB, CAT, LEA)).id
        if row.values.get("owner") != owner:
            hands.set("account", row, {"owner": owner}, "reassigns")


def settle(hands: Hands) -> None:
    """Settle an open conflict: with one of the parked values, with what stands, or otherwise."""
    row = hands.pick("conflict", hot=False)
    if row is None or row.values.get("state") != "open":
        return
    kind, _, record_id = str(row.values.get("record")).partition("/")
    parked: Any = row.values.get("parked")
    field = str(row.values.get("field"))
    record = fetch(hands.device.store.write, kind, RecordId(record_id))
    if record is None or not parked:
        return
    value = hands.dice.choice(parked)["value"]
    if hands.dice.random() < 0.5:
        value = _standing(kind, record, field)
    hands.tell(f"{hands.device.name}: settles {kind}/{record_id[-4:]}.{field} with {value!r}")
    resolve(hands.device.store, row.id, value)


def _standing(kind: str, record: Stored, field: str) -> Value:
    if field == "deleted":
        return bool(record.deleted)
    names = CATALOG[kind].groups.get(field)
    if names is None:
        return record.values.get(field)
    return {name: record.values.get(name) for name in names}


def decide(hands: Hands) -> None:
    """Send refused or orphaned work again, keep it as a draft, or give it up."""
    found = hands.device.rows(
        "SELECT DISTINCT s.id FROM changeset s LEFT JOIN op o ON o.cs = s.n AND o.refused IS NOT"
        " NULL WHERE s.state IN ('rejected', 'blocked', 'orphaned', 'held') OR o.cs IS NOT NULL"
        " AND s.state <> 'discarded' ORDER BY s.n"
    )
    if not found:
        return
    cs_id = ChangeSetId(hands.dice.choice(found)[0].hex())
    action = hands.dice.choice((resend, discard, keep_as_draft))
    hands.tell(f"{hands.device.name}: {action.__name__} {cs_id[-4:]}")
    hands.device.decided.add(cs_id)
    action(hands.device.store, cs_id)


def hold_back(hands: Hands) -> None:
    """Keep a step from going out for now."""
    found = hands.device.rows("SELECT id FROM changeset WHERE state = 'queued' ORDER BY n")
    if found:
        cs_id = ChangeSetId(hands.dice.choice(found)[0].hex())
        hands.tell(f"{hands.device.name}: holds {cs_id[-4:]}")
        hold(hands.device.store, cs_id)


def import_some(hands: Hands) -> None:
    """A batch of small steps."""
    account = hands.pick("account")
    if account is None:
        return
    hands.tell(f"{hands.device.name}: imports below {account.id[-4:]}")
    made = [
        _insert("task", hands.device.new_id(), account=account.id, title=hands.word())
        for _ in range(hands.dice.randrange(2, 6))
    ]
    commit_batch(hands.device.store, made, label="import")


def share(hands: Hands) -> None:
    """The lead lets a colleague see an account, or no longer."""
    row = hands.pick("account_team", hot=False)
    if row is not None and hands.dice.random() < 0.5:
        hands.commit(f"unshares {row.id[-4:]}", Change("account_team", row.id, Op.DELETE))
        return
    account = hands.pick("account", hot=False)
    if account is not None:
        user = hands.dice.choice((ANN, BOB, CAT))
        hands.commit(
            f"shares {account.id[-4:]} with {user.login}",
            _insert("account_team", hands.device.new_id(), account=account.id, user=user.id),
        )


def join(hands: Hands) -> None:
    """Two that are the same become one; whose value stays is thrown for each field."""
    kind = hands.dice.choice(("account", "account", "contact"))
    loser, winner = hands.pick(kind, hot=False), hands.pick(kind)
    if loser is None or winner is None or loser.id == winner.id:
        return
    with hands.device.store.reader() as c:
        found = choices(c, kind, loser.id, winner.id)
    fields = {one.field: hands.dice.choice((one.loser, one.winner)) for one in found}
    hands.tell(f"{hands.device.name}: merges {kind}/{loser.id[-4:]} into {winner.id[-4:]}")
    merge_records(hands.device.store, kind, loser.id, winner.id, fields)


def _insert(kind: str, record_id: RecordId, **values: Value) -> Change:
    return Change(kind, record_id, Op.INSERT, values)


_TABLE: tuple[tuple[Callable[[Hands], None], int], ...] = (
    (edit_account, 30), (edit_contact, 5), (edit_address, 5), (change_tags, 6), (edit_note, 8),
    (claim_number, 4), (new_account, 4), (new_below, 8), (complain, 4), (move_on, 8), (delete, 7),
    (restore, 4), (take_back, 6), (reassign, 4), (settle, 20), (decide, 10), (hold_back, 1),
    (import_some, 3), (share, 3), (delete_account, 3),
    (join, 7),
)  # fmt: skip
_ACTIONS = [action for action, _ in _TABLE]
_WEIGHTS = [weight for _, weight in _TABLE]
