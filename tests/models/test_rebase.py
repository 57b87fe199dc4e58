"""What a row shows at every moment: the server's version with the own unsettled work on top."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from crm_core.changes import Change, Op
from crm_core.digest import Digest
from crm_core.fields import Value
from crm_core.ids import ChangeSetId, RecordId
from crm_desktop.models import inbox, journal
from crm_desktop.models.journal.rows import recount, server_version
from crm_desktop.models.outbox import Outbox
from tests.models.support import (
    answer,
    first_pull,
    make_store,
    page,
    pull,
    row,
    seen,
    value,
    verdict,
)

A = RecordId(f"{7:032x}")
FIELDS = st.sampled_from(("phone", "industry", "source"))
WORDS = st.sampled_from(("1", "2", "3"))


class OneRecord(RuleBasedStateMachine):
    """A person edits one record while a server, which takes or refuses everything, changes it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = TemporaryDirectory()
        self.store = make_store(Path(self.folder.name) / "a.db")
        self.seq = 10
        self.server: dict[str, Value] = {"name": "A", "phone": "1"}
        self.mine: dict[ChangeSetId, dict[str, Value]] = {}
        first_pull(self.store, ("account", self.version()))

    def version(self):
        return row(A, self.seq, **self.server)

    @rule(field=FIELDS, word=WORDS)
    def edit(self, field: str, word: str) -> None:
        change = Change("account", A, Op.SET, {field: word})
        for cs_id in journal.commit(self.store, [change], label="Edit").changesets:
            self.mine[cs_id] = {field: word}

    @rule(field=FIELDS, word=WORDS)
    def a_colleague_edits(self, field: str, word: str) -> None:
        self.seq += 1
        self.server[field] = word
        pull(self.store, self.seq, page("account", self.version()))

    @rule(most=st.integers(1, 3), lost=st.booleans())
    def the_server_takes(self, most: int, lost: bool) -> None:
        taken = Outbox(self.store).take_outbox(most, 10**6)
        if lost or not taken:
            return
        verdicts = []
        for one in taken:
            self.seq += 1
            self.server |= self.mine.pop(one.id)
            verdicts.append(verdict(one.id, "applied", self.seq))
        answer(self.store, *verdicts, rows={"account": self.version()})

    @rule()
    def the_server_refuses_the_oldest(self) -> None:
        for one in Outbox(self.store).take_outbox(1, 10**6):
            refused = verdict(one.id, "rejected", 0, (0, "", "rejected", "right.missing"))
            answer(self.store, refused)

    @rule()
    def the_person_discards(self) -> None:
        with self.store.reader() as c:
            stuck = [one.cs_id for one in inbox.stuck(c) if one.state == "rejected"]
        for cs_id in stuck[:1]:
            journal.discard(self.store, cs_id)
            self.mine.pop(cs_id)

    @rule()
    def the_person_sends_again(self) -> None:
        with self.store.reader() as c:
            stuck = [one.cs_id for one in inbox.stuck(c) if one.state == "rejected"]
        for cs_id in stuck[:1]:
            [fresh] = journal.resend(self.store, cs_id).changesets
            self.mine = {fresh if one == cs_id else one: new for one, new in self.mine.items()}

    @rule()
    def the_feed_is_read_to_its_end(self) -> None:
        pull(self.store, self.seq)

    @invariant()
    def the_row_is_the_servers_version_with_own_work_on_top(self) -> None:
        expected = dict(self.server)
        for new in self.mine.values():
            expected |= new
        shown = seen(self.store, "account", A)
        assert {name: shown.values[name] for name in expected} == expected
        assert shown.pending == bool(self.mine)

    @invariant()
    def the_servers_version_is_never_touched(self) -> None:
        with self.store.reader() as c:
            held = server_version(c, "account", A)
            assert held is not None
            assert held.body is not None
            assert {name: held.body[name] for name in self.server} == self.server
            assert held.seq == self.seq
            kept = Digest(*(c.one("SELECT count, total FROM sync_state") or (0, 0)))
            assert recount(c) == kept

    def teardown(self) -> None:
        assert value(self.store, "PRAGMA integrity_check") == "ok"
        self.store.close()
        self.folder.cleanup()


OneRecord.TestCase.settings = settings(max_examples=25, stateful_step_count=25)
TestOneRecord = OneRecord.TestCase
