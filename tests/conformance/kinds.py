"""The kinds as parameters of tests: the suite has no list of its own."""

import pytest

from crm_core.catalog import CATALOG
from crm_core.entity import Entity

ENTITIES = tuple(CATALOG.values())
WRITABLE = tuple(entity for entity in ENTITIES if not entity.read_only)
EDITABLE = tuple(entity for entity in WRITABLE if not entity.insert_only)


def kind_of(entity: Entity) -> str:
    return entity.kind


every_kind = pytest.mark.parametrize("entity", ENTITIES, ids=kind_of)
every_writable_kind = pytest.mark.parametrize("entity", WRITABLE, ids=kind_of)
every_editable_kind = pytest.mark.parametrize("entity", EDITABLE, ids=kind_of)
