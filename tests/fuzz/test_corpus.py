"""What was recorded passes through every target, and what fuzzing found stays mended."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from crm_core.catalog import CATALOG
from crm_core.errors import UserProblem
from crm_core.problems import words_for
from crm_core.values import instant_of
from crm_desktop import settings
from crm_desktop.sync.http import _retry_after
from crm_desktop.transfer.columns import read_mapping
from crm_desktop.transfer.table import decode
from crm_server import moments
from tests.fuzz.mutator import mutate
from tests.fuzz.targets import TARGETS, attack_on
from tests.fuzz.watching import Finding, watched

CORPUS = Path(__file__).parent / "corpus"
MUTANTS = 20


RECORDED = [name for name, target in TARGETS.items() if not target.corpus]


@pytest.mark.parametrize("name", RECORDED)
def test_what_was_recorded_and_its_near_relatives_break_nothing(name: str, tmp_path: Path) -> None:
    rng = random.Random(name)
    recorded = [file.read_bytes() for file in sorted((CORPUS / name).iterdir())]
    with attack_on(name, tmp_path / "run") as attack:
        for data in recorded:
            attack(data)
        for _ in range(MUTANTS):
            attack(mutate(rng.choice(recorded), rng, 64 * 1024))


def test_an_attack_that_takes_its_time_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.fuzz.watching.TIME_MAX_S", -1.0)
    with pytest.raises(Finding, match="took"):
        watched(lambda _: None)(b"")


def test_seconds_to_wait_are_plain_digits_or_none() -> None:
    assert _retry_after({"Retry-After": "17"}) == 17
    assert _retry_after({"Retry-After": "¹²"}) == 0


def test_a_sentence_shows_braces_that_a_server_sent_as_they_are() -> None:
    said = {"fields": "summary, {0.__class__}", "target": "{x}"}
    words = str(words_for("state.missing", said, CATALOG["visit"]))
    assert "{0.__class__}" in words
    assert "{x}" in words


@pytest.mark.parametrize("damage", [b'{"server":"\xff"}', b"[" * 5000, b"", b"\x00"])
def test_damaged_notes_are_told_or_the_usual_ones(damage: bytes, tmp_path: Path) -> None:
    for name in (settings.FILE, settings.PREFERENCES, settings.BORDERS):
        (tmp_path / name).write_bytes(damage)
    assert settings.load_preferences(tmp_path) == settings.Preferences()
    assert settings.load_borders(tmp_path) == settings.Borders()
    with pytest.raises(UserProblem, match="damaged"):
        settings.load(tmp_path)


@pytest.mark.parametrize("encoding", ["undefined", "idna", "zlib", "no\0such"])
def test_an_encoding_that_decodes_no_text_is_told(encoding: str) -> None:
    with pytest.raises(UserProblem, match="encoding"):
        decode(b"name\n\xff", encoding)


@pytest.mark.parametrize("damage", [b'{"a":"\xff"}', b"[" * 5000, b'{"a":1}'])
def test_a_mapping_that_is_none_is_told(damage: bytes, tmp_path: Path) -> None:
    (tmp_path / "mapping").write_bytes(damage)
    with pytest.raises(UserProblem, match="no mapping"):
        read_mapping(tmp_path / "mapping")


def test_an_early_year_keeps_its_four_digits() -> None:
    moment = moments.parse_moment("0031-02-03T04:05:06Z")
    assert moment is not None
    assert instant_of(moment) == "0031-02-03T04:05:06Z"


def test_what_is_no_moment_is_not_kept() -> None:
    before = moments._canonical.cache_info().currsize
    assert moments.authored_at("1" * 100_000, "2026-11-20T08:00:00Z") == "2026-11-20T08:00:00Z"
    assert moments._canonical.cache_info().currsize == before


def test_recorded_messages_stay_small() -> None:
    files = [file for file in CORPUS.rglob("*") if file.is_file()]
    assert sum(file.stat().st_size for file in files) < 128 * 1024
    assert {file.parent.name for file in files} == set(RECORDED)
