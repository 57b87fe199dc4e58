"""Finding records by what is typed: behind the link editors and the search box."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import uuid_utils
from msgspec.structs import replace
from PySide6.QtCore import QObject

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.entity import required
from crm_core.fields import Kind, Value
from crm_core.ids import RecordId
from crm_desktop.i18n import tr
from crm_desktop.models import labels
from crm_desktop.models.connection import Connection
from crm_desktop.models.replica import Summary
from crm_desktop.models.rights import rights_here
from crm_desktop.runtime.hub import DataHub
from crm_desktop.views.kit.links import Hit
from crm_desktop.views.kit.permit import creation_refusal, nearest_words

HITS_MAX = 20


class Finder:
    """Finds records in the read lane; a newer question of the same asker replaces the older."""

    def __init__(self, hub: DataHub, *, making: Callable[[], str] = lambda: "") -> None:
        """`making`: the kind of the record that is being made, to which links are chosen; "" none:
        of what is found it is said where nothing of the kind may be added below it."""
        self._hub = hub
        self._making = making

    def find(
        self, text: str, target: str, then: Callable[[Sequence[Hit]], None], owner: QObject
    ) -> None:
        """Look for records of kind `target` ("" any kind)."""

        making = self._making()

        def job(connection: Connection) -> tuple[Hit, ...]:
            return marked(connection, find(connection, text, target), making)

        self._hub.read(job, then, owner=owner, supersede="find")

    def can_create(self, target: str) -> bool:
        """Whether a name is all that a new record of this kind needs."""
        entity = CATALOG.get(target)
        if entity is None or entity.read_only or len(entity.title) != 1:
            return False
        title = entity.by_name[entity.title[0]]
        return title.kind in _NAMES and {x.name for x in required(entity)} <= {title.name}

    def create(self, target: str, name: str, then: Callable[[Hit], None], owner: QObject) -> None:
        """Make a record of kind `target` with this name, as a step of its own."""
        entity = CATALOG[target]
        record_id = RecordId(uuid_utils.uuid7().hex)
        change = Change(target, record_id, Op.INSERT, {entity.title[0]: name})

        def tell(_summary: Summary) -> None:
            then(Hit(f"{target}/{record_id}", name))

        self._hub.save([change], tr("New: {title}", title=name), owner=owner, then=tell)


def marked(connection: Connection, hits: Sequence[Hit], making: str) -> tuple[Hit, ...]:
    """The same records; those below which the user may add nothing of this kind say who may."""
    above = {x.link.target: x.name for x in CATALOG[making].root_links if x.link} if making else {}
    if not above:
        return tuple(hits)
    rights = rights_here(connection)

    def mark(hit: Hit) -> Hit:
        kind, _, record_id = hit.key.partition("/")
        values: dict[str, Value] = {above[kind]: record_id} if kind in above else {}
        if not values and "" in above:
            values = {above[""]: hit.key}
        if not values or rights.may_create(making, values):
            return hit
        those = rights.who_creates(making, values)
        return replace(hit, whose=nearest_words(those), why=creation_refusal(those))

    return tuple(map(mark, hits))


_NAMES = frozenset((Kind.TEXT, Kind.PERSON_NAME))


def find(connection: Connection, text: str, target: str) -> tuple[Hit, ...]:
    """Records that match what was typed, the best first."""
    from crm_desktop.models import search  # with its tables of pinyin: not before it is needed

    kinds = [target] if target else None
    hits = [
        Hit(f"{hit.kind}/{hit.id}", hit.title, "" if target else tr(CATALOG[hit.kind].label))
        for hit in search.search(connection, text, kinds=kinds, limit=HITS_MAX)
        if hit.kind in CATALOG
    ]
    if hits or not target:
        return tuple(hits)
    found = labels.find_by_label(connection, target, text)
    return tuple(Hit(f"{target}/{x}", labels.title(connection, target, x)) for x in found)
