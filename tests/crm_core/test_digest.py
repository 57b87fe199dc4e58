"""The canonical form and its hash: the same content, however it was written down."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.digest import Digest, bucket_of, canonical, content_hash, version_hash
from crm_core.fields import Value
from crm_core.ids import RecordId
from tests.crm_core.strategies import RECORD, json_values

bodies = st.dictionaries(st.text("abé曾\U0001f600", max_size=3), json_values, max_size=5)


@given(bodies, st.randoms(use_true_random=False))
def test_the_canonical_form_is_json_with_keys_sorted_bytewise_and_no_spaces(
    body: dict[str, Value], dice: Random
) -> None:
    names = [*body]
    dice.shuffle(names)
    shuffled = {name: body[name] for name in names}
    kept = {x: value for x, value in body.items() if value is not None and value != []}
    by_bytes = json.dumps(_sorted(kept), ensure_ascii=False, separators=(",", ":"))
    assert canonical(shuffled) == canonical(body) == by_bytes.encode()
    assert canonical(json.loads(json.dumps(body, indent=2))) == canonical(body)


def _sorted(value: object) -> object:
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value, key=str.encode)}
    return [_sorted(one) for one in value] if isinstance(value, list) else value


@given(bodies, bodies)
def test_other_content_has_another_hash(one: dict[str, Value], other: dict[str, Value]) -> None:
    same = canonical(one) == canonical(other)
    hashes = {content_hash("account", RECORD, 7, body) for body in (one, other)}
    assert (len(hashes) == 1) == same


def test_kind_record_and_version_belong_to_the_hash() -> None:
    other = RecordId("f" * 32)
    found = {
        content_hash("account", RECORD, 7, {}), content_hash("contact", RECORD, 7, {}),
        content_hash("account", other, 7, {}), content_hash("account", RECORD, 8, {}),
    }  # fmt: skip
    assert len(found) == 4
    assert all(0 <= one < 1 << 40 for one in found)


@pytest.mark.parametrize("body", [{"a": 1.5}, {"a": [{"b": 0.5}]}])
def test_floats_have_no_canonical_form_and_count_with_their_version(body: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="5"):
        canonical(body)
    plain = content_hash("account", RECORD, 7, body)
    another: dict[str, Any] = {"a": 2.5}
    assert plain == content_hash("account", RECORD, 7, another)


def test_nothing_and_an_empty_set_are_the_same() -> None:
    assert canonical({"tags": [], "name": None, "note": ""}) == canonical({"note": ""}) != b"{}"


def test_sums_of_buckets_add_up() -> None:
    one, two = Digest(1, version_hash("a", RECORD, 1)), Digest(1, version_hash("a", RECORD, 2))
    assert one + two - one == two
    assert bucket_of(RecordId("0" * 30 + "ab")) == "ab"
