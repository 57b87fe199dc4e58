"""Complaints at every stage of their life, led there step by step, with the log of the steps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crm_core import chinese_days
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.values import instant_of
from crm_core.working_time import WorkingCalendar
from crm_server.demo.people import People
from crm_server.demo.rows import (
    CLOSES,
    OPENS,
    Draw,
    Row,
    is_weekend,
    past,
    tags,
    weekday_before,
    without_empty,
)
from crm_server.demo.trade import Account, Trade

ACKNOWLEDGED = ("received", "acknowledged")
ASSESSED = (*ACKNOWLEDGED, "assessed")
INVESTIGATING = (*ASSESSED, "investigating")
ANSWERED = (*INVESTIGATING, "answered")
RESOLVED = (*ANSWERED, "recovering", "resolved")
CLOSED = (*RESOLVED, "closed")
PATHS = (
    CLOSED, (*CLOSED, "followed_up"), (*ACKNOWLEDGED, "rejected"), CLOSED,
    (*INVESTIGATING, "waiting_third_party", "investigating", "answered", "resolved", "closed"),
    (*CLOSED, "followed_up"), (*ACKNOWLEDGED, "duplicate"),
)  # fmt: skip
"""The lives of complaints that are over, one after the other."""


@dataclass(frozen=True)
class Current:
    """An open complaint: how far it came, how many working days ago it began, how grave it is,
    and the login of whoever answers for it."""

    path: tuple[str, ...]
    days_ago: int
    severity: str = ""
    handler: str = ""


CURRENT = (
    Current(RESOLVED, 8, "minor"),
    Current((*RESOLVED, "reopened", "investigating"), 9, "minor"),
    Current((*ANSWERED, "recovering"), 6, "minor"),
    Current(INVESTIGATING, 5, "major", "fuller"),
    Current(ANSWERED, 5, "minor", "fuller"),
    Current((*INVESTIGATING, "waiting_customer"), 3, "minor", "fuller"),
    Current(INVESTIGATING, 4, "major", "nancy"),
    Current(ASSESSED, 2, "minor", "nancy"),
    Current(ACKNOWLEDGED, 1, handler="buchanan"),
    Current(("received",), 1, handler="margaret"),
)
"""What is open today: late, in good time and paused for the lead, late and in good time for the
representative; the two last not yet judged."""

_OFFICE = WorkingCalendar(
    hours=((OPENS, CLOSES),), zone=dt.UTC, is_workday=lambda day: not is_weekend(day)
)
"""When the colleagues work, in wall time: its hours are read as if they were UTC."""

COMPLAINTS = 48
OLDEST_DAYS_AGO, NEWEST_DAYS_AGO = 330, 40
STEP_MINUTES = {
    "acknowledged": (20, 220), "assessed": (60, 420), "investigating": (30, 240),
    "answered": (120, 900), "recovering": (60, 480), "resolved": (120, 900),
    "closed": (240, 1440), "followed_up": (2400, 3360), "reopened": (480, 960),
}  # fmt: skip
"""Working minutes, least and most, until a stage is reached; an hour or two for the others."""

CAUSES = (
    ("Packing", 4),
    ("Carrier", 4),
    ("Picking error", 3),
    ("Supplier quality", 2),
    ("Invoice", 1),
)
"""Cause and its weight: the first three make up four fifths, as in practice."""


@dataclass(frozen=True)
class Course:
    """How far a complaint came, when it was received (wall time), how grave it was found to be,
    and the login of whoever answers for it."""

    path: Sequence[str]
    received: dt.datetime
    severity: str
    handler: str = ""


@dataclass(frozen=True)
class Matter:
    """What a complaint is about."""

    subject: str
    description: str
    remedy: str
    category: str


ENGLISH = (
    Matter("Boxes arrived wet", "Four boxes were wet and the labels came off.", "Replacement",
           "Delivery"),
    Matter("Short delivery", "Two cases are missing from the delivery note.", "Second delivery",
           "Delivery"),
    Matter("Wrong product", "We received the unsalted variety again.", "Exchange", "Order"),
    Matter("Best-before date too short", "Only nine days left on arrival. We asked for thirty.",
           "Credit note", "Quality"),
    Matter("Invoice higher than agreed", "The discount of five per cent is missing.", "Correction",
           "Invoice"),
    Matter("Delivered during closing hours", "The driver left the pallet in the yard.", "Apology",
           "Delivery"),
)  # fmt: skip
CHINESE = (
    Matter("到货外箱破损", "本批四箱外箱破损，标签脱落。要求更换。", "换货", "物流"),
    Matter("数量短少", "送货单上缺两箱，请核实。", "补发", "物流"),
    Matter("保质期过短", "到货时保质期只剩九天，合同约定三十天。", "退款", "质量"),
    Matter("发票金额有误", "未按合同执行九五折。", "更正发票", "开票"),
)


class Complaints:
    """Complaints on customers of both kinds."""

    def __init__(
        self, accounts: Sequence[Account], trade: Trade, people: People, draw: Draw
    ) -> None:
        self._customers = [account for account in accounts if not account.prospect]
        self._chinese = [account for account in self._customers if account.chinese]
        self._trade = trade
        self._people = people
        self._draw = draw

    def rows(self) -> Iterator[Row]:
        """The complaints, each with its events."""
        over = COMPLAINTS - len(CURRENT)
        for number in range(COMPLAINTS):
            draw = self._draw.part(f"complaint {number}")
            account = draw.one(self._chinese if number % 4 == 0 else self._customers)
            if number < over:
                day = draw.day(-OLDEST_DAYS_AGO, -NEWEST_DAYS_AGO)
                severity = draw.one(("critical", "major", "minor", "minor"))
                course = Course(PATHS[number % len(PATHS)], draw.wall(day), severity)
            else:
                current = CURRENT[number - over]
                day = _working_days_ago(draw.today, current.days_ago)
                received = draw.wall(day)
                course = Course(current.path, received, current.severity, current.handler)
                if current.handler:
                    account = draw.one(self._of(current.handler))
            yield from self._life(number, account, course, draw)

    def _of(self, login: str) -> list[Account]:
        """Somebody's customers but the largest, whose clocks run twice as fast."""
        owner = self._people.user(login)
        return [x for x in self._customers if x.owner.user == owner and x.grade != "A"]

    def _life(self, number: int, account: Account, course: Course, draw: Draw) -> Iterator[Row]:
        path, received = course.path, draw.moment(course.received)
        steps = _moments(course, draw)
        by_service = draw.chance(0.6) and not course.handler
        handler = self._people.user("service") if by_service else account.owner.user
        complaint = draw.id_of("complaint", str(number))
        values = self._values(account, course, handler, draw)
        if path[-1] == "duplicate":
            values["repeat_of"] = draw.id_of("complaint", str(number - 1))
        yield Row("complaint", complaint, values | past(handler, received, steps[-1]))
        before = ""
        for place, (state, at) in enumerate(zip(path, steps, strict=True)):
            event = without_empty(
                {"complaint": complaint, "at": instant_of(at),
                 "from_state": before, "to_state": state,
                 "customer_visible": state in ("acknowledged", "answered", "resolved"),
                 **_said(state, account)}
            )  # fmt: skip
            yield Row(
                "complaint_event", draw.id_of("complaint_event", f"{number}-{place}"),
                event | past(handler, at),
            )  # fmt: skip
            before = state

    def _values(
        self, account: Account, course: Course, handler: RecordId, draw: Draw
    ) -> dict[str, Value]:
        path, received = course.path, draw.moment(course.received)
        matter = draw.one(CHINESE if account.chinese else ENGLISH)
        channels = ("wechat", "phone") if account.chinese else ("phone", "email", "visit")
        values: dict[str, Value] = {
            "account": account.id, "subject": matter.subject, "state": path[-1],
            "type": "complaint", "channel": draw.one(channels), "received_at": instant_of(received),
            "contact": account.contacts[0], "order": self._trade.last_order(account),
            "product": self._trade.product(draw.whole(1, 77)), "description": matter.description,
            "remedy_sought": matter.remedy, "category": matter.category,
            "need": tags(draw.one(("cared_for", "heard", "professional", "fast"))),
            "safety": matter.category == "Quality" and draw.chance(0.3),
        }  # fmt: skip
        return without_empty(values | self._findings(account, course, handler, draw))

    def _findings(
        self, account: Account, course: Course, handler: RecordId, draw: Draw
    ) -> dict[str, Value]:
        """What the stages passed so far had to establish."""
        path = course.path
        causes = [cause for cause, weight in CAUSES for _ in range(weight)]
        found: dict[str, Value] = {}
        if "assessed" in path:
            found["severity"] = course.severity
            found["handler"] = handler
        if "closed" in path:
            found["cause"] = draw.one(causes)
            found["responsible_unit"] = draw.one(("Warehouse", "Sales"))
            found["outcome"] = "已换货并致歉" if account.chinese else "Replaced, with an apology"
        if path[-1] == "rejected":
            found["closed_reason"] = "非本公司产品" if account.chinese else "Not our product"
        return found


