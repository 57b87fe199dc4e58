"""A short round in every run of the tests, and proof that the looks at its end see something."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from tests.chaos import checks
from tests.chaos.checks import look_at_history, look_at_ledger
from tests.chaos.ledger import Entry, Ledger
from tests.chaos.round import Round
from tests.chaos.stores import Books, Journalled, Written
from tests.chaos.totals import Line, lines_of, next_seed, noted
from tests.chaos.weather import Weather

SEED = 7
STEPS = 6
CS, OTHER = "c" * 32, "d" * 32
PLACE = "account/a"
CONFIRMED = {"ann-laptop": {CS: Journalled(CS, "confirmed", '{"source":"one."}')}}
SET = Entry(3, "ann-laptop", "ann", "set", (("source", "one."),), True, (CS,), {}, "a")
WRITTEN = Written(5, PLACE, "source", CS, None, "one.")
BOOKS = Books((WRITTEN,), {CS: {"result": "applied", "changes": []}}, ())
PARKED = (
    Written(6, "conflict/c", "field", CS, None, "source"),
    Written(6, "conflict/c", "parked", CS, None, [{"value": "one.", "cs_id": CS}]),
)


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_a_short_round_of_kills_and_bad_weather_loses_nothing(tmp_path: Path) -> None:
    played = Round(SEED, tmp_path, steps=STEPS)
    played.play()
    assert played.problems == []
    assert played.counts["client kills"] >= 2
    assert played.counts["edits"] >= 4


def problems(
    entry: Entry = SET, books: Books = BOOKS, journals: checks.Journals = CONFIRMED
) -> list[str]:
    ledger = Ledger([entry])
    return [*look_at_ledger(ledger, journals, books), *look_at_history(ledger, books)]


def test_what_is_in_order_raises_no_doubt() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    ("journal", "books", "said"),
    [
        ({}, BOOKS, "gone"),
        ({CS: Journalled(CS, "discarded", "")}, BOOKS, "cancelled"),
        ({CS: Journalled(CS, "queued", "")}, BOOKS, "still queued"),
        (CONFIRMED["ann-laptop"], Books((WRITTEN,), {}, ()), "does not know"),
        (CONFIRMED["ann-laptop"], Books((), BOOKS.verdicts, ()), "nowhere"),
    ],
)
def test_an_edit_that_was_answered_and_is_missing_is_seen(
    journal: dict[str, Journalled], books: Books, said: str
) -> None:
    (found,) = problems(books=books, journals={"ann-laptop": journal})
    assert said in found


def undone(verdict: str, taken_back: str = CS) -> list[str]:
    """What is wrong where a step and an undo after it were both discarded."""
    undo = dataclasses.replace(SET, n=4, word="undo", values=(), changesets=(OTHER,))
    kept = (
        Journalled(CS, "discarded", '{"source":"one."}'),
        Journalled(OTHER, "discarded", '{"source":null}', taken_back),
    )
    books = Books((), {CS: {"result": verdict, "changes": []}, OTHER: {"result": "rejected"}}, ())
    journals = {"ann-laptop": {one.id: one for one in kept}}
    return list(look_at_ledger(Ledger([SET, undo]), journals, books))


def test_a_refused_step_and_its_undo_cancel_out() -> None:
    assert undone("rejected") == []


def test_an_undo_that_is_discarded_while_its_step_took_effect_is_seen() -> None:
    assert any("undo on ann-laptop: discarded" in x for x in undone("applied"))


def test_a_step_that_is_discarded_while_another_one_was_taken_back_is_seen() -> None:
    (found,) = undone("rejected", taken_back="e" * 32)
    assert "set on ann-laptop: discarded" in found


def test_an_answered_edit_without_a_changeset_is_seen() -> None:
    (found,) = problems(dataclasses.replace(SET, changesets=()))
    assert "left nothing" in found


def test_an_edit_that_had_its_effect_twice_is_seen() -> None:
    again = dataclasses.replace(WRITTEN, seq=6)
    assert any("2 times" in x for x in problems(books=Books((WRITTEN, again), BOOKS.verdicts, ())))


def test_a_record_that_stands_there_twice_is_seen() -> None:
    twin = Written(6, "account/b", "source", OTHER, None, "one.")
    found = problems(books=Books((WRITTEN, twin), BOOKS.verdicts, ()))
    assert any("several records" in x for x in found)


def test_an_edit_over_one_that_its_author_had_not_seen_is_seen() -> None:
    unseen = Written(4, PLACE, "source", OTHER, None, "theirs")
    over = dataclasses.replace(WRITTEN, old="theirs")
    found = problems(books=Books((unseen, over), BOOKS.verdicts, ()))
    assert any("overwrote" in x for x in found)
    seen = dataclasses.replace(SET, seen={"a": {"source": "theirs"}})
    assert problems(seen, Books((unseen, over), BOOKS.verdicts, ())) == []


def test_a_parked_edit_is_not_lost() -> None:
    assert problems(books=Books(PARKED, BOOKS.verdicts, ())) == []


def test_an_edit_that_won_and_is_parked_too_is_seen() -> None:
    (found,) = problems(books=Books((WRITTEN, *PARKED), BOOKS.verdicts, ()))
    assert "as well" in found


def test_what_stood_until_a_decision_is_kept_with_it() -> None:
    kept = [{"value": "one.", "cs_id": CS}]
    field = Written(5, "conflict/c", "field", CS, None, "source")
    decided = Written(7, "conflict/c", "parked", "d" * 32, [], kept)
    assert problems(books=Books((WRITTEN, field, decided), BOOKS.verdicts, ())) == []


def test_the_same_seed_gives_the_same_weather() -> None:
    first, second = (Weather(SEED, "foul") for _ in range(2))
    assert [first.plan("POST", "/x") for _ in range(50)] == [
        second.plan("POST", "/x") for _ in range(50)
    ]
    assert first.counts.total() > 10


def test_the_page_keeps_what_is_not_ours_and_adds_up(tmp_path: Path) -> None:
    page = tmp_path / "soak.md"
    page.write_text("# Soak\n\n- Next seed: 1,101\n")
    assert (next_seed(page), lines_of(page)) == (1, [])
    noted(page, Line("abc1234", 10, 20, 300, 40, 5, 66, 0), 21)
    noted(page, Line("abc1234", 5, 10, 100, 20, 5, 34, 1), 31)
    page.write_text(page.read_text().replace("1,101", "1,201") + "\n## More\n")
    noted(page, Line("def5678", 1, 1, 1, 1, 1, 1, 0), 1032)
    assert next_seed(page) == 1032
    assert lines_of(page) == [
        Line("abc1234", 15, 30, 400, 60, 10, 100, 1),
        Line("def5678", 1, 1, 1, 1, 1, 1, 0),
    ]
    assert page.read_text().startswith("# Soak\n\n- Next seed: 1,201\n")
    assert "## More" in page.read_text()
    assert page.read_text().count("## Real processes") == 1
