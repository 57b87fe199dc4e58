"""The service of one organisation: push, pull, history and parking, without HTTP."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack

import msgspec

from crm_core.catalog import CATALOG, OLDEST_SCHEMA, SCHEMA
from crm_core.changes import ChangeSet
from crm_core.directory import Directory
from crm_core.erasing import blanked_body
from crm_core.errors import UNREADABLE, Refused
from crm_core.i18n import tr_noop
from crm_core.ids import ChangeSetId, RecordId
from crm_core.masks import Masks, masks_in, received_changes
from crm_core.values import instant_of
from crm_core.wire import (
    PUSH_CHANGESETS_MAX,
    HistoryEntry,
    PullRequest,
    PushRequest,
    PushResponse,
)
from crm_server.digests import Digests
from crm_server.directory import load_directory
from crm_server.erasures import decisions
from crm_server.history import Written, history_of
from crm_server.left import files, questions
from crm_server.pull import Puller
from crm_server.pulling import AskedOfPulls, Pulled, Pulling, pull_together
from crm_server.pushing import (
    PARK_BYTES_MAX,
    PARKED,
    PARKED_BYTES,
    Asked,
    Pushed,
    take_together,
)
from crm_server.rows import Row
from crm_server.sight import Generations
from crm_server.standing import DeviceStanding, Principal, Standing
from crm_server.store import Clock, ServerStore, Tx, ask_clock
from crm_server.today_first import TodayPuller, rows_to_come
from crm_server.work import Work

INSERT_DEVICE = (
    "INSERT INTO device(id,user_id,public_key,delivered,pulled,sealed_key,registered_at,"
    "last_seen_at,revoked_at,cloned) VALUES (?,?,?,?,?,?,?,?,?,?) ON CONFLICT(id) DO NOTHING"
)


class Service:
    """One organisation. Safe to call from many threads; each call is one transaction."""

    def __init__(
        self,
        store: ServerStore,
        *,
        clock: Callable[[], dt.datetime],
        new_id: Callable[[], RecordId],
    ) -> None:
        self.store = store
        self.clock = clock
        self.new_id = new_id
        self._digests = Digests()
        self._directory: Directory | None = None

    @property
    def now(self) -> str:
        """The server's time in its canonical form."""
        return instant_of(self.clock())

    def directory(self, tx: Tx, clock: Clock) -> Directory:
        """The colleagues as this transaction sees them; kept until they change."""
        known = self._directory
        if known is None or known.seq != clock.directory_seq:
            known = load_directory(tx, clock.directory_seq)
            self._directory = known
        return known

    def work(self, tx: Tx, clock: Clock) -> Work:
        """A writing transaction's work."""
        return Work(tx, clock, self.directory(tx, clock), self.now, self.new_id)

    # -- push -------------------------------------------------------------------------------

    def push(self, who: Principal, request: PushRequest) -> PushResponse:
        """Take changesets in one transaction. Raises Refused where the request as a whole fails."""
        (answer,) = self.push_together((Pushed(who, request),))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def push_together(
        self, pushes: Sequence[Pushed], taken: Callable[[], None] | None = None
    ) -> list[PushResponse | Exception]:
        """Take pushes of which no two have a name in common (`pushing.names`) in one transaction;
        the answer to each, or why it is refused as a whole. Whatever else one fails with takes all
        of them back, and is raised. `taken`: as in `ServerStore.write`."""
        answers: dict[int, PushResponse | Exception] = {}
        for n, push in enumerate(pushes):
            try:
                _refuse_unfit(push)
            except Refused as refused:
                answers[n] = refused
        fit = [n for n in range(len(pushes)) if n not in answers]
        if fit:
            told = self._pushed([pushes[n] for n in fit], taken)
            answers.update(zip(fit, told, strict=True))
        return [answers[n] for n in range(len(pushes))]

    def _pushed(
        self, pushes: Sequence[Pushed], taken: Callable[[], None] | None
    ) -> Sequence[PushResponse | Exception]:
        asked: list[Asked] = []

        def ask(tx: Tx) -> None:
            asked.append(Asked(tx, pushes, self.now))

        with self.store.write(ask, taken) as (tx, clock):
            return take_together(lambda: self.work(tx, clock), clock, pushes, *asked)

    # -- pull -------------------------------------------------------------------------------

    def pull(self, who: Principal, request: PullRequest) -> Iterator[bytes]:
        """What the device has to learn: JSON lines of `wire.PullItem` from one snapshot."""
        _refuse_too_old(request.schema)
        return self._pull(who, request)

    def _pull(self, who: Principal, request: PullRequest) -> Iterator[bytes]:
        with ExitStack() as open_until_sent:
            tx = open_until_sent.enter_context(self.store.read())
            asked_clock = ask_clock(tx)
            standing = Standing(tx, (who,))
            clock, rows = asked_clock(), standing.generations(who)
            generations = Generations(
                tuple((gen, seq, keys) for gen, seq, _, keys in rows), who.user
            )
            pulled = (tx, clock, generations, request, self._digests, self.now)
            to_come = rows_to_come(tx, clock, generations.keys, request)
            puller = TodayPuller(who.user, to_come, *pulled) if to_come else Puller(*pulled)
            known = standing.device(who)
            self._note_said(((who.device, request, known),))
            if known.delivered < clock.seq and puller.delivers():
                self._note_delivered((who.device,), clock.seq)
            yield from puller.lines()

    def pull_together(self, pulls: Sequence[Pulled]) -> list[bytes | Exception | None]:
        """The whole answers to pulls that look like those of devices in step (`pulling.is_brief`),
        of one snapshot. None: it turns out to be more, and is asked for alone."""
        with self.store.read() as tx:
            asked_clock = ask_clock(tx)
            asked = AskedOfPulls(tx, pulls, self.now)
            clock = asked_clock()
            answers = pull_together(tx, clock, pulls, asked, self._digests)
        told = [(x, y) for x, y in zip(pulls, answers, strict=True) if isinstance(y, Pulling)]
        said = [(x.who.device, x.request, asked.standing.device(x.who)) for x, _ in told]
        given = [pull.who.device for pull, answer in told if answer.delivers]
        self._note_said(said)
        if given:
            self._note_delivered(given, clock.seq)
        return [x.lines if isinstance(x, Pulling) else x for x in answers]

    def _note_said(self, said: Sequence[tuple[str, PullRequest, DeviceStanding]]) -> None:
        """Once a day: how far devices have received everything; what lies above waits for them.
        And how much unsent work they hold, where it is another number than was noted."""
        now = self.now
        come = [
            (request.cursor, now, device)
            for device, request, known in said
            if known.cursor is None or known.cursor_at is None
            or request.cursor < known.cursor or known.cursor_at[:10] != now[:10]
        ]  # fmt: skip
        holding = [
            (request.unsent, now, device)
            for device, request, known in said
            if request.unsent != (known.unsent or 0)
        ]
        if not come and not holding:
            return
        with self.store.note() as note:
            note.many(
                "INSERT INTO reached(device,cursor,at) SELECT id,?,? FROM device WHERE id=?"
                " ON CONFLICT(device) DO UPDATE SET cursor=excluded.cursor, at=excluded.at",
                sorted(come, key=lambda row: row[2]),
            )
            note.many(
                "INSERT INTO told(device,unsent,at) SELECT id,?,? FROM device WHERE id=?"
                " ON CONFLICT(device) DO UPDATE SET unsent=excluded.unsent, at=excluded.at",
                sorted(holding, key=lambda row: row[2]),
            )

    def _note_delivered(self, devices: Sequence[str], seq: int) -> None:
        """Before the first byte: a version named later as seen was really given out."""
        with self.store.note() as tx:
            tx.many(
                "UPDATE device SET delivered = CASE WHEN delivered < ? THEN ? ELSE delivered END,"
                " pulled=?, last_seen_at=? WHERE id=?",
                [(seq, seq, seq, self.now, device) for device in sorted(devices)],
            )

    def register_device(self, user: RecordId, device: str, public_key: str = "") -> None:
        """Make a device known; what a restored server gave out before counts as delivered."""
        with self.store.note() as tx:
            delivered = tx.clock().restored_at_seq
            tx.run(
                INSERT_DEVICE,
                (device, user, public_key, delivered, 0, b"", self.now, self.now, "", False),
            )

    # -- history and parking ----------------------------------------------------------------

    def history(self, who: Principal, kind: str, record_id: RecordId) -> tuple[HistoryEntry, ...]:
        """All changes of a record, field by field, oldest first."""
        with self.store.read() as tx:
            clock = tx.clock()
            _, _, keys = self.directory(tx, clock).rights(who.user)
            work = self.work(tx, clock)
            row = work.row(kind, record_id) if kind in CATALOG else None
            if row is None or keys.isdisjoint(work.keys_at(kind, record_id)):
                raise Refused("record.not_found", tr_noop("No such record."))
            found = history_of(tx, (kind, record_id))
        masks = masks_in(keys)
        return tuple(entry for x in found for entry in _entries(x, row, masks))

    def park(self, who: Principal, body: bytes) -> None:
        """Keep what a device cannot deliver otherwise; each device has a quota. What a withdrawn
        one leaves is put as questions too, to whoever may decide them now."""
        with self.store.note() as tx:
            row = tx.row("SELECT revoked_at FROM device WHERE id=?", (who.device,))
            body = _without_erased(tx, body)
            asked = questions(tx, who.user, body) if row is not None and row[0] else ()
            _drop_repeated(tx, who.device, body)
            held = tx.row(f"{PARKED_BYTES} AND why=?", (who.device, PARKED))
            if len(body) + (held[0] if held else 0) > PARK_BYTES_MAX:
                raise Refused(
                    "request.too_large", tr_noop("The device has parked too much."),
                    limit="parked_bytes", most=PARK_BYTES_MAX,
                )  # fmt: skip
            tx.run(
                "INSERT INTO parked(id,device,author,received_at,why,payload) VALUES (?,?,?,?,?,?)",
                (self.new_id(), who.device, who.user, self.now, PARKED, body),
            )
            epoch = tx.clock().epoch
        self._ask(who, epoch, asked)

    def take_in_left(self, who: Principal, sha256: str) -> None:
        """A content has come: of a withdrawn device, what it left that names it is taken in."""
        with self.store.read() as tx:
            row = tx.row("SELECT revoked_at FROM device WHERE id=?", (who.device,))
            if row is None or not row[0]:
                return
            parked = tx.rows(
                "SELECT payload FROM parked WHERE device=? AND why=?", (who.device, PARKED)
            )
            found = [one for (body,) in parked for one in files(tx, who.user, bytes(body), sha256)]
            epoch = tx.clock().epoch
        self._ask(who, epoch, tuple({one.id: one for one in found}.values()))

    def _ask(self, who: Principal, epoch: str, asked: Sequence[ChangeSet]) -> None:
        for start in range(0, len(asked), PUSH_CHANGESETS_MAX):
            some = tuple(asked[start : start + PUSH_CHANGESETS_MAX])
            self.push(who, PushRequest(epoch, SCHEMA, some, brief=True))


