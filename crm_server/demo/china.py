"""Fourteen invented Chinese accounts; many a surname and place in them has two readings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_server.demo.people import People
from crm_server.demo.rows import Draw, Row, past, tags, without_empty
from crm_server.demo.trade import SIZES, Account

USCC_DIGITS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""GB 32100-2015: the 31 characters of a unified social credit code."""

USCC_MODULUS = 31
FIRST_MEETINGS_DAYS_AGO = 500


@dataclass(frozen=True)
class Company:
    """One account as it is written down here; the people with their job and surname."""

    name: str
    short_name: str
    owner: str
    stage: str
    grade: str
    industry: str
    place: tuple[str, str, str, str, str]
    location: str
    people: tuple[tuple[str, str, str], ...]


COMPANIES = (
    Company("重庆长安食品有限公司", "长安食品", "1", "converted", "A", "食品批发",
            ("重庆市", "重庆市", "渝中区", "解放碑民族路188号", "400010"), "29.5582,106.5775",
            (("曾国强", "曾", "采购总监"), ("朴志勇", "朴", "财务经理"))),
    Company("厦门航空配餐有限公司", "厦航配餐", "1", "converted", "B", "航空配餐",
            ("福建省", "厦门市", "湖里区", "埭辽路22号", "361006"), "24.5362,118.1278",
            (("单红", "单", "总经理"), ("翟志刚", "翟", "仓储主管"))),
    Company("六安茶叶进出口有限公司", "六安茶叶", "1", "converted", "B", "茶叶贸易",
            ("安徽省", "六安市", "金安区", "梅山中路56号", "237000"), "31.735,116.5231",
            (("区小明", "区", "进出口部经理"),)),
    Company("上海沪东餐饮管理有限公司", "沪东餐饮", "1", "qualified", "C", "连锁餐饮",
            ("上海市", "上海市", "杨浦区", "四平路1230号", "200092"), "31.2817,121.501",
            (("仇建国", "仇", "供应链总监"), ("解晓东", "解", "门店经理"))),
    Company("北京同和食品集团有限公司", "同和集团", "1", "qualifying", "D", "食品集团",
            ("北京市", "北京市", "朝阳区", "建国路93号", "100022"), "39.9075,116.4782",
            (("查良骏", "查", "集团采购主任"),)),
    Company("广州粤海酒店管理有限公司", "粤海酒店", "4", "converted", "A", "酒店",
            ("广东省", "广州市", "天河区", "天河路208号", "510620"), "23.1322,113.3245",
            (("尹春梅", "尹", "餐饮总监"), ("冼志明", "冼", "行政总厨"))),
    Company("深圳前海优选供应链有限公司", "前海优选", "4", "converted", "B", "供应链",
            ("广东省", "深圳市", "南山区", "前海路1号", "518052"), "22.5308,113.9087",
            (("任静", "任", "采购经理"),)),
    Company("成都蜀味餐饮连锁有限公司", "蜀味", "3", "converted", "B", "连锁餐饮",
            ("四川省", "成都市", "锦江区", "春熙路99号", "610021"), "30.6574,104.0786",
            (("吕明", "吕", "创始人"),)),
    Company("杭州西湖国宾酒店有限公司", "西湖国宾", "3", "claimed", "C", "酒店",
            ("浙江省", "杭州市", "西湖区", "杨公堤18号", "310007"), "30.247,120.1303",
            (("华敏", "华", "采购部经理"),)),
    Company("苏州乐鲜生鲜超市有限公司", "乐鲜生鲜", "6", "converted", "C", "生鲜零售",
            ("江苏省", "苏州市", "姑苏区", "观前街88号", "215005"), "31.3107,120.628",
            (("乐怡然", "乐", "商品总监"),)),
    Company("南京金陵宴会中心有限公司", "金陵宴会", "7", "disqualified", "D", "宴会",
            ("江苏省", "南京市", "鼓楼区", "汉中路2号", "210005"), "32.0415,118.7782",
            (("宁远", "宁", "经理"),)),
    Company("武汉长江水产批发有限公司", "长江水产", "7", "converted", "C", "水产批发",
            ("湖北省", "武汉市", "江岸区", "沿江大道151号", "430014"), "30.5928,114.3055",
            (("盖淑芬", "盖", "业务经理"),)),
    Company("台北鼎豐餐飲股份有限公司", "鼎豐餐飲", "9", "converted", "C", "連鎖餐飲",
            ("台灣", "台北市", "信義區", "信義路五段7號", "110"), "25.0339,121.5645",
            (("曾雅婷", "曾", "採購經理"),)),
    Company("西安大雁餐饮集团有限公司", "大雁集团", "2", "new", "D", "餐饮集团",
            ("陕西省", "西安市", "雁塔区", "雁塔南路33号", "710061"), "34.2186,108.9642",
            (("万俟宏", "万俟", "副总裁"),)),
)  # fmt: skip


