"""Long texts merge by line and sentence, and a person decides where both touched the same."""

import time

import pytest
from hypothesis import given
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
