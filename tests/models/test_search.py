"""Search finds what people type: parts of words, one Chinese character, pinyin; in their order."""

from __future__ import annotations

import subprocess
import sys

import pypinyin
import pypinyin.constants
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_core.ids import RecordId
from crm_core.wire import Deleted, WireTombstone
from crm_desktop.models import pinyin, readings, search
from crm_desktop.models.store import Store
from tests.models.support import add, delete, page, pull, put, row

A = RecordId(f"{7:032x}")


def found(store: Store, text: str, *kinds: str) -> list[str]:
    with store.reader() as c:
        return [hit.title for hit in search.search(c, text, kinds or None)]


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("zgq", "曾国强"), ("zengguoqiang", "曾国强"), ("zeng gq", "曾国强"), ("cgq", "曾国强"),
        ("sh", "单红"), ("shanhong", "单红"), ("qiuhe", "仇和"), ("qh", "仇和"),
        ("ouxiaoming", "区小明"), ("cqca", "重庆长安"), ("xmhk", "厦门航空"), ("la", "六安"),
        ("yh", "银行"), ("重q", "重庆"), ("重qing", "重庆长安"), ("lvbu", "吕布"),
        ("lubu", "吕布"), ("lyubu", "吕布"), ("zhangxiaolyu", "张小吕"), ("长an", "重庆长安"),
        ("ca", "重庆长安"), ("changan", "重庆长安"), ("王明", "王明"), ("王", "王明"),
        ("明", "王明"), ("IBM zg", "IBM 中国"), ("ibmzg", "IBM 中国"), ("w", "王明"),
        ("zeng", "杭州曾氏精密机械"), ("zsjm", "杭州曾氏精密机械"),
    ],
)  # fmt: skip
def test_a_chinese_name_is_found_by_what_people_type(store: Store, typed: str, name: str) -> None:
    for n, other in enumerate({name, "Alfreds Futterkiste", "上海贸易"}):
        add(store, "contact", RecordId(f"{n + 1:032x}"), full_name=other)
    assert name in found(store, typed)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("alf", "Alfreds Futterkiste"), ("FUTTER", "Alfreds Futterkiste"),
        ("kiste", "Alfreds Futterkiste"), ("fu", "Alfreds Futterkiste"),
        ("a", "Alfreds Futterkiste"), ("kiste alf", "Alfreds Futterkiste"),
        ("unico", "Ünïcode Handel"), ("ünï", "Ünïcode Handel"), ("O'Neil", "O'Neil & Sons"),
        ("o'n", "O'Neil & Sons"), ("50%", "50% Off_Ltd"), ("f_l", "50% Off_Ltd"),
        ('"Off_Ltd"', "50% Off_Ltd"), ("cafe", "Café Zürich"),
    ],
)  # fmt: skip
def test_a_latin_name_is_found_by_its_parts(store: Store, typed: str, name: str) -> None:
    for other in ("Alfreds Futterkiste", "Ünïcode Handel", "O'Neil & Sons", "50% Off_Ltd",
                  "Café Zürich"):  # fmt: skip
        add(store, "account", name=other)
    assert found(store, typed)[0] == name


def test_exact_comes_before_beginning_before_initials_before_part(store: Store) -> None:
    for name in ("大安全", "安安", "安", "安全第一", "奥特"):
        add(store, "account", name=name)
    assert found(store, "安") == ["安", "安安", "安全第一", "大安全"]
    for name in ("AA", "xAAx", "AAB", "爱安"):
        add(store, "account", name=name)
    assert found(store, "aa") == ["AA", "AAB", "安安", "爱安"]


def test_numbers_and_notes_are_found_behind_names(store: Store) -> None:
    by_note = add(store, "account", name="Berglunds", description="asked about Futterkiste")
    add(store, "account", name="Futterkiste")
    add(store, "complaint", account=by_note, subject="Late")
    assert found(store, "futterkiste") == ["Futterkiste", "Berglunds"]
    with store.reader() as c:
        number = c.value("SELECT provisional_number FROM complaint")
        hits = search.search(c, str(number))
    assert [(hit.kind, hit.matched) for hit in hits] == [("complaint", "provisional_number")]


def test_an_exact_name_is_found_among_thousands_that_share_its_word(store: Store) -> None:
    rows = [row(RecordId(f"{n + 9:032x}"), n + 1, name=f"贸易公司{n}") for n in range(1500)]
    pull(store, 9999, page("account", *rows, row(A, 2000, name="贸易公司")))
    search.build(store)
    assert found(store, "贸易公司")[0] == "贸易公司"


