"""Who brings how much: pyramid, ABC curve and RFM map."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from crm_core.i18n import tr_noop
from crm_desktop.i18n import tr, tr_n
from crm_desktop.insight import headings, purchases, scoring
from crm_desktop.insight.chart import Chart, Drill, Form, Mark, Series, Tone, Unit
from crm_desktop.insight.purchases import Currency, Window
from crm_desktop.insight.question import Question, named, year_before
from crm_desktop.insight.revenue import NET
from crm_desktop.insight.scoring import Ranked, Rfm, Tier
from crm_desktop.numbers import percent, whole

TIERS = {
    "vip": tr_noop("VIP"),
    "major": tr_noop("Main"),
    "ordinary": tr_noop("Ordinary"),
    "small": tr_noop("Small"),
}
SEGMENTS = {
    "champions": tr_noop("Champions"),
    "cant_lose": tr_noop("Can't lose"),
    "at_risk": tr_noop("At risk"),
    "loyal": tr_noop("Loyal"),
    "potential": tr_noop("Potential"),
    "new": tr_noop("New"),
    "lost": tr_noop("Lost"),
    "hibernating": tr_noop("Hibernating"),
    "need_attention": tr_noop("Need attention"),
}
CURVE_POINTS_MAX = 400
"""More points than a curve has pixels would only be drawn twice."""


@dataclass(frozen=True, slots=True)
class _Year:
    """What each account bought in the twelve months up to today."""

    asked: Question
    currency: Currency
    amounts: dict[str, int]

    @property
    def total(self) -> int:
        return sum(self.amounts.values())

    @property
    def counted(self) -> str:
        return tr_n("n = {n} account", "n = {n} accounts", len(self.amounts))


def _last_year(asked: Question) -> _Year:
    window = Window(asked, year_before(asked.after), asked.after)
    currency = purchases.currency_of(window)
    return _Year(asked, currency, purchases.by_account(window, currency))


def _accounts(words: str, ids: Sequence[str]) -> Drill | None:
    """The list of these accounts, if there are any."""
    if not ids:
        return None
    counted = tr("{what} ({n})", what=words, n=len(ids))
    return Drill("account", (named(*ids),), counted)


# Pyramid


def pyramid(asked: Question) -> Chart:
    """How many accounts stand in each tier, and which part of the revenue each tier brings."""
    year = _last_year(asked)
    tiers = scoring.pyramid(year.amounts)
    upper = sum(tier.share for tier in tiers[:2])
    numbers = tuple(_tier_count(tier) for tier in tiers)
    shares = tuple(_tier_share(tier, year.currency) for tier in tiers)
    return Chart(
        "pyramid", Form.PYRAMID, headings.title("pyramid"),
        tr("top fifth brings {share}", share=percent(upper, 0)) if year.total
        else tr("no revenue yet"),
        headings.filter_line("pyramid", asked.as_of, asked.filters),
        len(year.amounts), year.counted, asked.as_of, asked.last_sync,
        _sentences(
            tr("Accounts with an order in the last twelve months, the largest first, cut by their "
               "number: 1 % VIP, the next 19 % main, 30 % ordinary, 50 % small. Cuts are rounded; "
               "of equal accounts the one with the lower id stands first."),
            tr(NET),
            tr("What an account costs to serve is not known, so nobody is moved down for it."),
            year.currency.remark,
        ),
        (Series(tr("accounts"), numbers), Series(tr("share of revenue"), shares, Unit.PERCENT)),
        year.currency.code,
    )  # fmt: skip


def _tier_count(tier: Tier) -> Mark:
    name, count = tr(TIERS[tier.code]), len(tier.customers)
    words = tr("{what} ({n})", what=name, n=count)
    return Mark(name, count, whole(count), tip=words, drill=_accounts(name, tier.customers))


def _tier_share(tier: Tier, currency: Currency) -> Mark:
    name, value = tr(TIERS[tier.code]), tier.value / currency.unit
    return Mark(
        name, 100 * tier.share, percent(tier.share),
        tip=f"{name}: {whole(value)} {currency.code} · {percent(tier.share)}",
        drill=_accounts(name, tier.customers),
    )  # fmt: skip


# ABC


def abc(asked: Question) -> Chart:
    """The cumulated share of the revenue over the share of the accounts, the largest first."""
    year = _last_year(asked)
    ranked = scoring.abc(year.amounts)
    classes = tuple(_class_series(letter, ranked, year) for letter in "ABC")
    count_a = sum(1 for one in ranked if one.grade == "A")
    return Chart(
        "abc", Form.CURVE, headings.title("abc"),
        tr("{part} of the accounts bring the first 70 %", part=percent(count_a / len(ranked), 0))
        if ranked else tr("no revenue yet"),
        headings.filter_line("abc", asked.as_of, asked.filters),
        len(ranked), year.counted, asked.as_of, asked.last_sync,
        _sentences(
            tr("Accounts by revenue, the largest first; of equal ones the lower id. A while less "
               "than 70 % stands before an account, B while less than 90 % does, else C."),
            tr("The classes are computed for this picture; the grades of the accounts stay as they "
               "are."),
            tr(NET), year.currency.remark,
        ),
        classes if ranked else (), year.currency.code,
    )  # fmt: skip


def _class_series(letter: str, ranked: Sequence[Ranked], year: _Year) -> Series:
    """The stretch of the curve that belongs to a class, from the end of the one before."""
    first = next((n for n, one in enumerate(ranked) if one.grade == letter), len(ranked))
    members = [one for one in ranked if one.grade == letter]
    share = sum(one.value for one in members) / year.total if year.total else 0.0
    words = tr_n(
        "Class {letter}: {n} account, {share} of the revenue",
        "Class {letter}: {n} accounts, {share} of the revenue",
        len(members), letter=letter, share=percent(share),
    )  # fmt: skip
    drill = _accounts(tr("Class {letter}", letter=letter), [one.customer for one in members])
    ends = [*(one.before for one in ranked[first : first + len(members) + 1])]
    if first + len(members) >= len(ranked):
        ends.append(1.0)
    step = max(1, len(ends) // CURVE_POINTS_MAX)
    kept = sorted({*range(0, len(ends), step), len(ends) - 1}) if members else []
    marks = tuple(
        Mark(letter, 100 * ends[n], tip=words, drill=drill, at=100 * (first + n) / len(ranked))
        for n in kept
    )
    name = tr_n("{letter} · {n} account", "{letter} · {n} accounts", len(members), letter=letter)
    return Series(name, marks, Unit.PERCENT)


# RFM


def rfm(asked: Question) -> Chart:
    """How many accounts score which recency and frequency."""
    window = Window(asked, year_before(year_before(asked.after)), asked.after)
    currency = purchases.currency_of(window)
    bought = purchases.by_account_and_day(window, currency)
    scored = scoring.rfm((scoring.Purchase(*one) for one in bought), asked.as_of)
    segments = Counter(one.segment for one in scored)
    rows = tuple(_frequency_row(f, scored) for f in range(scoring.SCORES, 0, -1))
    return Chart(
        "rfm", Form.GRID, headings.title("rfm"),
        tr_n("{n} champion, {risk} at risk", "{n} champions, {risk} at risk", segments["champions"],
             risk=segments["at_risk"] + segments["cant_lose"]) if scored
        else tr("no revenue yet"),
        headings.filter_line("rfm", asked.as_of, asked.filters),
        len(scored), tr_n("n = {n} account", "n = {n} accounts", len(scored)), asked.as_of,
        asked.last_sync,
        _sentences(
            tr("R: days since the last order. F: days with an order. M: revenue. Each is scored 1 "
               "to 5 by fifths of the accounts, 5 being best; equal accounts score the same, so "
               "a score may stay empty (Hughes 1994)."),
            " · ".join(f"{tr(SEGMENTS[code])} {n}" for code, n in segments.most_common()),
            tr(NET), currency.remark,
        ),
        rows if scored else (), currency.code,
    )  # fmt: skip


def _frequency_row(f: int, scored: Sequence[Rfm]) -> Series:
    return Series(f"F {f}", tuple(_cell(r, f, scored) for r in range(1, scoring.SCORES + 1)))


def _cell(r: int, f: int, scored: Sequence[Rfm]) -> Mark:
    inside = [one for one in scored if (one.r, one.f) == (r, f)]
    names = Counter(one.segment for one in inside)
    words = ", ".join(f"{tr(SEGMENTS[code])} {n}" for code, n in names.most_common())
    place = f"R {r} · F {f}"
    return Mark(
        f"R {r}", len(inside), whole(len(inside)) if inside else "",
        tip=f"{place}: {words}" if inside else place,
        tone=Tone.PLAIN if inside else Tone.REST,
        drill=_accounts(place, [one.customer for one in inside]),
    )  # fmt: skip


def _sentences(*sentences: str) -> tuple[str, ...]:
    return tuple(filter(None, sentences))