class _Step(msgspec.Struct):
    id: str


def _without_erased(tx: Tx, body: bytes) -> bytes:
    """What was left, without what it says of whom was erased."""
    gone: dict[tuple[str, RecordId], frozenset[str]] = {}
    for kind, record_id, name in tx.rows("SELECT kind,id,field FROM erased"):
        if record_id.encode() in body:
            gone[(kind, record_id)] = gone.get((kind, record_id), frozenset()) | {name}
    gone.update((key, names) for key, names in decisions(tx).items() if key[1].encode() in body)
    return blanked_body(body, gone) if gone else body


_decode_steps = msgspec.json.Decoder(list[_Step]).decode


def _drop_repeated(tx: Tx, device: str, body: bytes) -> None:
    """What the device parked earlier and parks again now is kept once: a client that is too old
    brings all of its unsent work each time."""
    steps = _steps_in(body)
    if not steps:
        return
    for parked_id, payload in tx.rows(
        "SELECT id,payload FROM parked WHERE device=? AND why=?", (device, PARKED)
    ):
        before = _steps_in(bytes(payload))
        if before and before <= steps:
            tx.run("DELETE FROM parked WHERE id=?", (parked_id,))


def _steps_in(body: bytes) -> frozenset[str]:
    """The changesets in what was parked; none where it is something else."""
    try:
        return frozenset(step.id for step in _decode_steps(body))
    except UNREADABLE:
        return frozenset()