def test_the_index_follows_every_change(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    put(store, "account", account, name="Berglunds")
    assert found(store, "alfreds") == []
    assert found(store, "berglunds") == ["Berglunds"]
    delete(store, "account", account)
    assert found(store, "berglunds") == []


def test_what_arrives_in_bulk_is_indexed_behind_in_steps(store: Store) -> None:
    rows = [row(RecordId(f"{n + 9:032x}"), n + 1, name=f"Customer {n}") for n in range(60)]
    pull(store, 100, page("account", *rows))
    with store.reader() as c:
        assert search.is_behind(c)
    steps = 1
    while search.step(store, 25):
        steps += 1
    assert steps == 3
    assert found(store, "customer 5 9") == []
    assert "Customer 59" in found(store, "Customer 59")
    pull(store, 200, page("account", row(rows[0].id, 150, name="Renamed")),
         Deleted("account", (WireTombstone(rows[1].id, 151),)))  # fmt: skip
    search.build(store)
    assert found(store, "renamed") == ["Renamed"]
    assert "Customer 1" not in found(store, "Customer 1")


def test_a_row_number_given_twice_does_not_find_the_former_record(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    search.build(store)
    from crm_desktop.models import inbox, journal

    with store.reader() as c:
        [queued] = inbox.queue(c)
    journal.hold(store, queued.cs_id)
    journal.discard(store, queued.cs_id)
    pull(store, 100, page("account", row(A, 50, name="Berglunds")))
    search.build(store)
    assert account
    assert found(store, "alfreds") == []
    assert found(store, "berglunds") == ["Berglunds"]


def test_building_anew_finds_the_same(store: Store) -> None:
    add(store, "account", name="重庆长安")
    search.rebuild(store)
    assert found(store, "cqca") == ["重庆长安"]


def test_a_search_can_be_limited_to_kinds(store: Store) -> None:
    account = add(store, "account", name="Alfreds")
    add(store, "task", title="Alfreds", account=account)
    assert len(found(store, "alfreds")) == 2
    assert len(found(store, "alfreds", "task")) == 1


@given(st.text(max_size=12))
def test_nothing_that_is_typed_is_taken_for_an_operator(indexed: Store, typed: str) -> None:
    found(indexed, typed)


@pytest.mark.parametrize("typed", ['"', '" OR "', "a AND", "NEAR(a b)", "name:x", "a*", "-a", "^a",
                                   "''", "(", "\0", "  ", '"a" OR words:"b'])  # fmt: skip
def test_operators_are_only_words(indexed: Store, typed: str) -> None:
    assert all("Alfreds" in title for title in found(indexed, typed))


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Store:
    from tests.models.support import make_store

    store = make_store(tmp_path_factory.mktemp("indexed") / "a.db")
    add(store, "account", name="Alfreds a b")
    return store


@pytest.mark.parametrize(
    "name", ["重庆长安汽车股份有限公司", "中国银行", "厦门航空", "绿城服务", "行长", "长沙银行"]
)
def test_readings_are_those_of_the_library_phrase_by_phrase(name: str) -> None:
    assert [first for first, *_ in pinyin._phrase(name)] == pypinyin.lazy_pinyin(name)


def test_every_phrase_is_read_as_the_library_reads_it() -> None:
    every = pypinyin.constants.PHRASES_DICT
    assert [x for x in every if list(readings.of_phrase(x)) != pypinyin.lazy_pinyin(x)] == []
    assert [x for x in every if readings.first_phrase(x) != x] == []


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted in other units")
def test_what_names_need_of_the_library_is_small() -> None:
    measured = (
        "import resource; from crm_desktop.models import pinyin;"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss;"
        "before = peak(); pinyin.spellings('重庆长安'); print(peak() - before)"
    )
    ran = subprocess.run([sys.executable, "-c", measured], capture_output=True, check=True)
    assert int(ran.stdout) < 25 * 1024


@pytest.mark.parametrize("name", ["！？", "…", "€ 5", "😀", "é", "ß", "ﬁne", "\u0301"])
def test_any_name_can_be_indexed_and_found_by_itself(store: Store, name: str) -> None:
    add(store, "account", name=name)
    search.rebuild(store)
    assert found(store, name) == [name]
