"""What the accounts list and the account card read beside the account itself."""

import datetime as dt
from decimal import Decimal

import pytest

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_desktop.models.cards import AccountCard, account_card
from crm_desktop.models.labels import address_line
from crm_desktop.models.revenue import months_before, revenue_of, revenue_of_view, year_of
from crm_desktop.models.sql import Where
from crm_desktop.models.store import Store
from crm_desktop.models.timeline import count_entries, timeline
from crm_desktop.models.visit_dates import beginning_of, visit_dates
from tests.models.support import add, delete, first_pull, row

TODAY = dt.date(2026, 11, 22)


class Company:
    """A few accounts whose records are written down one line each."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.seq = 0
        self.rows: list = []
        self.one, self.two = self.account("One", "A"), self.account("Two", "C")

    def account(self, name: str, grade: str) -> RecordId:
        return self.put("account", None, name=name, grade=grade)

    def put(self, kind: str, account: RecordId | None, /, **values: Value) -> RecordId:
        self.seq += 1
        made = self.store.new_id()
        body = {**values, "account": account} if account else values
        self.rows.append((kind, row(made, self.seq, (account,) if account else (), **body)))
        return made

    def order(self, account: RecordId, day: str, total: str) -> RecordId:
        return self.put("order", account, number=str(self.seq), ordered_on=day, total=total)

    def visit(self, account: RecordId, start: str, state: str, **more: Value) -> RecordId:
        return self.put("visit", account, planned_start=start, state=state, **more)

    def load(self) -> None:
        first_pull(self.store, *self.rows)


@pytest.fixture
def company(store: Store) -> Company:
    return Company(store)


def card_of(company: Company) -> AccountCard:
    company.load()
    with company.store.reader() as c:
        card = account_card(c, company.one, TODAY)
    assert card is not None
    return card


def test_the_card_lists_what_is_to_be_done_for_the_account_the_latest_first(
    company: Company,
) -> None:
    company.put("task", company.one, title="Some day")
    late = company.put("task", company.one, title="Late", due_on="2026-11-20", status="open")
    company.put("task", company.one, title="Soon", due_on="2026-11-29", status="in_progress")
    company.put("task", company.one, title="Done", due_on="2026-11-01", status="done")
    company.put("task", company.two, title="Elsewhere", due_on="2026-11-01")
    tasks = card_of(company).tasks
    assert [x.title for x in tasks] == ["Late", "Soon", "Some day"]
    assert (tasks[0].id, tasks[0].due_on) == (late, dt.date(2026, 11, 20))


def test_months_are_the_whole_ones_before_this() -> None:
    months = months_before(dt.date(2026, 1, 31), 3)
    assert months == (dt.date(2025, 10, 1), dt.date(2025, 11, 1), dt.date(2025, 12, 1))


def test_revenue_falls_into_its_month_and_nothing_of_this_month_counts(company: Company) -> None:
    company.order(company.one, "2025-11-01", "10.25USD")
    company.order(company.one, "2026-10-31", "1.00USD")
    company.order(company.one, "2026-10-02", "2.50USD")
    company.order(company.one, "2026-11-02", "99.00USD")
    company.order(company.one, "2025-10-31", "88.00USD")
    company.load()
    with company.store.reader() as c:
        found = revenue_of(c, [company.one, company.two], TODAY)
    assert set(found) == {company.one}
    assert found[company.one].months == (10_250, *(0,) * 10, 3_500)
    assert found[company.one].total == Decimal("13.75")


def test_currencies_are_never_added(company: Company) -> None:
    company.order(company.one, "2026-10-02", "2.00USD")
    company.order(company.one, "2026-10-03", "70.10CNY")
    company.load()
    with company.store.reader() as c:
        found = revenue_of(c, [company.one], TODAY)[company.one]
        of_view = revenue_of_view(c, (), TODAY)
    assert (found.currency, found.total, found.others) == ("CNY", Decimal("70.1"), True)
    assert of_view == {"CNY": Decimal("70.1"), "USD": Decimal(2)}


def test_the_sum_of_a_view_is_that_of_its_accounts(company: Company) -> None:
    company.order(company.one, "2026-10-02", "2.00USD")
    company.order(company.two, "2026-10-03", "5.00USD")
    company.load()
    with company.store.reader() as c:
        found = revenue_of_view(c, (Where("grade", "=", "C"),), TODAY)
    assert found == {"USD": Decimal(5)}


def test_this_year_stands_against_the_same_months_last_year(company: Company) -> None:
    company.order(company.one, "2025-10-15", "100.00USD")
    company.order(company.one, "2026-10-15", "150.00USD")
    company.load()
    with company.store.reader() as c:
        year, nothing = year_of(c, company.one, TODAY), year_of(c, company.two, TODAY)
    assert year.first == dt.date(2025, 11, 1)
    assert (year.last_year[-1], year.this_year.months[-1], year.change) == (100_000, 150_000, 50)
    assert nothing.change is None


def test_visits_made_and_visits_to_come_are_told_apart(company: Company) -> None:
    company.visit(company.one, "2026-09-01T08:00:00Z", "completed")
    company.visit(
        company.one, "2026-10-01T08:00:00Z", "reviewed", actual_start="2026-10-01T08:20:00Z"
    )
    company.visit(company.one, "2026-10-20T08:00:00Z", "completed", type="phone")
    company.visit(company.one, "2026-11-02T08:00:00Z", "planned")
    company.visit(company.one, "2026-11-21T08:00:00Z", "cancelled")
    company.visit(company.one, "2026-12-02T08:00:00Z", "confirmed")
    company.visit(company.one, "2026-12-24T08:00:00Z", "planned")
    company.load()
    with company.store.reader() as c:
        found = visit_dates(c, [company.one, company.two], beginning_of(TODAY))
    assert set(found) == {company.one}
    assert found[company.one].last == "2026-10-01T08:20:00Z"
    assert found[company.one].next == "2026-12-02T08:00:00Z"


def test_a_timeline_merges_its_kinds_newest_first_and_pages_without_gaps(company: Company) -> None:
    for day in range(1, 10):
        company.order(company.one, f"2026-03-0{day}", "1.00USD")
        company.visit(company.one, f"2026-03-0{day}T00:00:00Z", "completed")
        company.put("interaction", company.one, at=f"2026-03-0{day}T09:00:00Z", medium="phone")
        company.put("complaint", company.one, received_at=f"2026-03-0{day}T09:00:00Z")
    company.load()
    with company.store.reader() as c:
        whole = timeline(c, company.one, limit=100).entries
        paged, page = [], timeline(c, company.one, limit=5)
        while page.more:
            paged += page.entries
            page = timeline(c, company.one, before=page.entries[-1].place, limit=5)
        count = count_entries(c, company.one)
    assert [*paged, *page.entries] == [*whole]
    assert len(whole) == count == 36
    assert [x.at for x in whole] == sorted((x.at for x in whole), reverse=True)


def test_a_visit_is_told_once(company: Company) -> None:
    visit = company.visit(company.one, "2026-10-01T08:00:00Z", "completed", result="Agreed")
    company.put("interaction", company.one, at="2026-10-01T08:00:00Z", visit=visit)
    company.visit(company.one, "2026-12-01T08:00:00Z", "planned")
    card = card_of(company)
    assert [(x.kind, x.more) for x in card.timeline.entries] == [("visit", "Agreed")]
    assert card.entries == 1


def test_the_card_shows_who_is_there_and_what_is_open(company: Company) -> None:
    owner = company.put("user", None, login="anne", name="Anne Dodsworth")
    company.rows[0] = ("account", row(company.one, 1, (), name="One", owner=owner))
    gone = company.put("contact", None, full_name="Gone", left_on="2026-01-01")
    kofler = company.put("contact", None, full_name="Elfriede Kofler", mobile="+43 1")
    for contact in (gone, kofler):
        company.put("account_contact", company.one, contact=contact, attitude=-1,
                    buying_roles=["buyer"])  # fmt: skip
    company.put("complaint", company.one, state="answered", subject="Short delivery")
    company.put("complaint", company.one, state="closed", subject="Over")
    card = card_of(company)
    assert card.owner == "Anne Dodsworth"
    assert [(x.name, x.attitude, x.phone) for x in card.contacts] == [
        ("Elfriede Kofler", -1, "+43 1")
    ]
    assert card.contacts[0].buying_roles == ("buyer",)
    assert [x.subject for x in card.complaints] == ["Short delivery"]


def test_the_card_shows_the_plan_in_force_and_how_far_it_is(company: Company) -> None:
    company.put("plan", company.one, title="Old", state="closed", ends_on="2027-12-31")
    plan = company.put("plan", company.one, title="2026", state="active", ends_on="2026-12-31")
    for status in ("done", "open", "dropped"):
        company.put("plan_objective", None, plan=plan, text=status, status=status)
    card = card_of(company)
    assert card.plan is not None
    assert (card.plan.title, card.plan.objectives, card.plan.done) == ("2026", 2, 1)


def test_own_unsent_work_shows_in_the_timeline(store: Store) -> None:
    account = add(store, "account", name="One")
    said = add(store, "interaction", account=account, at="2026-11-02T09:00:00Z", subject="Call")
    deleted = add(store, "interaction", account=account, at="2026-11-03T09:00:00Z")
    delete(store, "interaction", deleted)
    with store.reader() as c:
        entries = timeline(c, account).entries
    assert [(x.id, x.pending) for x in entries] == [(said, True)]


def test_there_is_no_card_of_what_is_not_here(company: Company) -> None:
    company.load()
    with company.store.reader() as c:
        assert account_card(c, company.store.new_id(), TODAY) is None


def test_addresses_read_as_in_their_country() -> None:
    chinese = address_line("中国", "重庆市", "重庆市", "渝中区", "民族路188号", "400010")
    assert chinese == "重庆市渝中区民族路188号 400010"
    assert address_line("Austria", "", "Graz", "", "Kirchgasse 6", "8010") == (
        "Kirchgasse 6, 8010 Graz, Austria"
    )
