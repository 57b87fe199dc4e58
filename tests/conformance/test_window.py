"""Every kind has a form that can be emptied and a list that Qt finds sound over a real store.

That a form gives back what it was shown is said for every kind in tests/views/test_forms.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import pytest
from PySide6.QtCore import QObject, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QWidget

from crm_core.catalog import CATALOG
from crm_core.entity import Entity, default_of
from crm_core.fields import Kind, Value
from crm_desktop.views.kit.column import as_columns
from crm_desktop.views.kit.form import Form
from crm_desktop.views.kit.links import Hit
from crm_desktop.views.kit.list_model import ListModel
from crm_desktop.views.kit.listing import Listing, Stretch, Wanted, refs_of
from crm_desktop.views.kit.source import read_stretch, titles_of
from crm_desktop.views.kit.words import shown_in_list
from tests.conformance.company import Company, Device, Values
from tests.conformance.kinds import every_kind, every_writable_kind

LOUD = QAbstractItemModelTester.FailureReportingMode.Warning


@pytest.fixture
def parent(qapp: QApplication) -> Iterator[QWidget]:
    made = QWidget()
    yield made
    made.deleteLater()


@every_writable_kind
def test_an_emptied_form_empties_every_field_and_misses_what_is_required(
    entity: Entity, company: Company, parent: QWidget
) -> None:
    values = as_typed_by_people(entity, company.fresh(entity))
    form = Form(entity, NobodyFound(), parent)
    form.show_values(values, {})
    kept = {x.name for x in entity.editable if x.required or x.machine or x.kind is Kind.ORDER}
    form.restore({name: "" for name in values if name not in kept})
    assert form.collect() == {
        name: default_of(entity.by_name[name]) for name in values if name not in kept
    }
    required = [x.name for x in entity.editable if x.required]
    form.restore(dict.fromkeys(required, ""))
    assert (form.collect() is None) == bool(required)


@every_kind
def test_a_list_shows_every_field_and_stays_sound_while_it_changes(
    entity: Entity, company: Company, laptop: Device, parent: QWidget
) -> None:
    model = ListModel(entity, entity.fields, StoreAtOnce(laptop), parent)
    tester = QAbstractItemModelTester(model, LOUD, parent)
    model.show(Listing(entity.kind))
    if not entity.read_only:
        laptop.insert(entity, company.fresh(entity))
        model.refresh()
    rows = laptop.listed(entity)
    assert [model.row_at(n) for n in range(model.rowCount())] == [*rows.values()]
    with laptop.store.reader() as c:
        titles = titles_of(c, refs_of(entity.fields, [*rows.values()]))
    for line, row in enumerate(rows.values()):
        for column, field in enumerate(entity.fields):
            said = model.index(line, column).data(Qt.ItemDataRole.DisplayRole)
            value = row.values[field.name]
            assert said == shown_in_list(field, value, titles)
            assert bool(said) == (value not in (None, [], ""))
    assert tester.model() is model


class NobodyFound:
    """Looks for linked records and finds none: whoever shows a form gives what it leads to."""

    def find(
        self, text: str, target: str, then: Callable[[Sequence[Hit]], None], owner: QObject
    ) -> None:
        then(())

    def can_create(self, target: str) -> bool:
        return False

    def create(self, target: str, name: str, then: Callable[[Hit], None], owner: QObject) -> None:
        raise AssertionError(target)


class StoreAtOnce:
    """Reads a list's rows as the window does, but at once."""

    def __init__(self, device: Device) -> None:
        self._device = device

    def fetch(
        self,
        listing: Listing,
        wanted: Wanted,
        owner: QObject,
        then: Callable[[Stretch], None],
        failed: Callable[[], None],
    ) -> None:
        entity = CATALOG[listing.kind]
        with self._device.store.reader() as c:
            stretch = read_stretch(c, listing, wanted, as_columns(entity, entity.fields))
        then(stretch)


def as_typed_by_people(entity: Entity, values: Values) -> Values:
    """Named values of words only: deeper ones come from programs and are shown, not typed."""
    own: Value = {"colour": "=red", "层": "3"}
    return {
        name: own if entity.by_name[name].kind is Kind.JSON else value
        for name, value in values.items()
    }
