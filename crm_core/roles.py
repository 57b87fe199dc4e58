"""Who may do what: the default matrix of security.md §1 and how an organisation changes it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum, StrEnum

from crm_core.catalog import CATALOG
from crm_core.fields import Value
from crm_core.supervising import SET_BY_LEADS, SUPERVISED


class Level(IntEnum):
    """How far a right reaches; each level includes the ones before it."""

    NONE = 0
    OWN = 1
    TEAM = 2
    TERRITORY = 3
    ALL = 4


class Action(StrEnum):
    """What a right permits."""

    __hash__ = str.__hash__  # the enumeration's own is Python's, called for every look-up

    READ = "read"
    CREATE = "create"
    EDIT = "edit"
    DELETE = "delete"
    REASSIGN = "reassign"
    APPROVE = "approve"
    EXPORT = "export"
    ADMIN = "admin"


ROLES = ("rep", "kam", "lead", "service", "it", "auditor")

Matrix = Mapping[tuple[str, Action], Level]
"""The rights of one role by (kind, action); the kind "*" stands for every other kind."""

_REP_CREATES = (
    "account", "contact", "visit", "task", "complaint", "interaction", "address",
    "account_contact", "complaint_event", "attachment", "tag", "saved_view",
)  # fmt: skip
_PLAN_KINDS = ("plan", "plan_section_item", "plan_objective", "plan_action")
_SERVICE_CREATES = ("complaint", "complaint_event", "interaction", "task", "attachment")


def _each(kinds: Iterable[str], action: Action, level: Level) -> dict[tuple[str, Action], Level]:
    return {(kind, action): level for kind in kinds}


_OWN_VIEWS: Matrix = {
    ("saved_view", action): Level.OWN for action in (Action.CREATE, Action.EDIT, Action.DELETE)
}
"""How somebody likes to see his lists is his, whatever else he may write."""

_REP: Matrix = {
    ("*", Action.READ): Level.OWN,
    **_each(_REP_CREATES, Action.CREATE, Level.OWN),
    ("*", Action.EDIT): Level.OWN,
    **_each(_PLAN_KINDS, Action.EDIT, Level.NONE),
    ("*", Action.DELETE): Level.OWN,
    **_each(_PLAN_KINDS, Action.DELETE, Level.NONE),
    ("*", Action.EXPORT): Level.OWN,
}

DEFAULTS: Mapping[str, Matrix] = {
    "rep": _REP,
    "kam": {
        ("*", Action.READ): Level.TEAM,
        **_each((*_REP_CREATES, "account_team"), Action.CREATE, Level.OWN),
        **_each(_PLAN_KINDS, Action.CREATE, Level.TEAM),
        ("*", Action.EDIT): Level.OWN,
        **_each(_PLAN_KINDS, Action.EDIT, Level.TEAM),
        ("*", Action.DELETE): Level.OWN,
        ("*", Action.EXPORT): Level.TEAM,
    },
    "lead": {
        ("*", action): Level.TERRITORY
        for action in (
            Action.READ, Action.CREATE, Action.EDIT, Action.DELETE, Action.REASSIGN,
            Action.APPROVE, Action.EXPORT,
        )
    },
    "service": {
        ("*", Action.READ): Level.ALL,
        **_each(_SERVICE_CREATES, Action.CREATE, Level.ALL),
        **_each(("complaint", "complaint_event", "interaction", "task", "attachment"),
                Action.EDIT, Level.ALL),
        ("complaint", Action.REASSIGN): Level.ALL,
        **_OWN_VIEWS,
    },
    "it": {("*", Action.ADMIN): Level.ALL},
    "auditor": {
        ("*", Action.READ): Level.ALL, ("*", Action.EXPORT): Level.ALL, **_OWN_VIEWS,
    },
}  # fmt: skip

SUPERVISING: Mapping[str, frozenset[str]] = dict.fromkeys(SUPERVISED, SET_BY_LEADS)
"""The fields that only those who approve may set: others cannot lay a supervision down."""

REP_DELETES_WITHIN_HOURS = 24
"""A rep may delete what is his own and unsent, or younger than this."""


def with_overrides(role: str, rows: Iterable[tuple[str, str, str]]) -> Matrix:
    """A role's matrix with the organisation's rows (entity, action, level) laid over it."""
    matrix = dict(DEFAULTS.get(role, {}))
    for kind, action, level in rows:
        if action in {*Action} and level.upper() in Level.__members__:
            matrix[(kind, Action(action))] = Level[level.upper()]
    return matrix


REASSIGNING: Mapping[str, frozenset[str]] = {
    "account": frozenset(("owner", "territory")),
    "visit": frozenset(("owner",)),
    "plan": frozenset(("owner",)),
    "complaint": frozenset(("handler",)),
}
"""The fields whose change hands work over."""


def hands_over(kind: str, name: str, current: Value) -> bool:
    """Whether another value of a field takes work from somebody, or gives an account away.

    But for accounts, a first value hands nothing over.
    """
    return name in REASSIGNING.get(kind, ()) and (kind == "account" or current is not None)


def still_deletes(role: str, kind: str, *, own: bool, age_hours: float) -> bool:
    """Whether somebody who may delete a record may do so at its age: a rep only what is young and
    his own, but his own settings whenever he likes.
    """
    if role != "rep" or CATALOG[kind].shared_by:
        return True
    return own and age_hours < REP_DELETES_WITHIN_HOURS


def followed(kind: str, values: Mapping[str, Value]) -> str:
    """The kind whose right decides: an attachment follows what it is attached to."""
    if kind != "attachment":
        return kind
    parent = values.get("parent")
    above, slash, _ = parent.partition("/") if isinstance(parent, str) else ("", "", "")
    return above if slash else kind


def reach(matrix: Matrix, kind: str, action: Action) -> Level:
    """How far an action reaches; a part follows the edit right on what it belongs to."""
    found = matrix.get((kind, action))
    if found is not None:
        return found
    entity = CATALOG.get(kind)
    if entity is not None and entity.part_of and action in (Action.CREATE, Action.DELETE):
        return max(
            reach(matrix, entity.part_of, Action.EDIT), matrix.get(("*", action), Level.NONE)
        )
    if entity is not None and entity.part_of and action is Action.EDIT:
        return reach(matrix, entity.part_of, Action.EDIT)
    return matrix.get(("*", action), Level.NONE)
