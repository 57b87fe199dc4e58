"""A short list changes row by row, so that whoever looks at one of its things goes on doing so."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from PySide6.QtCore import QObject, QPersistentModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from crm_desktop.views.kit.short_list import ShortList


@dataclass(frozen=True)
class Fruit:
    """A thing to list."""

    id: str
    name: str


APPLE, PEAR, PLUM = Fruit("1", "Apple"), Fruit("2", "Pear"), Fruit("3", "Plum <b>")


@pytest.fixture
def fruits(qtbot: QtBot) -> Iterator[ShortList[Fruit]]:
    owner = QObject()
    made = ShortList[Fruit](
        owner, key=lambda x: x.id, title=lambda x: x.name, spoken=lambda x: x.name
    )
    made.show((APPLE, PEAR, PLUM))
    yield made
    owner.deleteLater()


def test_it_is_a_sound_model_while_it_changes(fruits: ShortList[Fruit]) -> None:
    tester = QAbstractItemModelTester(fruits, QAbstractItemModelTester.FailureReportingMode.Fatal)
    for shown in ([PEAR], [PLUM, PEAR, APPLE], [], [APPLE, PLUM], [PLUM, PEAR]):
        fruits.show(shown)
        assert list(fruits.rows) == shown
    assert tester.model() is fruits


def test_who_looks_at_a_thing_goes_on_when_others_come_go_and_move(
    fruits: ShortList[Fruit],
) -> None:
    looked_at = QPersistentModelIndex(fruits.index(1))
    fruits.show((PLUM, Fruit("4", "Quince"), Fruit("2", "Nashi")))
    assert fruits.at(looked_at) == Fruit("2", "Nashi")


def test_only_what_changed_is_announced(fruits: ShortList[Fruit]) -> None:
    told: list[int] = []
    fruits.dataChanged.connect(lambda first, last: told.extend((first.row(), last.row())))
    fruits.show((APPLE, Fruit("2", "Nashi"), PLUM))
    assert told == [1, 1]


def test_a_name_is_never_markup_under_the_pointer(fruits: ShortList[Fruit]) -> None:
    tooltip = str(fruits.index(2).data(int(Qt.ItemDataRole.ToolTipRole)))
    assert "Plum &lt;b&gt;" in tooltip
