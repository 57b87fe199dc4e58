"""A row of the local store says what the server's body says."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from crm_core.digest import canonical
from crm_core.entity import Entity
from crm_core.fields import Value
from crm_desktop.models.sql import layout
from tests.crm_core.strategies import kinds, sound_values


@given(kinds, st.integers(0, 2**32))
def test_a_row_of_the_client_says_what_the_servers_body_says(entity: Entity, seed: int) -> None:
    body: dict[str, Value] = {**sound_values(entity, seed), "from_a_newer_version": {"b": 1}}
    table = layout(entity.kind)
    columns, extra = table.stored(body)
    assert canonical(table.values(columns, extra)) == canonical(body)
