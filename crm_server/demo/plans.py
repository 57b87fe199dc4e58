"""Key-account plans with their SWOT items, objectives and actions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_server.demo.people import People
from crm_server.demo.rows import Draw, Row, past, tags, without_empty
from crm_server.demo.trade import Account

STATES = (
    "active", "active", "under_review", "approved", "submitted", "draft", "active", "active",
    "closed", "active", "draft", "active",
)  # fmt: skip
"""The states of the plans, best customer first."""

MADE_DAYS_AGO = 150
BOXES = ("strength", "weakness", "opportunity", "threat", "need", "criterion", "risk")
SWOT = {
    "strength": ("Long relationship with the owner", "Only supplier of three of their products"),
    "weakness": ("Delivery on Tuesdays only", "Two complaints open for weeks"),
    "opportunity": ("Second location opens in spring", "They want fewer suppliers"),
    "threat": ("Local competitor 8 % cheaper", "New head of purchasing knows us little"),
    "need": ("Smaller pack sizes",),
    "criterion": ("Reliability counts more than price",),
    "risk": ("Depends on one person",),
}
SWOT_CHINESE = {
    "strength": ("与总经理合作多年", "三款产品的独家供应商"),
    "weakness": ("仅周二送货", "两起投诉尚未结案"),
    "opportunity": ("明年春季开设第二家店", "客户希望减少供应商数量"),
    "threat": ("本地竞争对手价格低 8%", "新任采购负责人不了解我们"),
    "need": ("更小的包装规格",),
    "criterion": ("交付可靠性比价格更重要",),
    "risk": ("过度依赖一位联系人",),
}
OBJECTIVES = (
    ("Raise revenue by ten per cent", "revenue", "Revenue of the year against the year before"),
    (
        "Reach the decision makers of both sites",
        "relationship",
        "Talks with each of them in a quarter",
    ),
    ("Deliver on time, every time", "service", "Share of deliveries on the agreed day"),
)
OBJECTIVES_CHINESE = (
    ("销售额增长百分之十", "revenue", "与上年同期销售额对比"),
    ("接触两地的决策者", "relationship", "每季度与每位决策者面谈一次"),
    ("准时交付", "service", "按约定日期交付的比例"),
)
ACTIONS = (
    "Workshop with the kitchen team",
    "Offer with volume steps",
    "Review meeting",
    "Joint tasting",
)
ACTIONS_CHINESE = ("与厨房团队开研讨会", "阶梯报价", "季度回顾会", "联合品鉴会")
BUYING_CENTRE = (
    ("Head of finance", "decision", "finance", ("decider",), 5, 0),
    ("Head chef", "management", "use", ("influencer", "user"), 4, 1),
    ("Kitchen manager", "operation", "use", ("user",), 2, 2),
    ("Purchasing assistant", "operation", "purchasing", ("gatekeeper",), 2, -1),
    ("Quality manager", "management", "technology", ("influencer",), 3, None),
)
"""Who else has a say at a key account: job, level, function, buying roles, influence, attitude."""

NAMES = (
    "Wolfgang Ernst", "Elfriede Kofler", "Petra Lang", "Sepp Gruber", "Ute Haas", "Marco Toller",
    "Claire Duval", "Nils Berg", "Marta Ruiz", "Owen Price", "Ingrid Holm", "Paolo Conti",
)  # fmt: skip
NAMES_CHINESE = ("陈丽", "周伟", "林晓燕", "高强", "何静", "罗志明", "唐敏", "许峰", "沈洁", "彭涛")
JOBS_CHINESE = ("财务总监", "行政总厨", "厨房经理", "采购助理", "质量经理")
ACTION_STATES = ("open", "open", "in_progress", "done", "dropped")


class Plans:
    """One plan for each of the best customers, the Chinese ones among them."""

    def __init__(self, accounts: Sequence[Account], people: People, draw: Draw) -> None:
        self._accounts = [account for account in accounts if account.grade == "A"]
        self._people = people
        self._draw = draw

    def rows(self) -> Iterator[Row]:
        """The account teams, the plans and their parts."""
        for number, account in enumerate(self._accounts):
            draw = self._draw.part(f"plan {account.key}")
            made = draw.at(draw.day(-MADE_DAYS_AGO, -MADE_DAYS_AGO // 2))
            by = past(account.owner.user, made)
            yield from self._team(account, draw, by)
            state = STATES[number % len(STATES)]
            plan = draw.id_of("plan", account.key)
            yield Row("plan", plan, self._plan(account, state, draw) | by)
            yield from self._buying_centre(account, by)
            yield from self._items(account, plan, draw, by)
            yield from self._objectives(account, plan, draw, by)

    def _team(self, account: Account, draw: Draw, by: dict[str, Value]) -> Iterator[Row]:
        for login, role in (("margaret", "kam"), ("fuller", "sponsor"), ("service", "service")):
            user = self._people.user(login)
            if user != account.owner.user:
                values: dict[str, Value] = {"account": account.id, "user": user, "role": role}
                key = f"{account.key}-{login}"
                yield Row("account_team", draw.id_of("account_team", key), values | by)

    def _buying_centre(self, account: Account, by: dict[str, Value]) -> Iterator[Row]:
        # A source of its own: what was drawn before stays what it was.
        draw = self._draw.part(f"buying centre {account.key}")
        names = draw.some(NAMES_CHINESE if account.chinese else NAMES, len(BUYING_CENTRE))
        for number, (job, level, function, roles, influence, attitude) in enumerate(BUYING_CENTRE):
            key = f"{account.key}-buying-{number}"
            contact = draw.id_of("contact", key)
            title = JOBS_CHINESE[number] if account.chinese else job
            person: dict[str, Value] = {
                "full_name": names[number], "title": title, "active": True,
            }  # fmt: skip
            yield Row("contact", contact, person | by)
            role: dict[str, Value] = {
                "account": account.id, "contact": contact, "role": title, "is_primary": False,
                "level": level, "function": function, "buying_roles": tags(*roles),
                "influence": influence, "attitude": attitude,
            }  # fmt: skip
            row = without_empty(role) | by
            yield Row("account_contact", draw.id_of("account_contact", key), row)

    def _plan(self, account: Account, state: str, draw: Draw) -> dict[str, Value]:
        year = draw.today.year
        chinese = account.chinese
        return {
            "title": f"{account.name} {year}", "account": account.id, "owner": account.owner.user,
            "period": str(year), "starts_on": f"{year}-01-01", "ends_on": f"{year}-12-31",
            "state": state, "version": 1,
            "relationship": draw.one(("proactive", "partner", "accountable")),
            "vision": "成为客户的首选供应商。" if chinese else "To be the first they ask.",
            "priorities": "降低库存。\n新店按时开业。" if chinese
            else "Lower stock.\nThe new site opens on time.",
            "challenges": "物流成本上升。" if chinese else "Rising cost of transport.",
            "trends": "健康饮食需求增长。" if chinese else "Guests ask for organic food.",
            "value_proposition": "小批量、准时、专人负责。" if chinese
            else "Small lots, on time, one person to call.",
        }  # fmt: skip

    def _items(
        self, account: Account, plan: RecordId, draw: Draw, by: dict[str, Value]
    ) -> Iterator[Row]:
        texts = SWOT_CHINESE if account.chinese else SWOT
        for box in BOXES:
            for place, text in enumerate(texts[box]):
                values: dict[str, Value] = {
                    "plan": plan, "box": box, "text": text, "weight": draw.whole(1, 5),
                    "position": f"a{place}",
                }  # fmt: skip
                key = f"{account.key}-{box}-{place}"
                yield Row("plan_section_item", draw.id_of("plan_section_item", key), values | by)

    def _objectives(
        self, account: Account, plan: RecordId, draw: Draw, by: dict[str, Value]
    ) -> Iterator[Row]:
        objectives = OBJECTIVES_CHINESE if account.chinese else OBJECTIVES
        actions = ACTIONS_CHINESE if account.chinese else ACTIONS
        for place, (text, category, measure) in enumerate(objectives):
            objective = draw.id_of("plan_objective", f"{account.key}-{place}")
            values: dict[str, Value] = {
                "plan": plan, "text": text, "owner": account.owner.user,
                "start_on": f"{draw.today.year}-01-01", "due_on": draw.day(20, 120).isoformat(),
                "status": draw.one(("open", "in_progress")), "category": category,
                "measure": measure, "position": f"a{place}",
            }  # fmt: skip
            yield Row("plan_objective", objective, values | by)
            for number, title in enumerate(draw.some(actions, 2)):
                key = f"{account.key}-{place}-{number}"
                values = self._action(account, plan, objective, title, draw)
                values["position"] = f"a{place}{number}"
                yield Row("plan_action", draw.id_of("plan_action", key), values | by)

    def _action(
        self, account: Account, plan: RecordId, objective: RecordId, title: str, draw: Draw
    ) -> dict[str, Value]:
        due: dt.date = draw.day(-60, 60)
        status = draw.one(ACTION_STATES)
        done = draw.day(-59, -1) if status == "done" else None
        return without_empty(
            {
                "plan": plan, "objective": objective, "title": title,
                "owner": draw.one((account.owner.user, self._people.user("margaret"))),
                "customer_owner": account.contacts[0], "due_on": due.isoformat(),
                "done_on": done.isoformat() if done else None, "status": status,
                "reason": "Not wanted by the customer" if status == "dropped" else None,
                "cost": f"{draw.whole(1, 20) * 50}.00USD",
            }
        )  # fmt: skip
