"""Whoever reads Chinese finds every kind, field and choice in his script."""

from functools import cache

import pytest

from crm_core.entity import Entity
from tests.conformance.kinds import every_kind
from tools import i18n as workshop


@pytest.mark.parametrize("language", workshop.LANGUAGES)
@every_kind
def test_every_label_is_translated(entity: Entity, language: str) -> None:
    known = translated(language)
    labels = [entity.label, entity.plural, *(field.label for field in entity.fields)]
    labels += [choice.label for field in entity.fields for choice in field.choices]
    assert all(labels)
    assert not [label for label in labels if label not in known]


@cache
def translated(language: str) -> frozenset[str]:
    """The texts with a translation that somebody has read."""
    found = workshop.entries(workshop.read(language))
    return frozenset(str(entry.id) for entry in found if entry.string and not entry.fuzzy)
