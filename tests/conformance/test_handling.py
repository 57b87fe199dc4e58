"""Every layer's table from Kind to its handling covers every Kind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from crm_core.catalog import CATALOG
from crm_core.fields import Kind
from tests.house_rules.source import sources

HAVE_A_DEFAULT = {
    "crm_core/values._PARSERS": "text",
    "crm_core/fields._DEFAULT_POLICY": "a person decides",
    "crm_desktop/transfer/cells._READERS": "as the value is typed",
    "crm_desktop/views/columns._WIDTHS": "one width for the rest",
    "crm_desktop/views/kit/editor.EXAMPLES": "no example",
    "crm_desktop/views/kit/words._BRIEF": "as in full",
}
"""Tables that name exceptions only, and what holds for every other kind."""

TOTAL_AT_LEAST = {
    "crm_core/values._CHECKERS",
    "crm_desktop/models/schema.COLUMN_TYPES",
    "crm_desktop/views/kit/editors.EDITORS",
    "crm_desktop/views/kit/words.WORDS",
}
"""Tables that this test has to find: it would pass on an empty list too."""


@dataclass(frozen=True)
class Table:
    """A dict of a module whose keys are kinds."""

    name: str
    kinds: frozenset[str]


def tables() -> Iterator[Table]:
    for source in sources():
        for node in source.tree.body:
            match node:
                case ast.AnnAssign(target=ast.Name(id=name), value=ast.Dict(keys=keys)):
                    pass
                case ast.Assign(targets=[ast.Name(id=name)], value=ast.Dict(keys=keys)):
                    pass
                case _:
                    continue
            kinds = [key.attr for key in keys if isinstance(key, ast.Attribute) and is_kind(key)]
            if kinds:
                yield Table(f"{source.name.removesuffix('.py')}.{name}", frozenset(kinds))


def is_kind(key: ast.Attribute) -> bool:
    return ast.unparse(key.value).split(".")[-1] == "Kind"


def test_every_table_covers_every_kind_or_says_what_holds_for_the_rest() -> None:
    missing = {table.name: set(Kind.__members__) - table.kinds for table in tables()}
    wrong = {name: gaps for name, gaps in missing.items() if bool(gaps) != (name in HAVE_A_DEFAULT)}
    assert not wrong


def test_each_layer_has_its_table() -> None:
    found = {table.name for table in tables()}
    assert found >= TOTAL_AT_LEAST | set(HAVE_A_DEFAULT)


def test_every_kind_of_field_goes_through_the_suite() -> None:
    """A Kind that no entity uses is handled by nobody's test."""
    assert {field.kind for entity in CATALOG.values() for field in entity.fields} == set(Kind)