def _refuse_too_old(schema: int) -> None:
    """Nothing is merged with a client that is too far behind; parking asks for no schema."""
    if schema < OLDEST_SCHEMA:
        raise Refused("request.too_old", tr_noop("The client is too old."))


def _refuse_unfit(push: Pushed) -> None:
    """Raise what does not depend on the store."""
    if len(push.request.changesets) > PUSH_CHANGESETS_MAX:
        raise Refused(
            "request.too_large", tr_noop("The message holds too many changesets."),
            limit="changesets", most=PUSH_CHANGESETS_MAX,
        )  # fmt: skip
    _refuse_too_old(push.request.schema)
    _refuse_foreign(push.who, push.request)


def _refuse_foreign(who: Principal, request: PushRequest) -> None:
    """Nobody's work goes in under another's sign-in; it waits until its author signs in."""
    if any(one.author not in ("", who.user) for one in request.changesets):
        raise Refused("auth.required", tr_noop("The sign-in has ended."))


def _entries(one: Written, row: Row, masks: Masks) -> Iterator[HistoryEntry]:
    said = received_changes(row.kind, row.values, one.said, masks)
    for name, (old, new) in said.items():
        yield HistoryEntry(
            one.seq, one.authored_at, one.actor, one.device, name, old, new, one.received_at,
            ChangeSetId(one.cs_id),
        )  # fmt: skip
