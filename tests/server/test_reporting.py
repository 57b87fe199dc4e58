"""Views for reports: typed, of live records, without personal fields, readable by nobody else."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from crm_core.errors import UserProblem
from crm_core.ids import SYSTEM
from crm_server import demo
from crm_server.load import load
from crm_server.organisations import Organisations
from crm_server.reporting import end_access, give_access, rebuild_reports
from crm_server.store import ServerStore, sqlite_url
from tests.server.test_admin import Shell, shell  # noqa: F401  # a fixture
from tests.server.world import Acme, World, make_acme
from tests.support.postgres import Cluster

pytestmark = pytest.mark.postgres


@dataclass(frozen=True)
class Reports:
    """An organisation on a database of its own, and a role that is there for the test alone."""

    cluster: Cluster
    url: str
    store: ServerStore
    role: str

    def ask(self, words: str, role: str = "") -> list[tuple[Any, ...]]:
        """A question of the role's, or of another's."""
        database = self.url.rpartition("?")[0].rpartition("/")[2]
        with psycopg.connect(
            host=str(self.cluster.folder), user=role or self.role, dbname=database,
            autocommit=True,
        ) as connection:  # fmt: skip
            return connection.execute(words.encode()).fetchall()


@pytest.fixture
def reports(postgres: Cluster, fresh_database: str) -> Iterator[Reports]:
    store = ServerStore(fresh_database, organisation="acme")
    store.create(organisation="Acme", slug="acme", epoch="e" * 32, at="2026-11-20T08:00:00Z")
    made = Reports(postgres, fresh_database, store, f"reader_{uuid.uuid4().hex[:8]}")
    yield made
    store.close()
    with postgres.connect() as connection:
        database = made.url.rpartition("?")[0].rpartition("/")[2]
        connection.execute(f'DROP DATABASE "{database}" WITH (FORCE)'.encode())
        connection.execute(f'DROP ROLE IF EXISTS "{made.role}"'.encode())


@pytest.fixture
def acme(reports: Reports) -> Acme:
    return make_acme(World(reports.store))


def let_in(reports: Reports, *, personal: bool = False) -> None:
    give_access(reports.store, reports.role, personal=personal, password="s%cret'")


def test_live_records_are_rows_with_types_of_their_own(acme: Acme, reports: Reports) -> None:
    account = acme.nancy.account("Alfreds", phone="000")
    gone = acme.nancy.account("Gone")
    acme.nancy.push(acme.nancy.delete("account", gone))
    order = acme.world.new_id()
    rows = {"account": account, "number": "1", "ordered_on": "2026-11-01", "total": "-12.50CNY"}
    load(acme.world.service, [("order", order, rows)], SYSTEM)
    let_in(reports)
    assert reports.ask("SELECT name FROM acme_report.account") == [("Alfreds",)]
    ((total, currency, weekday, name),) = reports.ask(
        "SELECT o.total, o.total_currency, extract(isodow FROM o.ordered_on), a.name"
        " FROM acme_report.order o JOIN acme_report.account a ON a.id = o.account"
    )
    assert (total, currency, weekday, name) == (Decimal("-12.50"), "CNY", 7, "Alfreds")


def test_personal_fields_are_left_out_unless_asked_for(acme: Acme, reports: Reports) -> None:
    acme.nancy.push(acme.nancy.insert("contact", full_name="Maria Anders", title="Buyer"))
    let_in(reports)
    assert reports.ask("SELECT title FROM acme_report.contact") == [("Buyer",)]
    with pytest.raises(psycopg.errors.UndefinedColumn):
        reports.ask("SELECT full_name FROM acme_report.contact")
    let_in(reports, personal=True)
    assert reports.ask("SELECT full_name FROM acme_report.contact") == [("Maria Anders",)]


def test_the_role_reads_the_views_and_nothing_else(acme: Acme, reports: Reports) -> None:
    let_in(reports)
    for words in (
        "SELECT * FROM crm_acme.record", "SELECT * FROM crm_acme.credential",
        "SELECT * FROM crm_acme.clock",
    ):  # fmt: skip
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reports.ask(words)
    for words in (
        "DELETE FROM acme_report.account RETURNING id", "CREATE TABLE acme_report.x (y int)",
    ):  # fmt: skip
        with pytest.raises(
            (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReadOnlySqlTransaction)
        ):
            reports.ask(words)
    assert reports.ask("SHOW default_transaction_read_only") == [("on",)]


def test_conflicts_and_devices_are_no_business_of_a_report(acme: Acme, reports: Reports) -> None:
    let_in(reports)
    for kind in ("conflict", "device", "saved_view"):
        with pytest.raises(psycopg.errors.UndefinedTable):
            reports.ask(f"SELECT * FROM acme_report.{kind}")


def test_nobody_else_reads_the_views(acme: Acme, reports: Reports) -> None:
    let_in(reports)
    stranger = f"stranger_{uuid.uuid4().hex[:8]}"
    with reports.cluster.connect() as connection:
        connection.execute(f'CREATE ROLE "{stranger}" LOGIN'.encode())
    try:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reports.ask("SELECT * FROM acme_report.account", stranger)
        end_access(reports.store, reports.role)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            reports.ask("SELECT * FROM acme_report.account")
        with pytest.raises(UserProblem, match="reads no reports"):
            end_access(reports.store, reports.role)
    finally:
        with reports.cluster.connect() as connection:
            connection.execute(f'DROP ROLE "{stranger}"'.encode())


def test_migrate_makes_the_views_anew_for_the_same_readers(acme: Acme, reports: Reports) -> None:
    acme.nancy.account("Alfreds")
    assert rebuild_reports(reports.store) is None, "nobody asked for any"
    let_in(reports, personal=True)
    with reports.store.engine.begin() as connection:
        connection.exec_driver_sql("DROP VIEW acme_report.account")
        connection.exec_driver_sql("CREATE VIEW acme_report.of_yesterday AS SELECT 1 AS one")
    access = rebuild_reports(reports.store)
    assert access is not None
    assert (access.roles, access.personal) == ((reports.role,), True)
    assert reports.ask("SELECT name FROM acme_report.account") == [("Alfreds",)]
    with pytest.raises(psycopg.errors.UndefinedTable):
        reports.ask("SELECT * FROM acme_report.of_yesterday")


def test_a_schema_of_somebody_elses_is_left_alone(acme: Acme, reports: Reports) -> None:
    with reports.store.engine.begin() as connection:
        connection.exec_driver_sql("CREATE SCHEMA acme_report")
        connection.exec_driver_sql("CREATE VIEW acme_report.precious AS SELECT 1 AS one")
    with pytest.raises(UserProblem, match="none of ours"):
        let_in(reports)
    assert rebuild_reports(reports.store) is None
    with reports.store.engine.begin() as connection:
        assert connection.exec_driver_sql("SELECT one FROM acme_report.precious").scalar() == 1


@pytest.mark.slow
def test_every_value_of_the_demo_company_has_its_type(
    postgres: Cluster, fresh_database: str, tmp_path: Path
) -> None:
    organisations = Organisations(tmp_path, fresh_database)
    service = organisations.create(demo.NAME, "acme").service
    load(service, demo.company(organisations.clock().date()), SYSTEM)
    access = give_access(service.store, "crm", personal=True)
    with service.store.engine.connect() as connection, service.store.read() as tx:
        live = dict(tx.rows("SELECT kind, count(*) FROM record WHERE NOT deleted GROUP BY kind"))
        for view in access.views:
            rows = connection.exec_driver_sql(f'SELECT * FROM acme_report."{view}"').all()
            assert len(rows) == live.get(view, 0), view
    organisations.close()


def test_sqlite_has_no_roles(tmp_path: Path) -> None:
    store = ServerStore(sqlite_url(tmp_path / "a.sqlite"))
    with pytest.raises(UserProblem, match="PostgreSQL"):
        give_access(store, "reader")
    store.close()


@pytest.mark.parametrize("name", ["", "Röle", 'x"; DROP SCHEMA crm_acme', "a" * 64])
def test_only_a_plain_name_is_a_role(reports: Reports, name: str) -> None:
    with pytest.raises(UserProblem, match="no name of a role"):
        give_access(reports.store, name)


def test_the_command_says_what_may_be_read(shell: Shell, reports: Reports) -> None:  # noqa: F811
    url = ("--database-url", reports.url)
    code, out, err = shell(*url, "report-access", reports.role, "--password-stdin", typed="s\n")
    assert (code, err) == (0, "")
    assert "acme_report, without personal fields" in out
    assert shell(*url, "migrate")[0] == 0
    code, out, _ = shell(*url, "report-access", reports.role, "--revoke")
    assert (code, "still reading: nobody" in out) == (0, True)
