"""Words for the codes that some records keep as plain text: kinds of records, roles and rights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache

from crm_core.catalog import CATALOG
from crm_core.fields import Field
from crm_core.i18n import tr_noop
from crm_core.roles import Action
from crm_desktop.i18n import tr

_ALL = "*"

ACTIONS: Mapping[Action, str] = {
    Action.READ: tr_noop("See"),
    Action.CREATE: tr_noop("Create"),
    Action.EDIT: tr_noop("Change"),
    Action.DELETE: tr_noop("Delete"),
    Action.REASSIGN: tr_noop("Hand over"),
    Action.APPROVE: tr_noop("Approve"),
    Action.EXPORT: tr_noop("Export"),
    Action.ADMIN: tr_noop("Administer"),
}


def coded_words(field: Field, code: str) -> str:
    """What a code in this field is called; other texts, and unknown codes, stay as they are."""
    words = _coded_fields().get(field)
    return words(code) if words is not None else code


@cache
def _coded_fields() -> Mapping[Field, Callable[[str], str]]:
    permission = CATALOG["role_permission"].by_name
    return {
        permission["entity"]: _kind_words,
        permission["role"]: _role_words,
        permission["action"]: _action_words,
        CATALOG["saved_view"].by_name["entity"]: _kind_words,
    }


def _kind_words(code: str) -> str:
    if code == _ALL:
        return tr("All others")
    entity = CATALOG.get(code)
    return tr(entity.plural) if entity is not None else code


def _role_words(code: str) -> str:
    roles = CATALOG["user"].by_name["role"].choices
    return next((tr(role.label) for role in roles if role.code == code), code)


def _action_words(code: str) -> str:
    known = {str(action): words for action, words in ACTIONS.items()}
    return tr(known[code]) if code in known else code
