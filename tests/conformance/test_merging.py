"""Whatever may lead to a duplicate follows when it is merged, of every kind, and comes back."""

from pathlib import Path

import pytest

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.fields import Field, Kind, Value
from crm_core.ids import SYSTEM, RecordId
from crm_core.merging import MERGEABLE, MERGED_INTO
from crm_desktop.models.journal.rows import fetch
from crm_desktop.models.merging import merge_records, unmerge
from crm_desktop.models.store import Store
from crm_server.load import load
from crm_server.store import ServerStore, sqlite_url
from tests.models.support import first_pull, make_store, row
from tests.server.world import Acme, World, make_acme

LOSER, WINNER = RecordId(f"{1:032x}"), RecordId(f"{2:032x}")
LINKS = [
    (target, entity.kind, field)
    for target in sorted(MERGEABLE)
    for entity in CATALOG.values()
    for field in entity.references
    if field.link is not None
    and field.link.target in ("", target)
    and (entity.kind, field.name) not in (("conflict", "record"), ("account", MERGED_INTO))
]
each_link = pytest.mark.parametrize(
    ("target", "kind", "field"), LINKS, ids=[f"{x}-{y}.{z.name}" for x, y, z in LINKS]
)


def link_to(target: str, field: Field, record_id: RecordId) -> Value:
    one = record_id if field.link is not None and field.link.target else f"{target}/{record_id}"
    return [one] if field.kind is Kind.LINKS else one


@pytest.fixture(scope="module")
def acme(tmp_path_factory: pytest.TempPathFactory) -> Acme:
    path = tmp_path_factory.mktemp("merging") / "server.db"
    store = ServerStore(sqlite_url(path))
    store.create(organisation="Acme", slug="acme", epoch="e1", at="2026-11-01T08:00:00Z")
    return make_acme(World(store))


@each_link
def test_the_server_lets_it_follow_and_come_back(
    acme: Acme, target: str, kind: str, field: Field
) -> None:
    world, lead = acme.world, acme.fuller
    loser, winner, child = (world.new_id() for _ in range(3))
    owner = {"owner": acme.nancy.user, "territory": acme.east} if target == "account" else {}
    pair = [(target, x, {**owner, "created_by": lead.user}) for x in (loser, winner)]
    above = {"account": acme.nancy.account()} if kind == "account_contact" else {}
    led: dict[str, Value] = {**above, field.name: link_to(target, field, loser)}
    load(world.service, [*pair, (kind, child, led)], SYSTEM)
    lead.pull()
    away = Change(target, loser, Op.MERGE, {MERGED_INTO: winner}, {}, lead.cursor)
    for change, names in ((away, winner), (Change(target, loser, Op.RESTORE), loser)):
        result = lead.push(change, atomic=True)
        assert result.result == "applied", result
        with world.store.read() as tx:
            held = world.service.work(tx, tx.clock()).row(kind, child)
        assert held is not None
        assert held.values[field.name] == link_to(target, field, names)


@pytest.mark.parametrize(
    ("target", "kind", "field"), [one for one in LINKS if one[2].kind is not Kind.LINKS]
)
def test_the_window_shows_it_at_the_winner_at_once(
    tmp_path: Path, target: str, kind: str, field: Field
) -> None:
    """Sets follow when the server has moved them."""
    store = make_store(tmp_path / "x.db")
    child, wanted = RecordId(f"{3:032x}"), link_to(target, field, LOSER)
    first_pull(
        store, (target, row(LOSER, 5)), (target, row(WINNER, 6)),
        (kind, row(child, 7, (), **{field.name: wanted})),
    )  # fmt: skip
    merge_records(store, target, LOSER, WINNER)
    assert shown(store, kind, child, field) == link_to(target, field, WINNER)
    unmerge(store, target, LOSER)
    assert shown(store, kind, child, field) == wanted
    store.close()


def shown(store: Store, kind: str, record_id: RecordId, field: Field) -> Value:
    with store.reader() as c:
        found = fetch(c, kind, record_id)
    assert found is not None
    return found.values[field.name]
