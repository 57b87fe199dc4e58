"""The catalog: every entity, in the order in which references lead (parents first)."""

from __future__ import annotations

from collections.abc import Mapping

from crm_core.entities.account import Account
from crm_core.entities.account_contact import AccountContact
from crm_core.entities.account_team import AccountTeam
from crm_core.entities.address import Address
from crm_core.entities.attachment import Attachment
from crm_core.entities.complaint import Complaint
from crm_core.entities.complaint_event import ComplaintEvent
from crm_core.entities.conflict import Conflict
from crm_core.entities.contact import Contact
from crm_core.entities.device import Device
from crm_core.entities.interaction import Interaction
from crm_core.entities.order import Order
from crm_core.entities.order_line import OrderLine
from crm_core.entities.plan import Plan
from crm_core.entities.plan_action import PlanAction
from crm_core.entities.plan_objective import PlanObjective
from crm_core.entities.plan_section_item import PlanSectionItem
from crm_core.entities.product import Product
from crm_core.entities.role import Role
from crm_core.entities.role_permission import RolePermission
from crm_core.entities.saved_view import SavedView
from crm_core.entities.tag import Tag
from crm_core.entities.task import Task
from crm_core.entities.team import Team
from crm_core.entities.territory import Territory
from crm_core.entities.user import User
from crm_core.entities.visit import Visit
from crm_core.entity import Entity, Record
from crm_core.errors import NotFound
from crm_core.fields import Field
from crm_core.i18n import tr_noop

SCHEMA = 2
"""Version of the catalog on the wire; raised with every added field or kind."""

BEHIND_MAX = 2
"""Versions that a client may be behind the server."""

OLDEST_SCHEMA = max(1, SCHEMA - BEHIND_MAX)
"""The oldest schema of a client that the server still merges with."""

_RECORDS: tuple[type[Record], ...] = (
    Role,
    RolePermission,
    Team,
    Territory,
    User,
    Device,
    Tag,
    Product,
    Account,
    AccountTeam,
    Address,
    Contact,
    AccountContact,
    Plan,
    PlanSectionItem,
    PlanObjective,
    PlanAction,
    Visit,
    Order,
    OrderLine,
    Complaint,
    ComplaintEvent,
    Interaction,
    Task,
    Attachment,
    SavedView,
    Conflict,
)

CATALOG: Mapping[str, Entity] = {record.ENTITY.kind: record.ENTITY for record in _RECORDS}
"""Every entity by its kind."""


def entity_of(kind: str) -> Entity:
    """The entity of a kind; raises NotFound with the kinds that exist."""
    found = CATALOG.get(kind)
    if found is None:
        raise NotFound(
            tr_noop("There is no kind '{kind}'. Known kinds: {known}."),
            kind=kind[:60],
            known=", ".join(CATALOG),
        )
    return found


def field_of(entity: Entity, name: str) -> Field:
    """The field of an entity; raises NotFound with the fields that exist."""
    found = entity.by_name.get(name)
    if found is None:
        raise NotFound(
            tr_noop("'{kind}' has no field '{name}'. Known fields: {known}."),
            kind=entity.kind,
            name=name[:60],
            known=", ".join(entity.by_name),
        )
    return found
