"""What travels between client and server: JSON by msgspec, one struct a message.

A pull answer is a stream of JSON lines, each one of `PullItem`. Rows travel in their stored form:
the server passes `body` through undecoded.
"""

from __future__ import annotations

from typing import TypeAlias, TypeVar

import msgspec

from crm_core.changes import Change, ChangeSet
from crm_core.errors import Refused
from crm_core.fields import Value
from crm_core.i18n import tr_noop
from crm_core.ids import ChangeSetId, RecordId, Seq, SoundId

PROTOCOL = 1
PUSH_CHANGESETS_MAX = 200
PUSH_BYTES_MAX = 1024 * 1024
STILL_REFUSED_MAX = 400
PULL_PAGE_ROWS = 1000
PULL_LINE_BYTES_MAX = 64 * 1024 * 1024
JSON_DEPTH_MAX = 6
ROOTS_ANEW_MAX = 200
"""More roots than this are not repaired one by one; so a pull's request stays small."""

OFFERS_ASKED_MAX = 500
"""So many offered changesets are asked for in one pull: the request stays small."""

HANDED_ASKED_MAX = 100
"""Of so many decided ones it is asked whether they wait again, the newest."""


class WireRow(msgspec.Struct, frozen=True, omit_defaults=True):
    """One record version. `roots` is left out where the record is its own only root."""

    id: RecordId
    seq: Seq
    body: dict[str, Value]
    roots: tuple[RecordId, ...] = ()


class WireTombstone(msgspec.Struct, frozen=True, omit_defaults=True):
    """One deleted record: its last seq, and the record that took its place where it was merged."""

    id: SoundId
    seq: Seq
    into: SoundId | None = None


class Hello(msgspec.Struct, frozen=True, tag="hello"):
    """Sent first when epoch, schema or scope generation differ from the client's.

    `restored`: every range of seqs (low, high] whose history was lost when a backup was restored;
    a client may have missed several restores. `anew`: the client's cursor lies below `gc_floor`, so
    all in its sight follows; what it holds and is not named was deleted long ago, or has left.
    """

    epoch: str
    schema: Seq
    oldest_schema: Seq
    scope_gen: Seq
    server_time: str
    seq: Seq
    gc_floor: Seq = 0
    restored_at_seq: Seq = 0
    restored: tuple[tuple[Seq, Seq], ...] = ()
    anew: bool = False


class Enter(msgspec.Struct, frozen=True, tag="enter"):
    """These roots have come into sight; their rows follow in pages."""

    roots: tuple[SoundId, ...]


class Left(msgspec.Struct, frozen=True, tag="left"):
    """These roots are out of sight: the rows below them are to be hidden, then erased."""

    roots: tuple[SoundId, ...]


class Gone(msgspec.Struct, frozen=True, tag="gone"):
    """These records moved to roots out of sight, though their former root is still in it."""

    kind: str
    ids: tuple[SoundId, ...]


class Page(msgspec.Struct, frozen=True, tag="page"):
    """Versions of records of one kind."""

    kind: str
    rows: tuple[WireRow, ...]


class Deleted(msgspec.Struct, frozen=True, tag="del"):
    """Records of one kind that were deleted."""

    kind: str
    rows: tuple[WireTombstone, ...]


class Mark(msgspec.Struct, frozen=True, tag="mark"):
    """All up to here was sent: what came so far may be committed with this place to resume from.

    `cursor` is the feed's seq of this pull; `after` the last entered root (resume token for an
    open first pull; "" when no roots are outstanding).
    """

    cursor: Seq
    after: str = ""


class End(msgspec.Struct, frozen=True, tag="end"):
    """The stream is complete up to `hi`; count and total are the digest of all that is in sight."""

    hi: Seq
    count: Seq
    total: Seq


class Part(msgspec.Struct, frozen=True, tag="part"):
    """What was asked for first is here, as of `hi`; about `count` rows are in sight altogether.
    Sent instead of an `End`, only to clients that asked with `PullRequest.first`."""

    hi: Seq
    count: Seq


class Check(msgspec.Struct, frozen=True, omit_defaults=True):
    """Which digests a pull is to state: without `endings` those of the 256 buckets of roots, else
    of every single root whose id ends so. `content`: of the canonical bodies too (`digest`)."""

    endings: tuple[str, ...] = ()
    content: bool = False


class Sums(msgspec.Struct, frozen=True, tag="sums"):
    """The digests (count, total) that a `Check` asked for, as of this pull's `hi`, by bucket or by
    root; what is empty is left out. A record counts below each of its roots in sight."""

    check: Check
    sums: dict[str, tuple[int, int]]


