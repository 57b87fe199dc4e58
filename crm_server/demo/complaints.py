"""Complaints at every stage of their life, led there step by step, with the log of the steps."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.values import instant_of
from crm_server.demo.people import People
from crm_server.demo.rows import Draw, Row, past, tags, without_empty
from crm_server.demo.trade import Account, Trade

ACKNOWLEDGED = ("received", "acknowledged")
ASSESSED = (*ACKNOWLEDGED, "assessed")
INVESTIGATING = (*ASSESSED, "investigating")
ANSWERED = (*INVESTIGATING, "answered")
RESOLVED = (*ANSWERED, "recovering", "resolved")
CLOSED = (*RESOLVED, "closed")
PATHS = (
    ("received",), ACKNOWLEDGED, ASSESSED, INVESTIGATING, CLOSED, RESOLVED,
    (*INVESTIGATING, "waiting_customer"), (*CLOSED, "followed_up"), ANSWERED, CLOSED,
    (*INVESTIGATING, "waiting_third_party", "investigating", "answered", "resolved", "closed"),
    (*ACKNOWLEDGED, "rejected"), (*ANSWERED, "recovering"),
    (*RESOLVED, "reopened", "investigating"), (*CLOSED, "followed_up"),
    (*ACKNOWLEDGED, "duplicate"),
)  # fmt: skip
"""The lives of complaints, one after the other; together they pass every stage."""

COMPLAINTS = 48
OLDEST_DAYS_AGO, NEWEST_DAYS_AGO = 330, 25
CAUSES = (
    ("Packing", 4),
    ("Carrier", 4),
    ("Picking error", 3),
    ("Supplier quality", 2),
    ("Invoice", 1),
)
"""Cause and its weight: the first three make up four fifths, as in practice."""


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
        for number in range(COMPLAINTS):
            draw = self._draw.part(f"complaint {number}")
            account = draw.one(self._chinese if number % 4 == 0 else self._customers)
            yield from self._life(number, account, PATHS[number % len(PATHS)], draw)

    def _life(
        self, number: int, account: Account, path: Sequence[str], draw: Draw
    ) -> Iterator[Row]:
        is_open = path[-1] in ("received", "acknowledged", "assessed", "investigating")
        youngest = 2 if is_open else NEWEST_DAYS_AGO
        day = draw.day(-NEWEST_DAYS_AGO if is_open else -OLDEST_DAYS_AGO, -youngest)
        received = draw.at(day, chinese=account.chinese)
        steps = self._moments(received, len(path), draw)
        handler = self._people.user("service") if draw.chance(0.6) else account.owner.user
        complaint = draw.id_of("complaint", str(number))
        values = self._values(account, path, received, handler, draw)
        if path[-1] == "duplicate":
            values["repeat_of"] = draw.id_of("complaint", str(number - 1))
        yield Row("complaint", complaint, values | past(handler, received, steps[-1]))
        before = ""
        for place, (state, at) in enumerate(zip(path, steps, strict=True)):
            event = without_empty(
                {"complaint": complaint, "at": instant_of(at),
                 "from_state": before, "to_state": state,
                 "customer_visible": state in ("acknowledged", "answered", "resolved")}
            )  # fmt: skip
            yield Row(
                "complaint_event", draw.id_of("complaint_event", f"{number}-{place}"),
                event | past(handler, at),
            )  # fmt: skip
            before = state

    def _moments(self, received: dt.datetime, count: int, draw: Draw) -> list[dt.datetime]:
        """The moments of the steps, all before today."""
        moments = [received]
        last = dt.datetime.combine(draw.today, dt.time(), dt.UTC) - dt.timedelta(hours=1)
        for left in range(count - 1, 0, -1):
            room = (last - moments[-1]) / left
            moments.append(moments[-1] + min(room, dt.timedelta(hours=draw.whole(2, 60))))
        return [moment.replace(microsecond=0) for moment in moments]

    def _values(
        self,
        account: Account,
        path: Sequence[str],
        received: dt.datetime,
        handler: RecordId,
        draw: Draw,
    ) -> dict[str, Value]:
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
        return without_empty(values | self._findings(account, path, handler, draw))

    def _findings(
        self, account: Account, path: Sequence[str], handler: RecordId, draw: Draw
    ) -> dict[str, Value]:
        """What the stages passed so far had to establish."""
        causes = [cause for cause, weight in CAUSES for _ in range(weight)]
        found: dict[str, Value] = {}
        if "assessed" in path:
            found["severity"] = draw.one(("critical", "major", "minor", "minor"))
            found["handler"] = handler
        if "closed" in path:
            found["cause"] = draw.one(causes)
            found["responsible_unit"] = draw.one(("Warehouse", "Sales"))
            found["outcome"] = "已换货并致歉" if account.chinese else "Replaced, with an apology"
        if path[-1] == "rejected":
            found["closed_reason"] = "非本公司产品" if account.chinese else "Not our product"
        return found
