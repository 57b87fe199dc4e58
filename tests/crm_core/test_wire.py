"""The wire: what is sent arrives, and what is not ours is refused, whatever it is."""

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.changes import Change, ChangeSet, Op
from crm_core.errors import Refused
from crm_core.ids import ChangeSetId, RecordId
from crm_core.merge import same
from crm_core.wire import (
    PULL_ITEM_DECODER,
    Deleted,
    End,
    Enter,
    Gone,
    Hello,
    HistoryEntry,
    Left,
    Mark,
    Page,
    Problem,
    PullRequest,
    PushRequest,
    PushResponse,
    RefreshRequest,
    SignInRequest,
    SignInResponse,
    WireRow,
    WireTombstone,
    decode,
    encode,
)
from tests.crm_core.strategies import RECORD, json_values

SHAPES = [
    PushRequest, PullRequest, SignInRequest, RefreshRequest, PushResponse, SignInResponse,
    HistoryEntry, Problem, ChangeSet, Hello, Page,
]  # fmt: skip
ITEMS = [
    Hello("e", 1, 1, 2, "2026-11-22T08:30:00Z", 5, 1, 3),
    Enter((RECORD,)),
    Left((RECORD,)),
    Gone("visit", (RECORD,)),
    Page("account", (WireRow(RECORD, 3, {"name": "长安", "tags": ["a"]}, (RECORD,)),)),
    Deleted("account", (WireTombstone(RECORD, 4),)),
    Mark(7, "f" * 32),
    End(7, 1, 2**60),
]


@pytest.mark.parametrize("item", ITEMS, ids=lambda item: type(item).__name__)
def test_every_item_of_a_pull_is_one_line_that_reads_back(item: msgspec.Struct) -> None:
    line = encode(item)
    assert b"\n" not in line
    assert PULL_ITEM_DECODER.decode(line) == item


@given(st.dictionaries(st.text("ab"), json_values), st.sampled_from(Op))
def test_a_change_arrives_as_it_was_sent(new: dict[str, Any], op: Op) -> None:
    made = ChangeSet(ChangeSetId("c"), (Change("account", RECORD, op, new),), atomic=True)
    back = decode(encode(PushRequest("e", 1, (made,))), PushRequest)
    assert back == PushRequest("e", 1, (made,))
    assert same(back.changesets[0].changes[0].new, new)


@given(st.sampled_from(SHAPES), st.binary() | st.text().map(str.encode))
def test_random_bytes_are_refused_and_never_anything_else(shape: type, body: bytes) -> None:
    with contextlib.suppress(Refused):
        assert isinstance(decode(body, shape), shape)


any_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(
        ["epoch", "schema", "changesets", "id", "changes", "kind", "op", "new", "at", "type"],
    ), inner),
    max_leaves=20,
)  # fmt: skip


@given(st.sampled_from(SHAPES), any_json)
def test_well_formed_nonsense_is_refused_too(shape: type, message: object) -> None:
    with contextlib.suppress(Refused):
        assert isinstance(decode(msgspec.json.encode(message), shape), shape)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"\xff\xfe", b"{", b"[" * 100_000, b'{"a":' * 100_000,
        b'{"epoch":"\\ud800","schema":1,"changesets":[]}',
        b'{"epoch":"e","schema":1e400,"changesets":[]}',
        b'{"epoch":"e","schema":' + b"9" * 10_000 + b',"changesets":[]}',
        b'{"epoch":"e","schema":1,"changesets":[]} {"more":1}',
    ],
    ids=range(9),
)  # fmt: skip
def test_hostile_bodies_are_refused(body: bytes) -> None:
    with pytest.raises(Refused) as caught:
        decode(body, PushRequest)
    assert caught.value.code == "request.malformed"


def test_unknown_fields_of_a_newer_version_are_ignored() -> None:
    body = b'{"epoch":"e","schema":9,"changesets":[],"from_a_newer_version":{"a":1}}'
    assert decode(body, PushRequest) == PushRequest("e", 9, ())


def test_what_equals_its_default_is_left_out() -> None:
    assert encode(PullRequest()) == b"{}"
    assert encode(WireRow(RecordId("a"), 1, {})) == b'{"id":"a","seq":1,"body":{}}'