class Anew(msgspec.Struct, frozen=True, omit_defaults=True, tag="anew"):
    """All that lies below these roots: (id, seq) by kind, deleted records too; with `more`, further
    lines go on. Nothing else lies there; the versions themselves follow."""

    roots: tuple[SoundId, ...]
    held: dict[str, dict[SoundId, Seq]]
    more: bool = False


class Stubs(msgspec.Struct, frozen=True, omit_defaults=True, tag="stubs"):
    """Labels of parents out of sight, of records of one kind; "": there is none any more. `whole`:
    what was told before is to be forgotten, all that there is follows. Sent only to clients that
    asked with `PullRequest.stubs`."""

    kind: str
    labels: dict[SoundId, str]
    whole: bool = False


class Erase(msgspec.Struct, frozen=True, tag="erase"):
    """These fields of a record were erased at a person's request: whatever is kept of them goes, in
    rows, in the journal and elsewhere. `seq` is the erasure's place in the feed. Sent only to
    clients that ask with `PullRequest.erased`, whether the record is in their sight or not; behind
    the last mark, so that it is taken with the pull's end."""

    kind: str
    id: SoundId
    fields: tuple[str, ...]
    seq: Seq


class ChangeResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of one field (or of a whole change: field "")."""

    index: Seq
    field: str
    result: str
    code: str = ""
    conflict_id: str = ""
    params: dict[str, str] = {}


class ChangeSetResult(msgspec.Struct, frozen=True, omit_defaults=True):
    """What became of a changeset; `result` is the worst of its parts, `seq` that of its effect."""

    cs_id: ChangeSetId
    result: str
    seq: Seq = 0
    changes: tuple[ChangeResult, ...] = ()


class Outcomes(msgspec.Struct, frozen=True, tag="outcomes"):
    """What became of values that were offered, once all of a changeset's are decided, or that some
    wait again. Sent only to clients that ask with `PullRequest.offers` and `handed`, and only to
    who offered them."""

    results: tuple[ChangeSetResult, ...]


PullItem: TypeAlias = (
    Hello
    | Enter
    | Left
    | Gone
    | Page
    | Deleted
    | Mark
    | Part
    | End
    | Sums
    | Anew
    | Stubs
    | Outcomes
    | Erase
)

NOT_ASKED = -1
"""`PullRequest.erased` of a client that does not know erasures."""

STUBS_ALL, STUBS_NEW = "all", "new"
"""What `PullRequest.stubs` asks for: every label of a parent out of sight, or what changed."""


class PullRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """`cursor` 0: everything. `resume`: the `after` of the last mark of a pull cut short, with
    `resume_hi` its cursor: roots up to it are held, the rest follow. `check` asks for digests,
    `anew` for all that lies below roots whose digests differed; older servers heed neither.
    `heard`: the server's schema as last heard, where it was another one than the client's.
    `first`: the local day of a device that holds nothing yet ("2026-11-22"): what its user needs of
    the coming days is sent alone, and a `Part` instead of an `End`. `stubs`: labels of parents out
    of sight are wanted, STUBS_ALL where this client does not hold them yet. `offers`: changesets
    with which values were offered, as long as their author has not heard what became of all.
    `handed`: those of which he has, to hear where a decision was taken back; older servers do not
    heed it.
    `unsent`: how much of this user's work no server has taken yet; for the list of devices.
    `erased`: the place in the feed up to which this client has heard of erasures."""

    epoch: str = ""
    schema: Seq = 1
    scope_gen: Seq = 0
    cursor: Seq = 0
    resume: str = ""
    resume_hi: Seq = 0
    check: Check | None = None
    anew: tuple[SoundId, ...] = ()
    heard: int = 0
    first: str = ""
    stubs: str = ""
    offers: tuple[SoundId, ...] = ()
    unsent: Seq = 0
    erased: int = NOT_ASKED
    handed: tuple[SoundId, ...] = ()


class PushRequest(msgspec.Struct, frozen=True):
    """Changesets in the order in which they were made. `brief`: rows that are just what their
    author shows already need not come back; older servers send them all the same. `behind`: the
    last changeset of the push before this one, whose answer has not been heard yet; said only to
    servers that have answered `ordered`, and only where that changeset was never sent before."""

    epoch: str
    schema: Seq
    changesets: tuple[ChangeSet, ...]
    brief: bool = False
    behind: str = ""


class PushResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """The verdicts, and the resulting rows as far as this user sees them. `ordered`: a push that
    says what it comes `behind` is taken after that or not at all."""

    epoch: str
    seq: Seq
    results: tuple[ChangeSetResult, ...]
    pages: tuple[Page, ...] = ()
    deleted: tuple[Deleted, ...] = ()
    ordered: bool = False


class HistoryEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """One change of one field, as the server wrote it down."""

    seq: Seq
    at: str
    by: RecordId
    device: str
    field: str
    old: Value = None
    new: Value = None
    received_at: str = ""
    cs_id: str = ""


class Refusal(msgspec.Struct, frozen=True, omit_defaults=True):
    """One change that was refused to a colleague and waits for him: who, from which device, when
    it came, what he wanted, and why it was not taken. `field` "": the change as a whole."""

    cs_id: ChangeSetId
    author: RecordId
    device: str
    at: str
    change: Change
    index: int = 0
    field: str = ""
    code: str = ""
    params: dict[str, str] = {}


class TwinRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """Whether a value that may stand once (a credit code) is taken by a record out of sight."""

    kind: str
    field: str
    value: str


class HiddenTwin(msgspec.Struct, frozen=True, omit_defaults=True):
    """A record out of sight that holds what was asked about, masked: initials ("" there is none,
    or the asker sees it) and who answers for it."""

    initials: str = ""
    owner: RecordId | None = None


class SignInRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A login with its password, and the device that asks (its key registers it). `database_key`
    is to be sealed; `wants_key`: the one that was sealed is to be given back."""

    login: str
    password: str
    device_id: str
    device_name: str
    public_key: str
    organisation: str = ""
    os: str = ""
    app_version: str = ""
    database_key: str = ""
    wants_key: bool = False


