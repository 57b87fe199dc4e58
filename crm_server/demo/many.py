"""Any number of accounts for tests and benches: half Chinese, half Latin, one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from random import Random

from crm_core.fields import Value
from crm_core.ids import RecordId, uuid7_from
from crm_server.demo.rows import FOUNDED_MS, RANDOM_BITS, Row

SEED = 7
STEP_MS = 7
"""Accounts are made one after the other, as in life: ids of version 7 rise with them."""

_PLACES = ("北京", "上海", "重庆", "厦门", "六安", "广州", "成都", "武汉", "西安", "台州")
_TRADES = ("食品", "餐饮管理", "供应链", "酒店管理", "进出口", "生鲜", "水产", "茶叶")
_MARKS = ("长安", "同和", "蜀味", "乐鲜", "金陵", "曾氏", "单家", "和顺", "宏达", "万福")
_FIRST = (
    "Alfred",
    "Berg",
    "Chop",
    "Drachen",
    "Eastern",
    "Folk",
    "Gala",
    "Hungry",
    "Island",
    "Köne",
)
_SECOND = (
    "Market",
    "Futterkiste",
    "Bistro",
    "Delikatessen",
    "Trading",
    "Foods",
    "Cantina",
    "Spécialités",
)
_FORMS = ("Ltd", "GmbH", "S.A.", "Inc.", "AB", "S.p.A.")
_GRADES = ("A", "B", "B", "C", "C", "C", "D", "D", "D", "D")
_STAGES = ("new", "qualifying", "qualified", "converted", "converted", "converted")
_NOTE_LATIN = (
    "Visited twice last year. Delivery on Tuesdays is a must.\n"
    "Ask for the head of purchasing; she decides together with the owner."
)
_NOTE_CHINESE = "去年拜访两次。必须每周二到货。\n请联系采购负责人，由她与总经理共同决定。"


def accounts(
    count: int, owners: Sequence[tuple[RecordId, RecordId]] = (), seed: int = SEED
) -> Iterator[Row]:
    """`count` accounts of about 640 bytes of JSON each; the same for the same seed.

    `owners`: pairs of a user and his team, to whom the accounts are dealt in turn.
    """
    rng = Random(seed)
    for number in range(count):
        record_id = uuid7_from(FOUNDED_MS + number * STEP_MS, rng.getrandbits(RANDOM_BITS))
        values = _values(number, rng, chinese=number % 2 == 0)
        if owners:
            values["owner"], values["team"] = owners[number % len(owners)]
        yield Row("account", record_id, values)


def _values(number: int, rng: Random, *, chinese: bool) -> dict[str, Value]:
    choice = rng.choice
    stage = choice(_STAGES)
    if chinese:
        short = f"{choice(_MARKS)}{choice(_TRADES)}{number}"
        name, note = f"{choice(_PLACES)}{short}有限公司", _NOTE_CHINESE
    else:
        short = f"{choice(_FIRST)} {choice(_SECOND)} {number}"
        name, note = f"{short} {choice(_FORMS)}", _NOTE_LATIN
    return {
        "name": name, "short_name": short, "stage": stage, "status": "active",
        "type": "customer" if stage == "converted" else "prospect", "grade": choice(_GRADES),
        "credit_limit": f"{rng.randint(1, 99)}000.00{'CNY' if chinese else 'USD'}",
        "industry": choice(_TRADES) if chinese else choice(_SECOND),
        "size_band": choice(("1-9", "10-49", "50-249", "250+")),
        "phone": f"+86 {rng.randint(10**9, 10**10)}", "email": f"office@a{number}.example",
        "website": f"https://a{number}.example", "tags": [choice(("export", "organic", "重点"))],
        "description": note, "ext_id": f"ERP-{number:07}", "ext_source": "many",
        "custom": {"warehouse": str(rng.randint(1, 9)), "route": choice(_PLACES)},
    }  # fmt: skip
