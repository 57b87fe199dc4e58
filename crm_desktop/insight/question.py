"""What a chart is asked for: over which accounts, as of which day, out of which snapshot."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from crm_core.catalog import entity_of
from crm_core.fields import Value
from crm_core.wall_time import wall_of
from crm_desktop.models import labels
from crm_desktop.models.connection import Connection, SqlValue
from crm_desktop.models.sql import OWN_ID, Where, conditions, id_of

_ACCOUNT = entity_of("account")


@dataclass(frozen=True)
class Question:
    """One question to one snapshot. `accounts` narrows the accounts; `filters` says it in words."""

    c: Connection
    as_of: dt.date
    accounts: tuple[Where, ...] = ()
    filters: str = ""

    @property
    def after(self) -> dt.date:
        """The first day that no longer counts: windows are half open."""
        return self.as_of + dt.timedelta(1)

    @cached_property
    def last_sync(self) -> str:
        """When this device last proved equal with its server; "" for never."""
        return str(self.c.value("SELECT verified_at FROM sync_state") or "")

    def account_sql(self, column: str) -> tuple[str, list[SqlValue]]:
        """The condition that a row belongs to one of the accounts asked for ("" for all)."""
        if not self.accounts:
            return "", []
        sql, parameters = conditions(_ACCOUNT, self.accounts)
        return f" AND {column} IN (SELECT id FROM account WHERE deleted = 0{sql})", parameters

    @cached_property
    def of_accounts(self) -> tuple[Where, ...]:
        """The same for the list of another kind: the accounts by their ids."""
        if not self.accounts:
            return ()
        sql, parameters = conditions(_ACCOUNT, self.accounts)
        rows = self.c.rows(f"SELECT id FROM account WHERE deleted = 0{sql}", parameters)
        ids: list[Value] = [id_of(row[0]) for row in rows]
        return (Where("account", "in", ids),)

    def names(self, kind: str, ids: Sequence[str]) -> Mapping[str, str]:
        """The words by which records are known."""
        from crm_core.ids import RecordId

        refs = [(kind, RecordId(one)) for one in ids]
        return {record_id: words for (_, record_id), words in labels.titles(self.c, refs).items()}


def named(*ids: str) -> Where:
    """The condition that a record is one of these."""
    members: list[Value] = list(ids)
    return Where(OWN_ID, "in", members)


# Windows


def month_start(day: dt.date, months: int = 0) -> dt.date:
    """The first of the month that lies `months` after the day's."""
    number = day.year * 12 + day.month - 1 + months
    return dt.date(number // 12, number % 12 + 1, 1)


def quarter_start(day: dt.date, quarters: int = 0) -> dt.date:
    """The first day of the quarter that lies `quarters` after the day's."""
    return month_start(day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1), 3 * quarters)


def year_before(day: dt.date) -> dt.date:
    """The same day a year before; 28 February for the 29th."""
    try:
        return day.replace(year=day.year - 1)
    except ValueError:
        return day.replace(year=day.year - 1, day=28)


def instant_at(day: dt.date) -> str:
    """The canonical instant at which a day begins here."""
    begins = dt.datetime.combine(day, dt.time()).astimezone(dt.UTC)
    return begins.strftime("%Y-%m-%dT%H:%M:%SZ")


def local_day(instant: str) -> dt.date | None:
    """The day on which an instant falls here, or None."""
    wall = wall_of(instant)
    return wall.date() if wall is not None else None