def _moments(course: Course, draw: Draw) -> list[dt.datetime]:
    """The moments of the steps in UTC, in working hours and all before today."""
    walls = [course.received.replace(tzinfo=dt.UTC)]
    last = dt.datetime.combine(weekday_before(draw.today), CLOSES, dt.UTC)
    for place, state in enumerate(course.path[1:], start=1):
        least, most = STEP_MINUTES.get(state, (60, 120))
        work = dt.timedelta(minutes=draw.whole(least, most))
        room = _OFFICE.between(walls[-1], last) / (len(course.path) - place)
        walls.append(_OFFICE.after(walls[-1], min(work, room)))
    return [draw.moment(wall.replace(tzinfo=None, microsecond=0)) for wall in walls]


def _working_days_ago(today: dt.date, days: int) -> dt.date:
    """The weekday that lies so many days back on which the clocks run: over long holidays they
    stand, and what is to be late by now began before."""
    day = today
    while days:
        day -= dt.timedelta(1)
        days -= not is_weekend(day) and chinese_days.is_workday(day)
    return day


_SAID = {
    "waiting_customer": ("Photos of the labels asked for", "请客户提供标签照片"),
    "waiting_third_party": ("The carrier looks for its log", "承运商正在查运输记录"),
    "answered": ("We take it back and replace it.", "已答复客户：全部更换。"),
    "recovering": ("Replacement is on its way.", "换货已发出。"),
    "reopened": ("The replacement was damaged too.", "更换的货物仍有破损。"),
    "followed_up": ("Content with how it was handled.", "客户对处理结果满意。"),
}
"""What the log says with a stage, in English and in Chinese."""


def _said(state: str, account: Account) -> dict[str, Value]:
    english, chinese = _SAID.get(state, ("", ""))
    words = chinese if account.chinese else english
    name = "reason" if state.startswith("waiting") or state == "reopened" else "comment"
    return {name: words} if words else {}
