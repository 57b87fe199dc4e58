"""What a device left is freed of whom was erased, whatever it left."""

from __future__ import annotations

from crm_core.erasing import blanked_body, labels_of


def test_what_nobody_can_read_has_no_words_and_nothing_of_it_is_kept() -> None:
    assert labels_of(b'{"label":') == frozenset()
    assert blanked_body(b'{"label":', {}) == b"[]"


def test_words_stand_in_one_step_and_in_several() -> None:
    assert labels_of(b'{"label":"Call"}') == {"Call"}
    assert labels_of(b'[{"label":"Call"},{"label":"Visit"},7]') == {"Call", "Visit"}
