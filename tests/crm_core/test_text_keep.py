"""Keeping both texts: nobody's sentence is lost, and each is known for whose it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crm_core.text_keep import Piece, keep_all, marked, text_of
from crm_core.text_merge import units

BASE = "Prefers calls before ten. No deliveries on bank holidays."
MINE = "Prefers calls before ten. Patricia is away, ask for Declan. No deliveries on bank holidays."
THEIRS = "Prefers calls before ten. No deliveries on bank holidays. New dock at the rear."

sentences = st.lists(
    st.sampled_from(["Call at ten. ", "Ask for Li.\n", "周二不在。", "Dock 3.5 m! ", "no stop"]),
    max_size=6,
).map("".join)


def test_both_keeps_what_each_added_at_its_place() -> None:
    assert keep_all(BASE, [THEIRS, MINE]) == (
        Piece("Prefers calls before ten. "),
        Piece("Patricia is away, ask for Declan. ", 1),
        Piece("No deliveries on bank holidays. "),
        Piece("New dock at the rear.", 0),
    )


def test_two_texts_at_one_place_stand_one_behind_the_other() -> None:
    assert text_of(keep_all("", ["Theirs.", "Mine."])) == "Theirs.\nMine."


def test_what_both_wrote_alike_stands_once() -> None:
    assert text_of(keep_all("A.", ["A. B.", "A. B."])) == "A. B."


def test_a_sentence_that_one_took_away_is_gone() -> None:
    assert text_of(keep_all("A. B. C.", ["A. C.", "A. B. C. D."])) == "A. C. D."


def test_chinese_sentences_need_no_blank() -> None:
    assert text_of(keep_all("周一送货。", ["周一送货。周二不在。"])) == "周一送货。周二不在。"


@given(sentences, sentences)
def test_marking_changes_no_letter(base: str, text: str) -> None:
    assert text_of(marked(base, text)) == text


@given(sentences, sentences, sentences)
def test_everything_added_by_either_is_there(base: str, one: str, other: str) -> None:
    kept = text_of(keep_all(base, [one, other]))
    for text in (one, other):
        for piece in marked(base, text):
            if piece.version == 0:
                assert all(unit.strip() in kept for unit in units(piece.text))


@given(sentences, sentences)
def test_a_text_kept_with_an_unchanged_one_adds_its_own_sentences(base: str, text: str) -> None:
    assert text_of(keep_all(base, [text])) == text
