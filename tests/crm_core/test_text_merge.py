"""Long texts merge by line and sentence, and a person decides where both touched the same."""

import time
from collections import Counter
from difflib import SequenceMatcher

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crm_core.text_merge import UNITS_MAX, merge_text, units

sentences = st.lists(st.sampled_from(["价格太高。", "OK. ", "Call\n", "什么？", "3.5 kg ", "\n"]))
texts = sentences.map("".join)


@given(st.text() | texts)
def test_units_joined_again_are_the_text(text: str) -> None:
    assert "".join(units(text)) == text
    assert "" not in units(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("你好！吃了吗？好。", ["你好！", "吃了吗？", "好。"]),
        ("One. Two! Three", ["One. ", "Two! ", "Three"]),
        ("Costs 3.5 at www.example.com now.", ["Costs 3.5 at www.example.com now."]),
        ("a\n\nb", ["a\n", "\n", "b"]),
        ("One. \nTwo!\n三。\n", ["One. \n", "Two!\n", "三。\n"]),
        ("Wait... what", ["Wait... ", "what"]),
        ("", []),
    ],
)
def test_a_unit_ends_with_its_line_or_sentence(text: str, expected: list[str]) -> None:
    assert units(text) == expected


@given(texts, texts, texts)
def test_the_order_of_arrival_does_not_matter(base: str, mine: str, theirs: str) -> None:
    assert merge_text(base, mine, theirs) == merge_text(base, theirs, mine)


@given(texts, texts)
def test_where_only_one_side_changed_its_text_stands(base: str, mine: str) -> None:
    assert merge_text(base, mine, base) == mine
    assert merge_text(base, base, mine) == mine
    assert merge_text(base, mine, mine) == mine


@given(sentences, sentences, st.text("ab", min_size=1), st.text("cd", min_size=1))
def test_changes_at_both_ends_both_stand(
    head: list[str], tail: list[str], first: str, last: str
) -> None:
    middle = "The middle stays.\nSo does this.\n"
    base = f"{''.join(head)}{middle}{''.join(tail)}"
    merged = merge_text(base, f"{first}!\n{base}", f"{base}\n{last}!")
    assert merged == f"{first}!\n{base}\n{last}!"


@st.composite
def edited(draw: st.DrawFn) -> tuple[list[str], list[tuple[int, str, str]]]:
    """A note of sentences that occur once, and for each of some what happens there: by whom, and
    "" for deleting, "+" for putting something before it, else the new sentence."""
    kind = draw(st.sampled_from(("句{}。", "Line {}.\n", "Part {}? ")))
    base = [kind.format(n) for n in range(draw(st.integers(1, 9)))]
    places = draw(st.lists(st.integers(0, len(base) - 1), unique=True, max_size=5))
    whose = st.sampled_from(("mine", "theirs"))
    what = st.sampled_from(("", "+", "改了。", "New.\n", "Other! Both! "))
    return base, [(at, draw(whose), draw(what)) for at in sorted(places)]


def written(base: list[str], edits: list[tuple[int, str, str]]) -> str:
    by_place = {at: (who, what) for at, who, what in edits}
    text: list[str] = []
    for at, unit in enumerate(base):
        who, what = by_place.get(at, ("", unit))
        text.append(
            f"{who} {at}!\n{unit}"
            if what == "+"
            else what and (what if not who else f"{who} {at} {what}")
        )
    return "".join(text)


@given(edited())
def test_edits_of_different_sentences_all_stand_also_of_neighbours(
    case: tuple[list[str], list[tuple[int, str, str]]],
) -> None:
    base, edits = case
    sides = [written(base, [x for x in edits if x[1] == who]) for who in ("mine", "theirs")]
    merged = merge_text("".join(base), *sides)
    puts = {at for at, _, what in edits if what == "+"}
    whose = {at: who for at, who, _ in edits}
    if any(whose.get(at - 1, whose[at]) != whose[at] for at in puts):
        assert merged is None or merged == written(base, edits)
    else:
        assert merged == written(base, edits)


