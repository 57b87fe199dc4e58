"""Which column of a file is which field: by the field's name, its label, a template or a map."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from crm_core.catalog import CATALOG
from crm_core.entity import Entity, required
from crm_core.errors import UNREADABLE, UserProblem
from crm_core.fields import Authority, Field
from crm_core.i18n import tr_noop
from crm_desktop.i18n import in_all_languages

ID = "id"
LABEL_SUFFIX = "_label"
REASON_COLUMN = "import_problem"
"""The column that the file of refused rows has more than the file they came from."""

TEMPLATES: Mapping[str, Mapping[str, str]] = {
    "account": {
        "客户名称": "name", "客户": "name", "公司名称": "name", "简称": "short_name",
        "统一社会信用代码": "uscc", "客户等级": "grade", "客户类型": "type", "行业": "industry",
        "来源": "source", "电话": "phone", "邮箱": "email", "网址": "website", "负责人": "owner",
        "上级客户": "parent", "标签": "tags", "备注": "description",
    },
    "contact": {
        "name": "full_name", "联系人": "full_name", "姓名": "full_name", "职务": "title",
        "部门": "department",
        "手机": "mobile", "电话": "phone", "邮箱": "email", "微信": "wechat", "生日": "birthday",
        "称谓": "salutation", "标签": "tags",
    },
    "address": {
        "客户名称": "account", "客户": "account", "省": "province", "市": "city",
        "区": "district", "地址": "street", "邮编": "postcode", "国家": "country",
    },
    "account_contact": {"客户名称": "account", "客户": "account", "联系人": "contact"},
}  # fmt: skip
"""The column names of the Chinese template (domain.md §6.1)."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A part that comes along in the same row: its kind, its link to the record, and the fields
    that tell one part of a record from another (none: there is one)."""

    kind: str
    via: str
    identity: tuple[str, ...]
    words: Mapping[str, str]


BESIDE: Mapping[str, Beside] = {
    "account": Beside(
        "address", "account", (),
        {
            "省": "province", "市": "city", "区": "district", "地址": "street", "邮编": "postcode",
            "国家": "country",
        },
    ),
    "contact": Beside(
        "account_contact", "contact", ("account",),
        {
            "客户名称": "account", "客户": "account", "公司名称": "account", "account": "account",
            "account_label": "account", "company": "account", "角色": "role",
        },
    ),
}  # fmt: skip
"""An account's row may hold its address, a contact's row the account where he works; also as
`address.city` and `account_contact.role`."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the file that is taken over."""

    position: int
    field: Field


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a file. `left` names those that are not taken over."""

    taken: tuple[Column, ...]
    width: int
    id_position: int | None = None
    left: tuple[str, ...] = ()
    beside: tuple[Column, ...] = ()

    def names(self) -> frozenset[str]:
        """The names of the fields that the file carries."""
        return frozenset(column.field.name for column in self.taken)


class Headings:
    """The words by which the columns of one kind are known."""

    def __init__(self, entity: Entity, mapping: Mapping[str, str] | None = None) -> None:
        self._entity = entity
        self._mapping = {_plain(word): name for word, name in (mapping or {}).items()}
        unknown = sorted(set(self._mapping.values()) - {"", ID, *entity.by_name})
        if unknown:
            raise UserProblem(
                tr_noop("The mapping names '{name}', which is no field of '{kind}'."),
                name=unknown[0],
                kind=entity.kind,
            )
        self._known = _words_of(entity)
        self._beside = _words_beside(entity)

    def knows(self, heading: str) -> bool:
        """Whether a heading names a field; it tells the right delimiter from a wrong one."""
        return self._name_of(heading) is not None or _plain(heading) in self._beside

    def columns(self, header: Sequence[str]) -> Columns:
        """The columns that a header names; raises UserProblem where two name one field."""
        names = [self._name_of(heading) for heading in header]
        spelled_out = {name for name in names if name is not None}
        taken: list[Column] = []
        beside: list[Column] = []
        left: list[str] = []
        id_position: int | None = None
        for position, (heading, name) in enumerate(zip(header, names, strict=True)):
            made = self._entity.by_name.get(self._without_label(name or "", spelled_out))
            if name == ID:
                id_position = position
            elif name is None and (part := self._beside.get(_plain(heading))) is not None:
                beside.append(Column(position, part))
            elif made is None or made.authority is not None:
                left.extend(self._worth_saying(heading, name))
            elif any(column.field is made for column in taken):
                raise UserProblem(
                    tr_noop("Two columns name '{field}': remove or rename one."), field=made.label
                )
            else:
                taken.append(Column(position, made))
        return Columns(tuple(taken), len(header), id_position, tuple(left), tuple(beside))

    def _name_of(self, heading: str) -> str | None:
        word = _plain(heading)
        return self._mapping.get(word, self._known.get(word))

    def _without_label(self, name: str, spelled_out: set[str]) -> str:
        """`owner_label` stands in for `owner` where the file has no column of ids."""
        bare = name.removesuffix(LABEL_SUFFIX)
        return bare if name != bare and bare not in spelled_out else name

    def _worth_saying(self, heading: str, name: str | None) -> Sequence[str]:
        """What an export adds for people is left without a word, and what a map leaves out."""
        made = self._entity.by_name.get(name) if name else None
        computed = made is not None and made.authority is Authority.COMPUTED
        told = name == "" or (name or "").endswith(LABEL_SUFFIX) or heading == REASON_COLUMN
        return () if computed or told or not heading else (heading,)


def _words_of(entity: Entity) -> Mapping[str, str]:
    """Words for columns; nearer ones (the field's own name) win over a template's."""
    found = {_plain(word): name for word, name in TEMPLATES.get(entity.kind, {}).items()}
    for made in reversed(entity.fields):
        for words in in_all_languages(made.label):
            found[_plain(words)] = made.name
            if made.link is not None:
                found[f"{_plain(words)}{LABEL_SUFFIX}"] = f"{made.name}{LABEL_SUFFIX}"
    for made in entity.fields:
        found[_plain(made.name)] = made.name
        if made.link is not None:
            found[_plain(f"{made.name}{LABEL_SUFFIX}")] = f"{made.name}{LABEL_SUFFIX}"
    found[ID] = ID
    return found


def _words_beside(entity: Entity) -> Mapping[str, Field]:
    beside = BESIDE.get(entity.kind)
    if beside is None:
        return {}
    part = CATALOG[beside.kind].by_name
    found = {_plain(f"{beside.kind}.{name}"): made for name, made in part.items()}
    return found | {_plain(word): part[name] for word, name in beside.words.items()}


def _plain(heading: str) -> str:
    return unicodedata.normalize("NFKC", heading).strip().strip("*").strip().casefold()


def check_complete(entity: Entity, columns: Columns, keys: Sequence[str]) -> None:
    """Raise UserProblem where the file cannot be imported for want of a column."""
    missing = [name for name in keys if name not in columns.names()]
    if not columns.taken:
        missing = [made.name for made in required(entity)] or [entity.title[0]]
    elif columns.id_position is None and not keys:
        missing = [made.name for made in required(entity) if made.name not in columns.names()]
    if missing:
        raise UserProblem(
            tr_noop(
                "The file has no column for '{field}'. Columns are named by fields ({known}), "
                "by their labels, or with --mapping. Nothing was imported."
            ),
            field=entity.by_name[missing[0]].label,
            known=", ".join(made.name for made in entity.editable),
        )


def read_mapping(file: Path) -> Mapping[str, str]:
    """A file that says which column is which field: {"Column": "field", "Column": ""}."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    except (OSError, *UNREADABLE) as error:
        raise UserProblem(
            tr_noop(
                '{file} is no mapping: a JSON object such as {{"Column": "field"}} is needed '
                "({detail})."
            ),
            file=str(file),
            detail=str(error)[:200],
        ) from error
