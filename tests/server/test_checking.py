"""`check` finds each kind of damage, on both stores, and nothing where there is none."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from crm_server.checking import check_store
from crm_server.store import Tx
from tests.server.world import Acme, World


@dataclass(frozen=True)
class Company:
    """A company in which there is something of everything, and what damage is done to."""

    world: World
    account: str
    contact: str
    task: str


@pytest.fixture
def company(acme: Acme) -> Company:
    account = acme.shared_account(phone="000", uscc="91310000MA1K35XX0A")
    contact, task = acme.nancy.insert("contact", full_name="Maria"), acme.nancy.insert(
        "task", title="Call", account=account, assignee=acme.li.user
    )  # fmt: skip
    acme.nancy.push(contact, task)
    acme.nancy.push(acme.nancy.insert("account_contact", account=account, contact=contact.id))
    acme.clash(account)
    acme.fuller.push(acme.fuller.set("account", account, owner=acme.li.user))
    acme.li.pull()
    acme.li.push(acme.li.delete("task", task.id))
    return Company(acme.world, account, contact.id, task.id)


def test_a_store_after_much_work_is_in_order(company: Company) -> None:
    assert check_store(company.world.store).problems == ()


DAMAGE = {
    "record above the clock": (
        "UPDATE record SET seq = seq + 100000 WHERE id = {contact}",
        "seqs of record above the clock",
    ),
    "device above the clock": (
        "UPDATE device SET delivered = 999999999", "seqs of device above the clock",
    ),
    "latest change lost": (
        "DELETE FROM history WHERE seq = (SELECT seq FROM record WHERE id = {account})",
        "records whose latest change their history does not have",
    ),
    "a change in the middle lost": (
        "DELETE FROM history WHERE id = {account} AND seq = (SELECT max(seq) FROM history"
        " WHERE id = {account} AND seq < (SELECT seq FROM record WHERE id = {account}))",
        "changes that follow on none",
    ),
    "record lost": ("DELETE FROM record WHERE id = {contact}", "changes of records that are gone"),
    "verdicts lost": ("DELETE FROM applied", "changes of changesets that nobody sent"),
    "root lost": ("DELETE FROM record_root WHERE id = {contact}", "records without a root"),
    "keys lost": ("DELETE FROM root_scope WHERE root = {account}", "roots that nobody can see"),
    "place of nothing": (
        "INSERT INTO record_root(root,kind,id,seq,gone_seq)"
        " SELECT root,kind,'f',seq,gone_seq FROM record_root WHERE id = {contact}",
        "places of no record",
    ),
    "user lost": ("DELETE FROM record WHERE kind = 'user'", "devices of nobody"),
    "device lost": ("DELETE FROM device", "marks of no device"),
    "wrong hash": ("UPDATE record SET vhash = 1 WHERE id = {contact}", "wrong version hashes"),
    "field from the future": (
        "UPDATE record SET fv = '{{\"*\": 99999999}}' WHERE id = {contact}",
        "fields newer than their record",
    ),
    "reference lost": ("DELETE FROM ref WHERE target = {account}", "the references are not those"),
    "reference made up": (
        "INSERT INTO ref(target,kind,id,field) VALUES ({account},'task',{contact},'account')",
        "the references are not those",
    ),
    "unique key lost": ("DELETE FROM unique_key", "the unique keys are not those"),
    "root moved": (
        "UPDATE record_root SET root = {contact} WHERE id = {contact}",
        "records below another root than their links lead to",
    ),
    "keys of another place": (
        "UPDATE root_scope SET key = 'user:nobody' WHERE root = {account} AND key LIKE 'user:%'"
        " AND gone_seq > 1000000000",
        "roots with other keys than their place gives",
    ),
    "keys of users lost": ("DELETE FROM user_scope", "users with other keys"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGE)
def test_each_damage_is_found(company: Company, damage: str) -> None:
    sql, expected = DAMAGE[damage]
    with company.world.store.note() as tx:
        _run(tx, sql.format(**{name: f"'{getattr(company, name)}'" for name in (
            "account", "contact", "task")}))  # fmt: skip
    problems = check_store(company.world.store).problems
    assert any(expected in problem for problem in problems), problems


def _run(tx: Tx, sql: str) -> None:
    assert tx.run(sql) > 0, "the damage is done"


def test_a_record_that_cannot_be_read_is_counted(company: Company) -> None:
    with company.world.store.note() as tx:
        tx.run("UPDATE record SET fv = '[' WHERE id = ?", (company.contact,))
    problems = check_store(company.world.store).problems
    assert "1 records that cannot be read" in problems


def test_a_float_is_no_value_of_a_record(company: Company) -> None:
    with company.world.store.note() as tx:
        tx.run(
            "UPDATE record SET body = ?::jsonb WHERE id = ?",
            ('{"full_name": "Maria", "weight": 1.5}', company.contact),
        )
    problems = check_store(company.world.store).problems
    assert "1 records that cannot be read" in problems


def test_a_digest_that_would_never_agree_is_found(company: Company) -> None:
    """Devices count what they hold; the server counts the hashes that it keeps."""
    with company.world.store.note() as tx:
        tx.run("UPDATE record SET vhash = vhash + 1 WHERE id = ?", (company.account,))
    problems = check_store(company.world.store).problems
    assert any("digests that are not those" in problem for problem in problems)
