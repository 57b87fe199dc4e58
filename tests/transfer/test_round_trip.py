"""What was exported comes back as it was, and an export imported where it came from is nothing."""

from __future__ import annotations

import csv
import json
import tempfile
import unicodedata
from pathlib import Path
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from crm_core.catalog import CATALOG
from crm_core.errors import InvalidValue, Unavailable, UserProblem
from crm_core.fields import Value
from crm_core.values import check
from crm_desktop.models.store import Store
from crm_desktop.transfer.cells import read_cell, write_cell
from crm_desktop.transfer.exporting import export
from tests.models.support import switch_on
from tests.support.records import WORDS, values_for
from tests.transfer.stores import add, bring_in, contents, counts, new_store

WRITABLE = [kind for kind, entity in CATALOG.items() if not entity.read_only]


def exported(store: Store, kind: str, file: Path) -> Path:
    with store.reader() as c:
        export(c, CATALOG[kind], file)
    return file


def codes(kind: str, n: int) -> dict[str, Value]:
    """What no two records of a kind may share."""
    return {"uscc": f"9150{n:04}"} if kind == "account" else {}


def for_others(file: Path, kind: str) -> Path:
    """The same file as another profile takes it: without ids, its own or those in links."""
    ids = {"id", *(field.name for field in CATALOG[kind].references)}
    with file.open(encoding="utf-8-sig", newline="") as text:
        rows = list(csv.DictReader(text))
    with file.open("w", encoding="utf-8", newline="") as text:
        writer = csv.DictWriter(
            text, [name for name in rows[0] if name.partition("_label")[0] not in ids]
        )
        writer.writeheader()
        writer.writerows({k: v for k, v in row.items() if k in writer.fieldnames} for row in rows)
    return file


@pytest.mark.parametrize("kind", ["account", "contact", "tag"])
def test_an_export_comes_back_the_same_in_another_profile(
    store: Store, tmp_path: Path, kind: str
) -> None:
    rng = Random(1)
    switch_on(store)
    for n in range(20):
        values = values_for(CATALOG[kind], rng, {})
        title = CATALOG[kind].title[0]
        add(store, kind, **values | {title: f"{values[title]} {n}"} | codes(kind, n))
    file = for_others(exported(store, kind, tmp_path / "out.csv"), kind)
    other = new_store(tmp_path)
    switch_on(other)
    done = bring_in(other, kind, file)
    assert counts(done) == {"created": 20}, [str(x.reasons) for x in done.problems]
    editable = [field.name for field in CATALOG[kind].editable if field.link is None]
    both = [
        sorted(json.dumps([record[name] for name in editable]) for record in found.values())
        for found in (contents(store, kind), contents(other, kind))
    ]
    other.close()
    assert both[0] == both[1]


@pytest.mark.parametrize("kind", WRITABLE)
def test_an_export_imported_where_it_came_from_changes_nothing(
    store: Store, tmp_path: Path, kind: str
) -> None:
    rng = Random(2)
    known = {"account": [add(store, "account", name=f"Root {n}") for n in range(3)]}
    known["contact"] = [add(store, "contact", full_name=f"Person {n}") for n in range(3)]
    made = 0
    for _ in range(10):
        try:
            add(store, kind, **values_for(CATALOG[kind], rng, known))
        except UserProblem:
            continue  # a required link to a kind that only the server can fill
        made += 1
    before = contents(store, kind)
    done = bring_in(store, kind, exported(store, kind, tmp_path / "out.csv"))
    assert set(counts(done)) <= {"unchanged"}, [str(x.reasons) for x in done.problems]
    assert counts(done).get("unchanged", 0) == len(before)
    assert contents(store, kind) == before


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32), text=st.text(max_size=30))
def test_every_cell_reads_back_to_its_value(seed: int, text: str) -> None:
    rng = Random(seed)
    for kind in WRITABLE:
        entity = CATALOG[kind]
        for name, value in values_for(entity, rng, {}).items():
            assert read_cell(entity.by_name[name], write_cell(entity.by_name[name], value)) == value
    name = CATALOG["account"].by_name["name"]
    try:
        check(name, text)
    except InvalidValue:
        return
    typed = unicodedata.normalize("NFC", text.strip()) or None
    assert read_cell(name, write_cell(name, text)) == typed


@settings(max_examples=15)
@given(
    names=st.lists(
        st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20)
        .map(str.strip)
        .filter(bool),
        min_size=1,
        max_size=5,
    )
)
@example(names=["¡"])
def test_any_name_survives_an_export_and_import(names: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = new_store(Path(folder))
        for name in names:
            add(store, "account", name=name, description=f"=1\n{name}\r\n'{name}")
        before = contents(store, "account")
        done = bring_in(store, "account", exported(store, "account", Path(folder) / "x.csv"))
        assert counts(done) == {"unchanged": len(names)}
        assert contents(store, "account") == before
        store.close()


def test_no_exported_text_is_a_formula(store: Store, tmp_path: Path) -> None:
    for start in ("=", "+", "-", "@", "\t", "'"):
        add(store, "account", name=f"{start}cmd|' /C calc'!A0", phone="+86 10 1")
    raw = exported(store, "account", tmp_path / "out.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    for row in csv.reader(raw.decode("utf-8-sig").splitlines()):
        assert not any(cell.startswith(("=", "+", "-", "@", "\t")) for cell in row)


def test_json_holds_links_with_their_words(store: Store, tmp_path: Path) -> None:
    parent = add(store, "account", name="Holding")
    add(store, "account", name=WORDS[2], parent=parent)
    records = json.loads(exported(store, "account", tmp_path / "out.json").read_text("utf-8"))
    sub = next(record for record in records if record["name"] == WORDS[2])
    assert (sub["parent"], sub["parent_label"]) == (parent, "Holding")


def test_an_ending_that_cannot_be_written_is_named(store: Store, tmp_path: Path) -> None:
    with pytest.raises(UserProblem, match=r"\.csv or \.json"):
        exported(store, "account", tmp_path / "out.xlsx")


def test_an_export_that_cannot_be_written_leaves_nothing_behind(
    store: Store, tmp_path: Path
) -> None:
    with pytest.raises(Unavailable):
        exported(store, "account", tmp_path / "absent" / "out.csv")
    old = tmp_path / "out.json"
    old.write_text("before")
    with pytest.raises(UserProblem):
        exported(store, "account", tmp_path / "out.pdf")
    assert old.read_text() == "before"
