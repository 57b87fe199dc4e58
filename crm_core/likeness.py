"""How much two accounts or two contacts look like one: a score out of 100, and the reasons.

What is compared are keys: a name without its legal form, digits of a phone number, the domain of an
e-mail address. Two records without a key in common are never compared (`blocks`), so that a
register of many is gone through in the time it takes to sort it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import msgspec

from crm_core.fields import Value

LIKELY = 60
"""From this score on a pair is put before a person."""

SLIP_FROM_LETTERS = 8
"""In a shorter name one letter makes another name."""

PHONE_DIGITS_MIN, PHONE_DIGITS = 6, 9
"""Fewer are no number; of a longer one the last ones count, whether or not its country is there."""

SIMILAR_PER_CENT = 60
_SURE = 100

FREE_MAIL = frozenset(
    (
        "126.com", "139.com", "163.com", "189.cn", "aliyun.com", "aol.com", "foxmail.com",
        "gmail.com", "gmx.de", "gmx.net", "googlemail.com", "hotmail.com", "icloud.com",
        "live.com", "mail.com", "mail.ru", "me.com", "msn.com", "outlook.com", "proton.me",
        "qq.com", "sina.cn", "sina.com", "sohu.com", "t-online.de", "tom.com", "vip.163.com",
        "vip.qq.com", "web.de", "yahoo.cn", "yahoo.com", "yandex.ru", "yeah.net",
    )
)  # fmt: skip
"""Domains that say nothing about whose address it is."""

_FORMS = re.compile(
    "(股份有限公司|有限责任公司|有限責任公司|有限公司|股份公司|集团公司|集團公司|公司|集团|集團)+$"
)
_LATIN_FORMS = frozenset(
    (
        "ab", "ag", "aps", "as", "asa", "bv", "co", "company", "corp", "corporation", "eg", "ev",
        "gbr", "gmbh", "group", "holding", "holdings", "inc", "incorporated", "kg", "kgaa",
        "limited", "llc", "llp", "lp", "ltd", "ltda", "mbh", "nv", "ohg", "oy", "oyj", "plc",
        "pte", "pty", "sa", "sarl", "sas", "se", "sl", "spa", "srl", "ug", "und", "and",
    )
)  # fmt: skip
_WORD = re.compile(r"[^\W_]+")
_DIGITS = re.compile(r"\d+")
_EXTENSION = re.compile(r"(转|轉|分机|分機|ext\.?|x|#).*$", re.IGNORECASE)
_HOST = re.compile(r"^(?:[a-z]+://)?(?:www\d?\.)?([^/:?#]+)", re.IGNORECASE)
_NOT_WRITTEN = str.maketrans("", "", "'’.")
"""As in S.A., and in O'Neill."""

_ASCII_MAX = "\x7f"


class Why(StrEnum):
    """A reason for taking two records for one."""

    CODE = "code"
    NAME = "name"
    SOUND = "sound"
    SLIP = "slip"
    SIMILAR = "similar"
    PHONE = "phone"
    EMAIL = "email"
    WECHAT = "wechat"
    DOMAIN = "domain"
    PLACE = "place"


_WEIGHTS: Mapping[str, Mapping[Why, int]] = {
    "account": {
        Why.CODE: 90, Why.NAME: 60, Why.SLIP: 60, Why.SOUND: 50, Why.SIMILAR: 30,
        Why.PHONE: 40, Why.EMAIL: 40, Why.DOMAIN: 30,
    },
    "contact": {
        Why.NAME: 40, Why.SOUND: 35, Why.SLIP: 35, Why.SIMILAR: 20,
        Why.PHONE: 40, Why.EMAIL: 50, Why.WECHAT: 40, Why.DOMAIN: 20, Why.PLACE: 25,
    },
}  # fmt: skip
_NAMES = (Why.NAME, Why.SLIP, Why.SOUND, Why.SIMILAR)
"""Of the name the strongest reason counts, and no other beside it."""

_AGAINST = 50
"""What two different credit codes, or days of birth, take away."""


