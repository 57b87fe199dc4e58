"""The digests of buckets of roots and of single roots, by which a device finds what differs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import gt

from crm_core.digest import Digest, bucket_of, content_hash, ending_so
from crm_core.errors import Refused
from crm_core.fields import values_in
from crm_core.i18n import tr_noop
from crm_core.ids import RecordId
from crm_core.masks import NOTHING, Masks, masks_in, received, touched
from crm_core.wire import (
    HANDED_ASKED_MAX,
    OFFERS_ASKED_MAX,
    ROOTS_ANEW_MAX,
    Check,
    PullRequest,
)
from crm_server.store import Tx
from crm_server.tables import FOREVER

ROOTS_PER_QUERY = 250
ENDINGS_MAX = 256


def refuse_too_much(request: PullRequest) -> None:
    """Raises Refused where a pull asks for more digests or roots than one request may."""
    endings = request.check.endings if request.check is not None else ()
    asked = map(len, (endings, request.anew, request.offers, request.handed))
    if any(map(gt, asked, (ENDINGS_MAX, ROOTS_ANEW_MAX, OFFERS_ASKED_MAX, HANDED_ASKED_MAX))):
        raise Refused("request.too_large", tr_noop("The message is too large."))


def sums(tx: Tx, keys: frozenset[str], check: Check) -> dict[str, tuple[int, int]]:
    """The digests that were asked for, of the live records that these keys show."""
    found: dict[str, Digest] = {}
    roots = _shown(tx, keys)
    if check.endings:
        roots = ending_so(roots, check.endings)
    masks = masks_in(keys)
    for root, digest in _of_roots(tx, roots, masks if check.content else None):
        name = root if check.endings else bucket_of(root)
        found[name] = found.get(name, Digest()) + digest
    return {name: (digest.count, digest.total) for name, digest in found.items()}


def shown_of(tx: Tx, roots: Sequence[RecordId], keys: Iterable[str]) -> list[RecordId]:
    """Those of the roots that these keys show, in their order."""
    found = tx.rows(
        "SELECT DISTINCT root FROM root_scope WHERE root = ANY(?) AND key = ANY(?)"
        " AND gone_seq = ?",
        ([*roots], [*keys], FOREVER),
    )
    shown = {root for (root,) in found}
    return [root for root in roots if root in shown]


def _shown(tx: Tx, keys: Iterable[str]) -> list[RecordId]:
    found = tx.rows(
        "SELECT DISTINCT root FROM root_scope WHERE key = ANY(?) AND gone_seq = ?",
        ([*keys], FOREVER),
    )
    return [RecordId(root) for (root,) in found]


_BELOW = (
    " FROM record_root rr JOIN record r ON r.id = rr.id AND r.kind = rr.kind"
    " WHERE rr.root = ANY(?) AND rr.gone_seq = ? AND NOT r.deleted"
)


def _of_roots(
    tx: Tx, roots: Sequence[RecordId], masks: Masks | None
) -> Iterator[tuple[RecordId, Digest]]:
    """The digests of roots; where masks are given, of what is received of the bodies too."""
    hidden = touched(masks or NOTHING)
    for start in range(0, len(roots), ROOTS_PER_QUERY):
        some = ([*roots[start : start + ROOTS_PER_QUERY]], FOREVER)
        if masks is None:
            for root, count, total in tx.rows(
                f"SELECT rr.root, count(*), sum(r.vhash){_BELOW} GROUP BY rr.root", some
            ):
                yield RecordId(root), Digest(int(count), int(total))
            continue
        for root, kind, record_id, seq, body in tx.rows(
            f"SELECT rr.root, r.kind, r.id, r.seq, r.body::text{_BELOW}", some
        ):
            said = values_in(body)
            if kind in hidden:
                said = received(kind, said, masks)
            yield RecordId(root), Digest(1, content_hash(kind, record_id, seq, said))
