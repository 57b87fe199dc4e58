"""What the server has erased goes from everywhere on a device, and nothing here brings it back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crm_core.changes import Change, Op
from crm_core.erasing import FILE_FIELDS, personal_fields
from crm_core.fields import Value
from crm_core.ids import RecordId
from crm_core.wire import Deleted, Erase, Left, WireTombstone
from crm_desktop.models import drafts, inbox, journal, search_index
from crm_desktop.models.forgotten import Dropped, newly_dropped
from crm_desktop.models.journal.carrying import carry_over
from crm_desktop.models.journal.received import Receipt
from crm_desktop.models.journal.reconcile import start_over
from crm_desktop.models.merging import merge_records
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Store
from tests.models.support import (
    add,
    answer,
    first_pull,
    make_store,
    page,
    pull,
    put,
    row,
    seen,
    states,
    take,
    verdict,
)

NAME, PHONE, WORD = "Marianne Erasmus", "+49 30 555 0199", "Xylophon"
PLANTED = (NAME, PHONE, WORD)
ACCOUNT, CONTACT, OTHER = RecordId("a1" * 16), RecordId("c1" * 16), RecordId("c2" * 16)
CONFLICT = RecordId("d1" * 16)
FIELDS = personal_fields("contact")


@pytest.fixture
def known(store: Store) -> Store:
    return knowing(store)


def knowing(store: Store) -> Store:
    """A device that holds the contact, and an index of him."""
    first_pull(
        store, ("account", row(ACCOUNT, 1, name="Alfreds")),
        ("contact", row(CONTACT, 2, (ACCOUNT,), full_name=NAME, mobile=PHONE, title="Buyer")),
        ("contact", row(OTHER, 3, (ACCOUNT,), full_name="Otto Other")),
    )  # fmt: skip
    search_index.build(store)
    return store


def erase(store: Store, hi: int = 200, *, seq: int = 150) -> None:
    """A pull that tells of the erasure, as it comes: the row first."""
    blank = page("contact", row(CONTACT, seq, (ACCOUNT,), title="Buyer"))
    pull(store, hi, blank, Erase("contact", CONTACT, FIELDS, seq))


def cells(store: Store) -> Iterator[tuple[str, str]]:
    """All texts of all tables but the index, each with its table."""
    with store.reader() as c:
        tables = c.rows("SELECT name FROM sqlite_schema WHERE type = 'table'")
        for (name,) in tables:
            if name.startswith("find_"):
                continue
            for found in c.rows(f'SELECT * FROM "{name}"'):
                yield from ((name, cell) for cell in found if isinstance(cell, str))


def places(store: Store) -> set[str]:
    """Where a planted word stands: tables, and words of the index, dead ones too."""
    found = {name for name, cell in cells(store) for word in PLANTED if word in cell}
    return found | terms(store)


def terms(store: Store) -> set[str]:
    """Which of some words any block of the index holds; of a word that follows one with the same
    beginning a block holds the rest alone."""
    with store.reader() as c:
        blocks = [block for (block,) in c.rows("SELECT block FROM find_word_data")]
    words = ("marianne", "erasmus", "xylophon")
    return {word for word in words if any(word[3:].encode() in block for block in blocks)}


def test_nothing_of_the_device_holds_what_was_erased(known: Store) -> None:
    put(known, "contact", CONTACT, wechat=WORD, title="Head")
    drafts.save(known, "contact", CONTACT, {"full_name": f"{NAME} II"})
    known.set_meta(f"draft:contact/{CONTACT}", f'{{"values":{{"mobile":"{PHONE}"}}}}')
    journal.commit(known, [Change("contact", CONTACT, Op.SET, {"email": "x@y.de"})],
                   label=f"Edit {NAME}")  # fmt: skip
    assert {"contact", "op", "shadow", "draft", "meta", "changeset"} <= places(known)
    erase(known)
    search_index.build(known)
    assert places(known) == set()
    with known.reader() as c:
        title, name = c.one('SELECT title, full_name FROM contact WHERE id = ?',
                            (bytes.fromhex(CONTACT),)) or ("", "")  # fmt: skip
    assert (title, name) == ("Head", None)


def test_dead_words_leave_the_old_segments_of_the_index(store: Store) -> None:
    # So many, that FTS5 sees no reason of its own to write a segment anew.
    others = (row(RecordId(f"{n:032x}"), 4, (ACCOUNT,), full_name=f"N{n}") for n in range(50))
    pull(store, 90, page("contact", *others))
    known = knowing(store)
    assert terms(known) == {"marianne", "erasmus"}
    erase(known)
    assert terms(known) == {"marianne", "erasmus"}
    assert search_index.is_behind(known.write)
    search_index.build(known)
    assert terms(known) == set()
    assert not search_index.is_behind(known.write)


def test_what_is_erased_is_not_found_any_more(known: Store) -> None:
    from crm_desktop.models import search

    erase(known)
    with known.reader() as c:
        assert not search.search(c, "Erasmus")
        assert [hit.id for hit in search.search(c, "Otto")] == [OTHER]


def test_undo_of_a_step_brings_nothing_back(known: Store) -> None:
    put(known, "contact", CONTACT, wechat=WORD)
    erase(known)
    journal.undo(known)
    search_index.build(known)
    assert places(known) == set()


def test_a_draft_with_files_of_him_goes(known: Store) -> None:
    known.set_meta(f"draft:contact/{CONTACT}/files", f'[{{"name":"{NAME}.jpg"}}]')
    erase(known)
    assert known.meta(f"draft:contact/{CONTACT}/files") is None


def test_what_was_typed_of_him_in_another_place_than_his_form_goes(known: Store) -> None:
    key = f"draft:contact/{CONTACT}/decision"
    known.set_meta(key, f'{{"c1":{{"mobile":"{PHONE}","title":"Head"}}}}')
    known.set_meta(f"draft:contact/{OTHER}/decision", '{"c2":{"mobile":"1"}}')
    erase(known)
    assert known.meta(key) == '{"c1":{"mobile":null,"title":"Head"}}'
    assert known.meta(f"draft:contact/{OTHER}/decision") == '{"c2":{"mobile":"1"}}'


def test_work_that_left_with_its_record_is_freed_of_it(store: Store) -> None:
    known = knowing(store)
    put(known, "contact", CONTACT, wechat=WORD)
    pull(known, 120, Left((ACCOUNT,)))
    assert {"orphan", "contact"} <= places(known)
    pull(known, 200, Erase("contact", CONTACT, FIELDS, 150))
    search_index.build(known)
    assert places(known) == set()


def test_what_a_restored_server_lost_is_freed_of_it(known: Store) -> None:
    from tests.models.support import hello

    hello(known, "e2", seq=10**6, restored=1)
    pull(known, 2 * 10**6)
    assert "salvage" in places(known)
    pull(known, 3 * 10**6, Erase("contact", CONTACT, FIELDS, 2 * 10**6 + 1))
    search_index.build(known)
    assert places(known) == set()


def test_a_question_about_him_holds_nothing_any_more(known: Store) -> None:
    parked: Value = [
        {"value": PHONE, "author": "0" * 32, "device": "x", "authored_at": "", "cs_id": ""}
    ]
    question = row(
        CONFLICT, 90, (ACCOUNT,), record=f"contact/{CONTACT}", field="mobile", why="edit",
        base=PHONE, parked=parked, state="open",
    )  # fmt: skip
    pull(known, 120, page("conflict", question))
    assert "conflict" in places(known)
    erase(known)
    search_index.build(known)
    assert places(known) == set()


def test_a_deleted_record_is_erased_too(known: Store) -> None:
    pull(known, 120, Deleted("contact", (WireTombstone(CONTACT, 110),)))
    assert "contact" in places(known)
    pull(known, 200, Erase("contact", CONTACT, FIELDS, 150))
    search_index.build(known)
    assert places(known) == set()


def test_a_file_of_his_that_was_not_sent_is_not_sent(known: Store) -> None:
    photo = add(known, "attachment", parent=f"contact/{CONTACT}", name=f"{NAME}.jpg",
                sha256="a" * 64)  # fmt: skip
    erase(known)
    search_index.build(known)
    assert states(known) == ["discarded"]
    assert places(known) == set()
    with known.reader() as c:
        assert c.one("SELECT 1 FROM attachment WHERE id = ?", (bytes.fromhex(photo),)) is None


def test_a_file_that_the_server_erased_goes(known: Store) -> None:
    photo = RecordId("f1" * 16)
    above = f"contact/{CONTACT}"
    there = row(photo, 90, (ACCOUNT,), name=f"{NAME}.jpg", parent=above, sha256="a" * 64)
    pull(known, 120, page("attachment", there))
    gone = Deleted("attachment", (WireTombstone(photo, 150),))
    pull(known, 200, gone, Erase("attachment", photo, FILE_FIELDS, 150))
    with known.reader() as c:
        found = c.one("SELECT name, sha256, deleted FROM attachment WHERE id = ?",
                      (bytes.fromhex(photo),))  # fmt: skip
    assert found == (None, None, 1)


def test_a_refusal_that_quotes_him_asks_nobody_any_more(known: Store) -> None:
    put(known, "contact", CONTACT, email="who@where.de")
    (step,) = take(known)
    answer(known, verdict(step, "rejected", 0, (0, "email", "rejected", "field.invalid")))
    assert states(known) == ["rejected"]
    erase(known)
    assert states(known) == ["discarded"]


def test_a_step_keeps_its_place_among_those_sent_with_it(known: Store) -> None:
    changes = [
        Change("contact", CONTACT, Op.SET, {"wechat": WORD}),
        Change("account", ACCOUNT, Op.SET, {"name": "Alfreds Ltd"}),
    ]
    journal.commit(known, changes, label="Both")
    erase(known)
    (sent,) = Outbox(known).take_outbox(10, 10**6)
    assert [change.kind for change in sent.changes] == ["contact", "account"]
    assert sent.changes[0].new == {"wechat": None}


def test_what_a_merge_took_over_goes_too(known: Store) -> None:
    changes = [
        Change("contact", CONTACT, Op.MERGE, {"merged_into": OTHER}),
        Change("contact", OTHER, Op.SET, {"mobile": PHONE}),
    ]
    journal.commit(known, changes, label="Merge", atomic=True)
    erase(known)
    search_index.build(known)
    assert places(known) == set()


def test_the_other_one_keeps_what_a_merge_would_have_replaced(known: Store) -> None:
    put(known, "contact", OTHER, mobile="+44 20")
    merge_records(known, "contact", CONTACT, OTHER, {"full_name": NAME, "mobile": PHONE})
    take(known)
    erase(known)
    assert not {"op", "contact"} & places(known)
    other = seen(known, "contact", OTHER).values
    assert (other["full_name"], other["mobile"]) == ("Otto Other", "+44 20")


def test_what_an_earlier_merge_brought_in_is_not_what_the_other_one_had(known: Store) -> None:
    third = with_third(known)
    merge_records(known, "contact", CONTACT, OTHER, {"mobile": PHONE})
    merge_records(known, "contact", third, OTHER, {"mobile": "+1 212"})
    pull(known, 120, Erase("contact", third, FIELDS, 115))
    assert seen(known, "contact", OTHER).values["mobile"] == PHONE
    erase(known)
    assert not {"op", "contact"} & places(known)


def test_the_words_of_a_merge_into_him_go_and_of_taking_it_back(known: Store) -> None:
    merge_records(known, "contact", OTHER, CONTACT)
    journal.undo(known)
    assert words(known) == [merged := f"Merge Otto Other into {NAME}", f"Undo: {merged}"]
    erase(known)
    assert words(known) == ["Contact", "Contact"]


def test_the_words_of_a_decision_about_him_go_where_it_leaves_him_as_he_is(known: Store) -> None:
    question = row(
        CONFLICT, 90, (ACCOUNT,), record=f"contact/{CONTACT}", field="deleted", why="delete",
        base=False, parked=[], state="open",
    )  # fmt: skip
    pull(known, 120, page("conflict", question))
    journal.resolve(known, CONFLICT, False, label=f"Resolve conflict: {NAME}")
    erase(known)
    assert words(known) == ["Conflict"]


def test_the_words_of_a_merge_of_others_stay(known: Store) -> None:
    merge_records(known, "contact", with_third(known), OTHER)
    journal.undo(known)
    before = words(known)
    erase(known)
    assert words(known) == before


@pytest.mark.parametrize("field", ["", "wechat"])
@pytest.mark.parametrize(("more", "state"), [({}, "discarded"), ({"title": "Head"}, "rejected")])
def test_a_refused_step_asks_its_author_no_more_once_nothing_of_it_is_left(
    known: Store, field: str, more: dict[str, Value], state: str
) -> None:
    step = Change("contact", CONTACT, Op.SET, {"wechat": WORD, **more})
    journal.commit(known, [step], label="Change", atomic=True)
    [cs] = take(known)
    answer(known, verdict(cs, "rejected", 0, (0, field, "rejected", "record.not_found")))
    erase(known)
    assert states(known) == [state]


def test_what_waited_for_a_refused_step_goes_out_once_nothing_of_that_is_left(known: Store) -> None:
    put(known, "contact", CONTACT, wechat=WORD)
    [cs] = take(known)
    answer(known, verdict(cs, "rejected", 0, (0, "", "rejected", "right.missing")))
    put(known, "contact", CONTACT, wechat=f"{WORD} II", title="Head")
    assert states(known) == ["rejected", "blocked"]
    erase(known)
    assert states(known) == ["discarded", "queued"]


@pytest.mark.parametrize("field", ["", "wechat"])
def test_of_a_refused_step_about_more_than_him_the_rest_still_asks_its_author(
    known: Store, field: str
) -> None:
    changes = [
        Change("contact", CONTACT, Op.SET, {"wechat": WORD}),
        Change("account", ACCOUNT, Op.SET, {"phone": "1"}),
    ]
    journal.commit(known, changes, label="Both", atomic=True)
    [cs] = take(known)
    answer(known, verdict(cs, "rejected", 0, (0, field, "rejected", "field.unknown")))
    erase(known)
    assert states(known) == ["rejected"]
    assert [x.mine for x in inbox.stuck(known.write) if x.kind == "account"] == [{"phone": "1"}]


def words(store: Store) -> list[str]:
    """The names of all steps in the Undo menu, the first one first."""
    with store.reader() as c:
        return [label for (label,) in c.rows("SELECT label FROM changeset ORDER BY n")]


def test_a_refused_undo_that_was_sent_again_is_not_remembered_by_his_name(known: Store) -> None:
    merge = Change("contact", OTHER, Op.MERGE, {"merged_into": CONTACT})
    journal.commit(known, [merge], label=f"Merge with {NAME}", atomic=True)
    [cs] = take(known)
    answer(known, verdict(cs, "applied", 101))
    journal.undo(known)
    [back] = take(known)
    answer(known, verdict(back, "rejected", 0, (0, "", "rejected", "right.missing")))
    journal.resend(known, back)
    assert sum(NAME in one for one in words(known)) == 3
    erase(known)
    assert not [one for one in words(known) if NAME in one]


def test_what_was_typed_above_a_merge_keeps_its_authors_lines_alone(known: Store) -> None:
    put(known, "contact", CONTACT, preferences=f"{WORD}\n")
    changes = [
        Change("contact", CONTACT, Op.MERGE, {"merged_into": OTHER}),
        Change("contact", OTHER, Op.SET, {"mobile": PHONE, "preferences": f"{WORD}\n"}),
    ]
    journal.commit(known, changes, label="Merge", atomic=True)
    put(known, "contact", OTHER, preferences=f"{WORD}\nCalls late.\n", title="Head")
    with known.writing() as c:
        c.run("UPDATE changeset SET label = ? WHERE n = 3", (f"Edit {WORD}",))
    erase(known)
    search_index.build(known)
    assert places(known) == set()
    assert seen(known, "contact", OTHER).values["preferences"] == "Calls late.\n"
    assert seen(known, "contact", OTHER).values["title"] == "Head"


def test_what_the_server_alone_had_said_goes_from_above_a_merge(known: Store) -> None:
    noted(known, CONTACT, f"{WORD}。")
    merge_records(known, "contact", CONTACT, OTHER)
    put(known, "contact", OTHER, preferences=f"{WORD}。来电请晚。")
    erase(known)
    search_index.build(known)
    assert places(known) == set()
    assert seen(known, "contact", OTHER).values["preferences"] == "来电请晚。"


def test_what_a_merge_replaced_comes_back_below_what_was_typed_above_it(known: Store) -> None:
    noted(known, CONTACT, f"Likes tea.\n{WORD}\n")
    put(known, "contact", OTHER, preferences="Likes tea.\nNever calls.")
    merge_records(known, "contact", CONTACT, OTHER, {"preferences": f"Likes tea.\n{WORD}\n"})
    put(known, "contact", OTHER, preferences=f"Likes tea.\n{WORD}\nCalls late.\n")
    erase(known)
    kept = "Never calls.\nLikes tea.\nCalls late.\n"
    assert seen(known, "contact", OTHER).values["preferences"] == kept
    journal.undo(known)
    assert seen(known, "contact", OTHER).values["preferences"] == "Likes tea.\nNever calls."


def test_a_step_above_a_merge_keeps_what_the_other_one_had_in_common_with_him(known: Store) -> None:
    for one in (CONTACT, OTHER):
        put(known, "contact", one, mobile="+86 10")
    merge_records(known, "contact", CONTACT, OTHER, {"full_name": NAME})
    put(known, "contact", OTHER, mobile="+1 212")
    erase(known)
    journal.undo(known)
    assert seen(known, "contact", OTHER).values["mobile"] == "+86 10"


def test_what_was_brought_in_goes_along_where_the_other_one_is_merged_too(known: Store) -> None:
    third = with_third(known)
    merge_records(known, "contact", CONTACT, OTHER, {"full_name": NAME, "mobile": PHONE})
    merge_records(known, "contact", OTHER, third, {"full_name": NAME, "mobile": PHONE})
    put(known, "contact", third, title="Head")
    with known.writing() as c:
        c.run("UPDATE changeset SET label = ? WHERE n = 4", (f"Change: {NAME}",))
    erase(known)
    search_index.build(known)
    assert places(known) == set()
    values = seen(known, "contact", third).values
    assert (values["full_name"], values["mobile"], values["title"]) == (
        "Otto Other", "+1 212", "Head",
    )  # fmt: skip


def test_what_another_merge_brought_in_before_stays(known: Store) -> None:
    third = with_third(known)
    merge_records(known, "contact", third, OTHER, {"mobile": "+1 212", "full_name": "Tilda Third"})
    merge_records(known, "contact", CONTACT, OTHER, {"mobile": PHONE, "full_name": NAME})
    erase(known)
    values = seen(known, "contact", OTHER).values
    assert (values["full_name"], values["mobile"]) == ("Tilda Third", "+1 212")


def test_what_was_given_up_above_a_merge_is_freed_of_him_too(known: Store) -> None:
    merge_records(known, "contact", CONTACT, OTHER, {"mobile": PHONE})
    put(known, "contact", OTHER, mobile="+1 212")
    with known.writing() as c:
        c.run("UPDATE changeset SET state = 'discarded' WHERE n = 2")
    erase(known)
    assert not {"op", "contact"} & places(known)


def test_what_left_with_the_other_one_is_freed_of_him_too(known: Store) -> None:
    merge_records(known, "contact", CONTACT, OTHER, {"full_name": NAME, "mobile": PHONE})
    put(known, "contact", OTHER, title="Head")
    pull(known, 120, Left((ACCOUNT,)))
    assert "orphan" in places(known)
    pull(known, 200, Erase("contact", CONTACT, FIELDS, 150))
    search_index.build(known)
    assert places(known) == set()


def test_a_draft_above_a_merge_keeps_what_was_typed_there_alone(known: Store) -> None:
    noted(known, CONTACT, f"{WORD}\n")
    merge_records(known, "contact", CONTACT, OTHER, {"mobile": PHONE})
    drafts.save(known, "contact", OTHER, {"preferences": f"{WORD}\nCalls late."})
    known.set_meta(f"draft:contact/{OTHER}", f'{{"values":{{"mobile":"{PHONE}","title":"Head"}}}}')
    erase(known)
    assert not {"draft", "meta"} & places(known)
    with known.reader() as c:
        kept = drafts.load(c, "contact", OTHER)
    assert kept is not None
    assert kept.values == {"preferences": "Calls late."}
    assert known.meta(f"draft:contact/{OTHER}") == '{"values":{"mobile":null,"title":"Head"}}'


def noted(known: Store, contact: RecordId, preferences: str) -> None:
    """The server says what the contact likes."""
    body: dict[str, Value] = {"full_name": NAME, "mobile": PHONE, "preferences": preferences}
    pull(known, 110, page("contact", row(contact, 105, (ACCOUNT,), **body)))


def with_third(known: Store) -> RecordId:
    """Somebody else, whom the server knows."""
    third = RecordId("c3" * 16)
    there = row(third, 105, (ACCOUNT,), full_name="Tilda Third", mobile="+1 212")
    pull(known, 110, page("contact", there))
    return third


def test_a_client_says_up_to_where_it_has_heard(known: Store) -> None:
    assert Outbox(known).state().erased == Outbox(known).state().cursor == 100
    erase(known)
    assert Outbox(known).state().erased == 200


def test_own_work_carried_into_a_second_file_is_freed_too(known: Store, tmp_path: Path) -> None:
    put(known, "contact", CONTACT, wechat=WORD)
    second = make_store(tmp_path / "crm-2.db", 2)
    first_pull(second, ("account", row(ACCOUNT, 1, name="Alfreds")))
    erase(second)
    with known.reader() as old, second.writing() as c:
        receipt = Receipt(c, second.now())
        carry_over(old, receipt)
        receipt.close()
    search_index.build(second)
    assert states(second) == ["queued"]
    assert places(second) == set()
    second.close()


def test_who_begins_anew_hears_of_all(known: Store) -> None:
    with known.writing() as c:
        start_over(c)
    assert Outbox(known).state().erased == 0


def test_older_copies_of_the_file_go(known: Store) -> None:
    copy = known.path.with_name(f"{known.path.name}.before-2")
    copy.write_bytes(b"sealed")
    pull(known, 110)
    assert copy.exists()
    erase(known)
    assert not copy.exists()


def test_a_second_time_changes_nothing(known: Store, tmp_path: Path) -> None:
    put(known, "contact", CONTACT, wechat=WORD)
    erase(known)
    before = sorted(cells(known))
    pull(known, 200, Erase("contact", CONTACT, FIELDS, 150))
    assert sorted(cells(known)) == before


def test_other_people_stay(known: Store) -> None:
    erase(known)
    with known.reader() as c:
        name = c.value("SELECT full_name FROM contact WHERE id = ?", (bytes.fromhex(OTHER),))
    assert name == "Otto Other"


def test_its_author_is_told_once_what_was_not_kept(known: Store) -> None:
    put(known, "contact", CONTACT, wechat=WORD, title="Head")
    (step,) = take(known)
    answer(known, verdict(step, "merged", 150, (0, "wechat", "merged", "field.erased")))
    assert newly_dropped(known) == (Dropped("contact", CONTACT, ("wechat",)),)
    assert newly_dropped(known) == ()