class Traits(msgspec.Struct, frozen=True, gc=False):
    """What of a record is compared. `apart`: what two of one would have to share, where both have
    it; `places`: the accounts of a contact. Nothing in it is looked at by the garbage collection,
    which would hold up whoever types while a hundred thousand of them are compared."""

    kind: str
    name: str = ""
    sound: str = ""
    code: str = ""
    apart: str = ""
    phones: tuple[str, ...] = ()
    email: str = ""
    wechat: str = ""
    domains: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two records are, out of 100, and why, the strongest reason first."""

    score: int
    why: tuple[Why, ...]

    @property
    def is_likely(self) -> bool:
        """Whether a person should look at the two."""
        return self.score >= LIKELY


def traits_of(
    kind: str, values: Mapping[str, Value], *, sound: str = "", places: Iterable[str] = ()
) -> Traits:
    """The traits of an account or contact; `sound`: its name as it is spelt in pinyin."""
    code, email = _plain(values.get("uscc")), _plain(values.get("email"))
    phones = (phone_key(_text(values.get(name))) for name in ("phone", "mobile"))
    domains = (_domain_of_address(email), _domain_of_site(_text(values.get("website"))))
    is_account = kind == "account"
    return Traits(
        kind, name_key(_text(values.get("name" if is_account else "full_name"))), sound,
        code, code if is_account else _text(values.get("birthday")),
        tuple(x for x in phones if x), email, _plain(values.get("wechat")),
        tuple(x for x in domains if x), tuple(places),
    )  # fmt: skip


def likeness(one: Traits, other: Traits) -> Likeness:
    """How much two records of one kind look like one."""
    weights = _WEIGHTS[one.kind]
    why = [*_by_name(one, other), *_beside_name(one, other)]
    if one.kind == "contact" and not any(x in _NAMES for x in why):
        return Likeness(0, ())  # colleagues share a number, and a couple an address
    score = sum(weights[x] for x in why)
    if one.apart and other.apart and one.apart != other.apart:
        score -= _AGAINST
    why.sort(key=lambda x: -weights[x])
    return Likeness(max(0, min(score, _SURE)), tuple(why))


def blocks(traits: Traits) -> Iterator[str]:
    """The keys under which a record is compared with others: with none of them in common, two
    records do not come to `LIKELY`."""
    if traits.name:
        yield f"n{traits.name}"
        yield from (f"h{half}" for half in _halves(traits.name))
    if traits.sound:
        yield f"s{traits.sound}"
    if traits.code:
        yield f"c{traits.code}"
    if traits.email:
        yield f"e{traits.email}"
    if traits.wechat:
        yield f"w{traits.wechat}"
    yield from (f"p{phone}" for phone in traits.phones)
    yield from (f"d{domain}" for domain in traits.domains)
    yield from (f"a{place}" for place in traits.places)


def name_key(name: str) -> str:
    """A name without capitals, accents, spaces and what says its legal form."""
    joined = "".join(name_words(name))
    return _FORMS.sub("", joined) or joined


def name_words(name: str) -> list[str]:
    """The words of a name without capitals, accents and a Latin legal form at its end."""
    words = _WORD.findall(_folded(name))
    while len(words) > 1 and words[-1] in _LATIN_FORMS:
        words.pop()
    return words


def phone_key(phone: str) -> str:
    """The last digits of a number, its extension aside; "" for too few."""
    digits = "".join(_DIGITS.findall(_EXTENSION.sub("", unicodedata.normalize("NFKC", phone))))
    digits = digits.lstrip("0")
    return digits[-PHONE_DIGITS:] if len(digits) >= PHONE_DIGITS_MIN else ""


def _by_name(one: Traits, other: Traits) -> Iterator[Why]:
    mine, its = one.name, other.name
    if not mine or not its:
        return
    if mine == its:
        yield Why.NAME
    elif _is_slip(mine, its):
        yield Why.SLIP
    elif one.sound and one.sound == other.sound:
        yield Why.SOUND
    elif _shared_per_cent(mine, its) >= SIMILAR_PER_CENT:
        yield Why.SIMILAR


def _beside_name(one: Traits, other: Traits) -> Iterator[Why]:
    if one.code and one.code == other.code:
        yield Why.CODE
    if _meet(one.phones, other.phones):
        yield Why.PHONE
    if one.email and one.email == other.email:
        yield Why.EMAIL
    elif _meet(one.domains, other.domains):
        yield Why.DOMAIN
    if one.wechat and one.wechat == other.wechat:
        yield Why.WECHAT
    if _meet(one.places, other.places):
        yield Why.PLACE


def _meet(one: tuple[str, ...], other: tuple[str, ...]) -> bool:
    return any(x in other for x in one)


def _is_slip(one: str, other: str) -> bool:
    """Whether one Latin letter is wrong, missing, too many or in its neighbour's place. A digit
    that differs is meant, and a Chinese character makes another name."""
    short, long = sorted((one, other), key=len)
    if len(short) < SLIP_FROM_LETTERS or len(long) - len(short) > 1 or max(long) > _ASCII_MAX:
        return False
    if max(short) > _ASCII_MAX:
        return False
    start = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), None)
    if start is None:
        return not long[-1].isdigit()
    if long[start].isdigit() or short[start].isdigit():
        return False
    if len(short) != len(long):
        return short[start:] == long[start + 1 :]
    swapped = short[start + 1 : start + 2] + short[start] + short[start + 2 :]
    return short[start + 1 :] == long[start + 1 :] or swapped == long[start:]


def _halves(name: str) -> Iterator[str]:
    """Beginnings and ends of a Latin name, of which a slip leaves one as it is."""
    if len(name) < SLIP_FROM_LETTERS or max(name) > _ASCII_MAX:
        return
    half = (len(name) - 1) // 2
    for letters in (half, half - 1):
        yield f"<{name[:letters]}"
        yield f">{name[-letters:]}"


def _shared_per_cent(one: str, other: str) -> int:
    """Pairs of neighbouring characters in both (Dice's coefficient: twice the shared ones by all of
    them), out of 100."""
    mine, its = set(pairwise(one)), set(pairwise(other))
    both = len(mine) + len(its)
    return 200 * len(mine & its) // both if both else 0


def _domain_of_address(email: str) -> str:
    domain = email.rpartition("@")[2] if "@" in email else ""
    return "" if domain in FREE_MAIL else domain


def _domain_of_site(url: str) -> str:
    found = _HOST.match(url.strip().lower())
    return found[1] if found and "." in found[1] else ""


def _folded(text: str) -> str:
    spread = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(x for x in spread if not unicodedata.combining(x))
    return unicodedata.normalize("NFKC", bare).translate(_NOT_WRITTEN)


def _plain(value: Value) -> str:
    return "".join(unicodedata.normalize("NFKC", _text(value)).casefold().split())


def _text(value: Value) -> str:
    return value if isinstance(value, str) else ""
