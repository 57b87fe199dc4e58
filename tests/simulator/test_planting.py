"""A mutant that does not fit its place any more is called so, and not counted as caught."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from tests.simulator.mutants.mutant import Mutant, noticed_with, without
from tests.simulator.mutants.planting import DoesNotFit, patch, planted


class Shop:
    """Something that ships."""

    def __init__(self) -> None:
        self.sold: list[str] = []

    def sell(self, what: str, price: int) -> None:
        self.sold.append(f"{what} for {price}")

    def run(self, sql: str) -> int:
        self.sold.append(sql)
        return 1


def shop_sells() -> None:
    shop = Shop()
    shop.sell("tea", 3)
    shop.run("DELETE FROM tea WHERE id = ?")
    assert shop.sold == ["tea for 3", "DELETE FROM tea WHERE id = ?"]


def planting(name: str, new: Any) -> AbstractContextManager[None]:
    return patch.object(Shop, name, new)


def cheap(self: Shop, what: str, price: int) -> None:
    del price
    self.sold.append(f"{what} for nothing")


def worn(self: Shop, what: str, price: int) -> None:
    del price
    self.basket.append(what)  # type: ignore[attr-defined]


def as_it_once_was(self: Shop, what: str) -> None:
    self.sold.append(what)


def mutant(name: str, new: Any) -> Mutant:
    return Mutant("of a shop", lambda: planting(name, new), 1, test=shop_sells)


def test_a_mutant_that_fits_is_noticed() -> None:
    assert noticed_with(mutant("sell", cheap)) is not None


@pytest.mark.parametrize(
    ("name", "new", "words"),
    [
        ("sells", cheap, "there is no Shop.sells"),
        ("sell", as_it_once_was, "is called otherwise"),
        ("sell", worn, "has no attribute 'basket'"),
        ("__repr__", lambda _: "", "nobody came by"),
    ],
)
def test_a_mutant_whose_place_has_changed_does_not_fit(name: str, new: Any, words: str) -> None:
    with pytest.raises(DoesNotFit, match=words):
        noticed_with(mutant(name, new))


@pytest.mark.parametrize(("statement", "is_met"), [("DELETE FROM tea", 1), ("DROP TABLE tea", 0)])
def test_a_statement_that_is_never_executed_is_told(statement: str, is_met: int) -> None:
    @contextmanager
    def deaf() -> Generator[None]:
        with without(Shop, "run", statement):
            yield

    with planted(deaf) as seen:
        Shop().run("DELETE FROM tea WHERE id = ?")
    assert seen.has_struck() is bool(is_met)
