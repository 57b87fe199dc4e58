"""What hypothesis draws for the laws of core: values sound and unsound, versions, changes."""

from random import Random

from hypothesis import strategies as st

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.entity import Entity
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.merge import Seen, Version
from tests.support.records import WRITABLE, values_for

RECORD = RecordId("0" * 31 + "1")

kinds = st.sampled_from([*CATALOG.values()])
writable = st.sampled_from(WRITABLE)
unknown_names = st.sampled_from(["from_a_newer_version", "another"])

json_values: st.SearchStrategy[Value] = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2) | st.text("ab。\n ", max_size=6),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=6,
)
small_sets = st.lists(st.sampled_from("abcdef"), unique=True, max_size=4).map(sorted)


def field_names(entity: Entity) -> st.SearchStrategy[str]:
    return st.sampled_from([*entity.by_name]) | unknown_names


def any_values(entity: Entity) -> st.SearchStrategy[dict[str, Value]]:
    """Values of arbitrary JSON under known and unknown names."""
    return st.dictionaries(field_names(entity), json_values, max_size=5)


@st.composite
def versions(draw: st.DrawFn, entity: Entity) -> Version:
    values = draw(any_values(entity))
    fv = draw(st.dictionaries(field_names(entity) | st.just("*"), st.integers(1, 9), max_size=4))
    return Version(values, fv, max(fv.values(), default=1), draw(st.booleans()))


@st.composite
def changes(draw: st.DrawFn, entity: Entity) -> Change:
    new = draw(any_values(entity))
    old = draw(any_values(entity))
    seen = {name: value for name, value in old.items() if name in new}
    return Change(
        entity.kind, RECORD, draw(st.sampled_from(Op)), new, seen, draw(st.integers(0, 9))
    )


seen_by_authors = st.builds(
    Seen, st.integers(0, 9), trusted=st.booleans(), row_untouched=st.booleans(),
    children_known=st.booleans(),
)  # fmt: skip


def sound_values(entity: Entity, seed: int) -> dict[str, Value]:
    """A valid record of its kind, with links to records that exist nowhere."""
    rng = Random(seed)
    known = {kind: [RecordId(f"{rng.getrandbits(128):032x}") for _ in range(3)] for kind in CATALOG}
    return values_for(entity, rng, known)
