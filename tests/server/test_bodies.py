"""How deep a message is nested, whatever its texts hold."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.errors import Refused
from crm_core.values import VALUE_DEPTH_MAX
from crm_core.wire import JSON_DEPTH_MAX
from crm_server.bodies import check_depth

MOST = JSON_DEPTH_MAX + VALUE_DEPTH_MAX
TEXTS = st.text(st.sampled_from('[]{}"\\\n a世'), max_size=8)
VALUES = st.recursive(
    st.none() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, value.values()), default=0)
    return 1 + max(map(depth, value), default=0) if isinstance(value, list) else 0


@given(VALUES, st.integers(0, MOST + 2), st.booleans())
def test_a_message_is_refused_where_it_is_deeper_than_ours_and_nowhere_else(
    value: object, wrapped: int, plain: bool
) -> None:
    for _ in range(wrapped):
        value = {"[": value} if plain else [value, "]"]
    body = json.dumps(value, ensure_ascii=plain).encode()
    if depth(value) <= MOST:
        check_depth(body)
    else:
        with pytest.raises(Refused, match="nested"):
            check_depth(body)