class China:
    """The Chinese accounts as rows."""

    def __init__(self, people: People, draw: Draw) -> None:
        self._people = people
        self._draw = draw
        self.accounts = [self._account(number, it) for number, it in enumerate(COMPANIES, 1)]

    def _account(self, number: int, company: Company) -> Account:
        key = f"CN{number:02}"
        contacts = (self._draw.id_of("contact", f"{key}-{name}") for name, _, _ in company.people)
        return Account(
            key,
            self._draw.id_of("account", key),
            company.name,
            self._people.employees[company.owner],
            company.grade,
            tuple(contacts),
            self._draw.id_of("address", key),
            chinese=True,
            prospect=company.stage != "converted",
        )

    def rows(self) -> Iterator[Row]:
        """The accounts with their addresses, contacts and roles."""
        for account, company in zip(self.accounts, COMPANIES, strict=True):
            draw = self._draw.part(account.key)
            by = past(account.owner.user, draw.at(draw.day(-FIRST_MEETINGS_DAYS_AGO, -400)))
            yield Row("account", account.id, _values(account, company, draw) | by)
            yield Row("address", account.address, _address(account, company) | by)
            for contact, person in zip(account.contacts, company.people, strict=True):
                yield Row("contact", contact, _contact(person, draw) | by)
                role = draw.id_of("account_contact", contact)
                yield Row("account_contact", role, _role(account, contact, person[2], draw) | by)


def _values(account: Account, company: Company, draw: Draw) -> dict[str, Value]:
    lost = company.stage == "disqualified"
    return without_empty(
        {
            "name": company.name, "short_name": company.short_name,
            "uscc": social_credit_code(f"9144{draw.whole(10**12, 10**13 - 1)}"),
            "type": "prospect" if account.prospect else "customer", "stage": company.stage,
            "stage_reason": "已与竞争对手签订三年独家协议" if lost else None,
            "status": "active", "grade": company.grade, "credit_limit": "100000.00CNY",
            "owner": account.owner.user, "team": account.owner.team,
            "territory": draw.one(account.owner.territories), "industry": company.industry,
            "size_band": draw.one(SIZES), "source": draw.one(("广交会", "老客户介绍", "网站")),
            "lifecycle": "exploring" if account.prospect else draw.one(("building", "stable")),
            "relationship_type": draw.one(("basic", "reactive", "accountable")),
            "phone": f"+86 {draw.whole(20, 29)} {draw.whole(10**7, 10**8 - 1)}",
            "location": company.location, "tags": tags(*draw.some(("重点", "季节性", "出口"), 1)),
        }
    )  # fmt: skip


def _address(account: Account, company: Company) -> dict[str, Value]:
    province, city, district, street, postcode = company.place
    return {
        "account": account.id, "type": "visit", "country": "中国", "province": province,
        "city": city, "district": district, "street": street, "postcode": postcode,
        "location": company.location,
    }  # fmt: skip


def _contact(person: tuple[str, str, str], draw: Draw) -> dict[str, Value]:
    name, family, title = person
    return {
        "full_name": name, "family_name": family, "given_name": name.removeprefix(family),
        "title": title, "mobile": f"+86 13{draw.whole(10**8, 10**9 - 1)}", "active": True,
        "wechat": f"wx_{draw.whole(10**6, 10**7 - 1)}", "preferred_channel": "wechat",
    }  # fmt: skip


def _role(account: Account, contact: RecordId, title: str, draw: Draw) -> dict[str, Value]:
    is_first = contact == account.contacts[0]
    return {
        "account": account.id, "contact": contact, "role": title, "is_primary": is_first,
        "level": "decision" if is_first else "management",
        "function": "purchasing" if is_first else "use",
        "buying_roles": tags("decider") if is_first else tags("influencer", "user"),
        "influence": draw.whole(3, 5), "attitude": draw.whole(-1, 2),
    }  # fmt: skip


def social_credit_code(body: str) -> str:
    """The 17 characters with their check character (GB 32100-2015)."""
    total = sum(
        USCC_DIGITS.index(digit) * pow(3, place, USCC_MODULUS) for place, digit in enumerate(body)
    )
    return body + USCC_DIGITS[-total % USCC_MODULUS]