class SignInResponse(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tokens and who signed in. `device_id` differs from the one asked for after a clone.
    `file_bytes_max`: how large a file this server takes; 0: it does not say."""

    access_token: str
    refresh_token: str
    expires_in_s: Seq
    user_id: RecordId
    device_id: str
    organisation: str
    server_time: str
    epoch: str
    role: str
    database_key: str = ""
    file_bytes_max: Seq = 0


class RefreshRequest(msgspec.Struct, frozen=True, omit_defaults=True):
    """A refresh token, signed by the device's key over `refresh_token + at`."""

    refresh_token: str
    device_id: str
    at: str
    signature: str
    app_version: str = ""


class DeviceEntry(msgspec.Struct, frozen=True, omit_defaults=True):
    """An installation, as its user or IT is told. `last_sync_at`: to a quarter of an hour;
    `unsent`: how much work it said to hold that no server has taken; `left`: how much it left when
    it was withdrawn; `files_missing`: files of that which never came. Where its key was kept, and
    how often it was given back, IT alone is told."""

    id: str
    user: RecordId
    login: str
    name: str = ""
    os: str = ""
    app_version: str = ""
    registered_at: str = ""
    last_sync_at: str = ""
    unsent: Seq = 0
    left: Seq = 0
    revoked_at: str = ""
    has_key: bool = False
    keys_released: Seq = 0
    files_missing: Seq = 0


class DeviceList(msgspec.Struct, frozen=True, omit_defaults=True):
    """The asker's own devices, the oldest first; with `all_users` everybody's, for IT. `this`: the
    one that asks."""

    devices: tuple[DeviceEntry, ...]
    this: str = ""
    all_users: bool = False


class StillRefused(msgspec.Struct, frozen=True, omit_defaults=True):
    """The refused steps of a device with which its user is not done: whatever else was refused to
    it asks nobody any more."""

    steps: tuple[SoundId, ...] = ()


class PersonHeld(msgspec.Struct, frozen=True, omit_defaults=True):
    """What would go of a person, counted before it does: his record and those that were merged
    with it, the changes that made them, and files. `linked`: records that lead to him, and stay."""

    records: Seq
    changes: Seq = 0
    files: Seq = 0
    linked: Seq = 0


class PersonErased(msgspec.Struct, frozen=True, omit_defaults=True):
    """What went of a person: out of so many records, changes in history, and refused steps; and
    files."""

    records: Seq
    changes: Seq = 0
    refused: Seq = 0
    files: Seq = 0


class BlobOffer(msgspec.Struct, frozen=True, omit_defaults=True):
    """How much of a file the server has of what this device sends: go on at `offset`. `complete`:
    it has all of it."""

    offset: Seq
    complete: bool = False


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the server answers instead: a stable code and what fills its sentence."""

    error: str
    params: dict[str, str] = {}


_T = TypeVar("_T")
_ENCODER = msgspec.json.Encoder()
PULL_ITEM_DECODER: msgspec.json.Decoder[PullItem] = msgspec.json.Decoder(PullItem)


def encode(message: object) -> bytes:
    """One message as UTF-8 JSON without spaces."""
    return _ENCODER.encode(message)


def decode(body: bytes, shape: type[_T]) -> _T:
    """Parse a message strictly; raises Refused `request.malformed`, never anything else."""
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Refused(
            "request.malformed", tr_noop("The message is not of the expected form: {detail}."),
            detail=str(error)[:200],
        ) from error  # fmt: skip
