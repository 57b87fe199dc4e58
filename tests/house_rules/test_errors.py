"""Errors are caught where somebody can do something about them."""

import ast
from collections import Counter
from collections.abc import Iterator

from tests.house_rules.source import Source, sources

# Room → how many handlers may catch everything there.
CATCH_ALL_ALLOWED = {
    "crm_desktop/runtime": 1,  # the task boundary: an outcome is delivered, whatever happened
    "crm_desktop/desktop": 1,  # the excepthook's own fallback
    "crm_server/together": 1,  # the round's boundary: each is answered, whatever happened to others
    "crm_server/upkeep": 1,  # the day's work beside the requests: tomorrow comes, whatever happened
}


def test_only_four_places_catch_everything() -> None:
    """Elsewhere catch the narrowest thing; a handler that only cleans up and re-raises is fine."""
    found = Counter(room(source) for source in sources() for _ in catch_alls(source))
    too_many = {place: n for place, n in found.items() if n > CATCH_ALL_ALLOWED.get(place, 0)}
    where = [source.at(node) for source in sources() for node in catch_alls(source)]
    assert not too_many, where


def room(source: Source) -> str:
    """`crm_desktop/runtime/lanes.py` and `crm_desktop/runtime.py` are in `crm_desktop/runtime`."""
    return "/".join(source.name.removesuffix(".py").split("/")[:2])


def catch_alls(source: Source) -> Iterator[ast.ExceptHandler]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ExceptHandler) and catches_everything(node) and not reraises(node):
            yield node


def catches_everything(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(ast.unparse(kind) in ("Exception", "BaseException") for kind in caught)


def reraises(handler: ast.ExceptHandler) -> bool:
    last = handler.body[-1]
    return isinstance(last, ast.Raise) and last.exc is None
