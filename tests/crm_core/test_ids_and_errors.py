"""Ids, digests, and the words for what went wrong."""

import re
import sys
from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.catalog import CATALOG
from crm_core.digest import Digest, of_version, version_hash
from crm_core.errors import CrmError, InvalidValue, Refused, Unavailable, UserProblem
from crm_core.i18n import Message
from crm_core.ids import RecordId, is_id, parse_id, provisional_number, uuid7_from
from crm_core.problems import PROBLEMS, words_for
from crm_core.roles import Action
from tests.crm_core.strategies import RECORD

moments = st.integers(0, 2**48 - 1)
random_bits = st.integers(0, 2**74 - 1)


@given(moments, random_bits)
def test_an_id_is_a_uuid_of_version_seven(milliseconds: int, bits: int) -> None:
    made = uuid7_from(milliseconds, bits)
    uuid = UUID(made)
    assert is_id(made)
    assert (uuid.version, uuid.variant) == (7, RFC_4122)
    assert uuid.int >> 80 == milliseconds
    assert ((uuid.int >> 64 & 0xFFF) << 62) | (uuid.int & (2**62 - 1)) == bits


@given(moments, moments, random_bits, random_bits)
def test_ids_sort_by_the_moment_they_were_made(one: int, two: int, a: int, b: int) -> None:
    if one < two:
        assert uuid7_from(one, a) < uuid7_from(two, b)


def test_an_id_is_taken_in_any_usual_spelling() -> None:
    made = uuid7_from(1_700_000_000_000, 12345)
    assert parse_id(f"  {str(UUID(made)).upper()} ") == made
    for bad in ("", "x" * 32, made[:-1], f"{made}0", "٠" * 32):
        assert not is_id(bad)
        with pytest.raises(InvalidValue, match="is not a record id"):
            parse_id(bad)


def test_a_provisional_number_comes_from_the_random_end_of_the_id() -> None:
    assert provisional_number("CP", RecordId("0" * 32)) == "CP-0000000"
    assert provisional_number("V", RecordId("f" * 32)) == "V-ZZZZZZZ"
    assert provisional_number("A", RecordId("0" * 31 + "1")) == "A-0000001"
    assert re.fullmatch(r"A-[0-9A-HJKMNP-TV-Z]{7}", provisional_number("A", uuid7_from(1, 2**73)))


@given(st.lists(st.tuples(st.sampled_from([*CATALOG]), moments, st.integers(1, 2**40))))
def test_a_digest_does_not_depend_on_the_order(versions: list[tuple[str, int, int]]) -> None:
    parts = [of_version(kind, uuid7_from(at, 0), seq) for kind, at, seq in versions]
    there, back = Digest(), Digest()
    for part in parts:
        there += part
    for part in reversed(parts):
        back += part
    assert there == back
    assert there.count == len(versions)
    for part in parts:
        there -= part
    assert there == Digest()


def test_a_digest_names_kind_id_and_version_the_same_on_every_machine() -> None:
    assert version_hash("account", RECORD, 1) == 0xDB26C2FC13
    different = {
        version_hash("account", RECORD, 1),
        version_hash("account", RECORD, 2),
        version_hash("contact", RECORD, 1),
        version_hash("account", RecordId("f" * 32), 1),
    }
    assert len(different) == 4
    assert max(different) < 2**40


@pytest.mark.parametrize("code", PROBLEMS)
def test_every_code_has_its_sentence_with_or_without_its_parameters(code: str) -> None:
    for entity in (None, *CATALOG.values()):
        assert "{" not in str(words_for(code, {}, entity))


def test_an_unknown_code_is_shown_as_it_is() -> None:
    assert str(words_for("newer.code", {})) == "The server refused it (newer.code)."


def test_names_and_codes_become_labels_where_the_kind_is_known() -> None:
    visit = CATALOG["visit"]
    params = {"source": "draft", "target": "in_progress"}
    assert "'Draft' to 'In progress'" in str(words_for("state.no_arrow", params, visit))
    params = {"target": "completed", "fields": "outcome, result, newer"}
    assert "Outcome, Result, newer" in str(words_for("state.missing", params, visit))
    assert "'Planned start'" in str(words_for("field.required", {"field": "planned_start"}, visit))
    assert "'planned_start'" in str(words_for("field.required", {"field": "planned_start"}))
    of_group = words_for("field.required", {"field": "address"}, CATALOG["address"])
    assert "'Country'" in str(of_group)
    assert "Order records" in str(words_for("record.read_only", {"kind": "order"}))
    assert "'draft'" in str(words_for("state.no_arrow", {"source": "draft"}, CATALOG["tag"]))


@pytest.mark.parametrize("action", Action)
def test_every_right_has_its_words(action: Action) -> None:
    assert "(to " in str(words_for("right.missing", {"action": action.value}))


def test_every_error_stands_in_the_one_tree() -> None:
    found = {
        x
        for x in vars(sys.modules[CrmError.__module__]).values()
        if isinstance(x, type) and issubclass(x, Exception)
    }
    assert {x.__name__ for x in found if issubclass(x, CrmError)} == {x.__name__ for x in found}
    assert issubclass(InvalidValue, UserProblem)
    assert not issubclass(Unavailable, UserProblem)
    assert not issubclass(Refused, UserProblem)


def test_an_error_reads_as_its_sentence_with_nested_messages_filled() -> None:
    inner = Message("{n} KiB", {"n": 5})
    problem = InvalidValue("name", "'{field}' holds {size}.", field="Name", size=inner)
    assert str(problem) == "'Name' holds 5 KiB."
    assert (problem.field, Refused("a.b", "No.").code) == ("name", "a.b")
