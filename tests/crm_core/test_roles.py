"""Who may do what: the matrix of docs/security.md, cell by cell."""

import pytest

from crm_core.roles import DEFAULTS, ROLES, Action, Level, reach, with_overrides

N, O, T, TT, A = Level.NONE, Level.OWN, Level.TEAM, Level.TERRITORY, Level.ALL  # noqa: E741
FOUR = ("account", "visit", "complaint", "plan")
READ = {"rep": (O, O, O, O), "kam": (T, T, T, T), "lead": (TT,) * 4, "service": (A,) * 4,
        "it": (N,) * 4, "auditor": (A,) * 4}  # fmt: skip
EDIT = {"rep": (O, O, O, N), "kam": (O, O, O, T), "lead": (TT,) * 4, "service": (N, N, A, N),
        "it": (N,) * 4, "auditor": (N,) * 4}  # fmt: skip
DELETE = {"rep": (O, O, O, N), "kam": (O, O, O, O), "lead": (TT,) * 4, "service": (N,) * 4,
          "it": (N,) * 4, "auditor": (N,) * 4}  # fmt: skip
REASSIGN = {"rep": (N,) * 4, "kam": (N,) * 4, "lead": (TT,) * 4, "service": (N, N, A, N),
            "it": (N,) * 4, "auditor": (N,) * 4}  # fmt: skip
APPROVE = {role: (TT,) * 4 if role == "lead" else (N,) * 4 for role in ROLES}
EXPORT = {"rep": (O,) * 4, "kam": (T,) * 4, "lead": (TT,) * 4, "service": (N,) * 4,
          "it": (N,) * 4, "auditor": (A,) * 4}  # fmt: skip
ADMIN = {role: (A,) * 4 if role == "it" else (N,) * 4 for role in ROLES}
MATRIX = {
    Action.READ: READ, Action.EDIT: EDIT, Action.DELETE: DELETE, Action.REASSIGN: REASSIGN,
    Action.APPROVE: APPROVE, Action.EXPORT: EXPORT, Action.ADMIN: ADMIN,
}  # fmt: skip
CELLS = [
    (role, action, kind, level)
    for action, roles in MATRIX.items()
    for role, levels in roles.items()
    for kind, level in zip(FOUR, levels, strict=True)
]


@pytest.mark.parametrize(("role", "action", "kind", "level"), CELLS)
def test_the_matrix(role: str, action: Action, kind: str, level: Level) -> None:
    assert reach(DEFAULTS[role], kind, action) is level


CREATES = {
    "rep": {"account", "contact", "visit", "task", "complaint", "interaction"},
    "kam": {"account", "contact", "visit", "task", "complaint", "interaction", "plan"},
    "lead": {"account", "contact", "visit", "task", "complaint", "interaction", "plan"},
    "service": {"complaint", "interaction", "task"},
    "it": set[str](),
    "auditor": set[str](),
}


@pytest.mark.parametrize("role", ROLES)
def test_what_a_role_creates(role: str) -> None:
    asked = {"account", "contact", "visit", "task", "complaint", "interaction", "plan"}
    may = {kind for kind in asked if reach(DEFAULTS[role], kind, Action.CREATE) > Level.NONE}
    assert may == CREATES[role]


@pytest.mark.parametrize(
    ("role", "kind", "action", "level"),
    [
        ("rep", "address", Action.EDIT, O),
        ("rep", "account_contact", Action.CREATE, O),
        ("rep", "plan_objective", Action.EDIT, N),
        ("rep", "plan_section_item", Action.CREATE, N),
        ("rep", "plan_action", Action.DELETE, N),
        ("kam", "plan_section_item", Action.CREATE, T),
        ("kam", "plan_action", Action.DELETE, T),
        ("service", "complaint_event", Action.CREATE, A),
        ("service", "address", Action.CREATE, N),
        ("service", "address", Action.EDIT, N),
        ("lead", "complaint_event", Action.CREATE, TT),
        ("auditor", "address", Action.EDIT, N),
        ("it", "address", Action.CREATE, N),
    ],
)
def test_a_part_follows_the_edit_right_on_what_it_belongs_to(
    role: str, kind: str, action: Action, level: Level
) -> None:
    assert reach(DEFAULTS[role], kind, action) is level


def test_an_organisation_changes_single_rights_and_nonsense_changes_none() -> None:
    rows = [("account", "delete", "none"), ("account", "fly", "all"), ("visit", "read", "moon")]
    matrix = with_overrides("rep", rows)
    assert reach(matrix, "account", Action.DELETE) is Level.NONE
    assert reach(matrix, "visit", Action.DELETE) is Level.OWN
    assert {**matrix, ("account", Action.DELETE): Level.OWN} == {
        **DEFAULTS["rep"], ("account", Action.DELETE): Level.OWN,
    }  # fmt: skip
    assert with_overrides("nobody", []) == {}


def test_an_unknown_kind_is_judged_like_every_other() -> None:
    assert reach(DEFAULTS["rep"], "of_a_newer_version", Action.READ) is Level.OWN
    assert [*DEFAULTS] == [*ROLES]
