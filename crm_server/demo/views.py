"""The shared views with which the company's lists begin."""

from __future__ import annotations

from collections.abc import Iterator

from crm_core.fields import Value
from crm_core.positions import spread
from crm_server.demo.rows import Draw, Row

_ME = "@me"
_VIEWS: tuple[tuple[str, str, str, str, Value], ...] = (
    ("account", "Key accounts", "grade", "in", ["A", "B"]),
    ("account", "My accounts", "owner", "=", _ME),
    ("account", "Prospects", "type", "in", ["prospect"]),
    ("contact", "With e-mail", "email", "filled", None),
)


def views(draw: Draw) -> Iterator[Row]:
    """One row for each view, in the order of the tabs."""
    for place, (entity, name, field, op, value) in zip(spread(len(_VIEWS)), _VIEWS, strict=True):
        condition: Value = {"field": field, "op": op, "value": value}
        yield Row(
            "saved_view",
            draw.id_of("saved_view", f"{entity} {name}"),
            {
                "name": name, "entity": entity, "shared": True, "position": place,
                "filter": {"all": [condition]},
            },
        )  # fmt: skip