@given(edited(), st.integers(0, 8))
def test_two_edits_of_one_sentence_are_never_settled_silently(
    case: tuple[list[str], list[tuple[int, str, str]]], place: int
) -> None:
    base, edits = case
    place = min(place, len(base) - 1)
    others = [x for x in edits if x[0] != place]
    mine = written(base, [*(x for x in others if x[1] == "mine"), (place, "mine", "Mine.\n")])
    what = "" if len(edits) % 2 else "Theirs.\n"
    theirs = written(base, [*(x for x in others if x[1] == "theirs"), (place, "theirs", what)])
    assert merge_text("".join(base), mine, theirs) is None


tokens = st.lists(
    st.sampled_from([f"{x}。" for x in "甲乙丙丁"] + ["a\n", "b. ", "\n"]), max_size=8
)


def moved_within(base: list[str], side: list[str]) -> set[str]:
    """The units that a side both added and took out."""
    before, after = units("".join(base)), units("".join(side))
    steps = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    taken = {unit for tag, i, j, _, _ in steps if tag != "equal" for unit in before[i:j]}
    added = {unit for tag, _, _, i, j in steps if tag != "equal" for unit in after[i:j]}
    return taken & added


@example(["乙。", "甲。"], ["甲。", "甲。", "乙。"], ["甲。", "甲。", "乙。", "甲。"])
@given(tokens, tokens, tokens)
def test_nothing_that_either_side_wrote_is_lost_and_nothing_both_took_out_comes_back(
    base: list[str], mine: list[str], theirs: list[str]
) -> None:
    merged = merge_text("".join(base), "".join(mine), "".join(theirs))
    if merged is None:
        return
    found = Counter(units(merged))
    before, ours, other = (Counter(units("".join(x))) for x in (base, mine, theirs))
    # Of a unit that one side put somewhere and took out elsewhere, counting tells nothing.
    moved = moved_within(base, mine) | moved_within(base, theirs)
    for unit in (found | before | ours | other).keys() - moved:
        change = sorted((ours[unit] - before[unit], other[unit] - before[unit]))
        if change[0] >= 0:  # what both added may be the same
            assert before[unit] + change[1] <= found[unit] <= before[unit] + sum(change)
        elif change[1] <= 0:
            assert before[unit] + sum(change) <= found[unit] <= before[unit] + change[0]
        else:
            assert found[unit] == before[unit] + sum(change)


@given(tokens, tokens, tokens)
def test_a_note_that_arrives_again_changes_nothing(
    base: list[str], mine: list[str], theirs: list[str]
) -> None:
    sides = [("".join(x)) for x in (base, mine, theirs)]
    merged = merge_text(*sides)
    if merged is not None:
        assert merge_text(sides[0], sides[1], merged) in (merged, None)


def test_what_both_did_alike_counts_once() -> None:
    base = "甲。乙。丙。丁。戊。"
    mine, theirs = "新。甲。改。丙。丁。戊！", "新。甲。改。丙。丁了。戊。"
    assert merge_text(base, mine, theirs) == "新。甲。改。丙。丁了。戊！"


def test_two_sentences_put_in_the_same_place_are_a_persons_affair() -> None:
    assert merge_text("A.\nB.\n", "A.\nX.\nB.\n", "A.\nY.\nB.\n") is None


def test_two_changes_within_one_sentence_are_a_persons_affair() -> None:
    base = "We pay 3.5 for one and 7.5 for two."
    assert merge_text(base, base.replace("3.5", "4.5"), base.replace("7.5", "7.6")) is None


@pytest.mark.parametrize(
    ("base", "mine"),
    [
        ("\n" * 250_000, "x" + "\n" * 125_000 + "y" + "\n" * 125_000),
        ("".join(f"{n}\n" for n in range(40_000)), "".join(f"{n}\n" for n in range(40_000, 0, -1))),
        ("." * 250_000, "!" * 250_000),
        (".a" * 125_000, "a." * 125_000),
    ],
)
def test_a_hostile_note_costs_no_more_than_a_second_or_two(base: str, mine: str) -> None:
    start = time.perf_counter()
    assert merge_text(base, mine, "z\n" + base + "z\n") is None or len(units(base)) < UNITS_MAX
    assert time.perf_counter() - start < 5
