"""How a bug is planted, and how one is known that does not fit its place any more.

The code that ships changes below its mutants. A replacement that is called in another way than it
expects, or never called, breaks nothing of what it was made to break: a test that fails with it
proves nothing.
"""

from __future__ import annotations

import functools
import inspect
import pkgutil
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FunctionType
from typing import Any
from unittest import mock

MISFITS = (TypeError, AttributeError, NameError, ValueError, LookupError)
"""What code raises that was written for another place."""


class DoesNotFit(Exception):
    """A mutant is to be written anew, since what it breaks looks otherwise by now."""


@dataclass
class Planting:
    """What one mutant replaced: the `places` that can be called, and those that were `reached`;
    the SQL `statements` that it looks for, and those that it `met`."""

    places: set[str] = field(default_factory=set)
    reached: set[str] = field(default_factory=set)
    statements: set[str] = field(default_factory=set)
    met: set[str] = field(default_factory=set)
    misfit: Exception | None = None

    def has_struck(self) -> bool:
        """Whether anything ran that was planted."""
        return (not self.places or bool(self.reached)) and self.statements == self.met

    def check(self) -> None:
        """Raises DoesNotFit where what was planted could not run in its place."""
        if self.misfit is not None:
            raise DoesNotFit(str(self.misfit)) from self.misfit

    def check_struck(self) -> None:
        """Raises DoesNotFit where what was planted did not run at all, though all is over."""
        self.check()
        if not self.has_struck():
            never = sorted((self.places - self.reached) | (self.statements - self.met))
            raise DoesNotFit(f"nobody came by {never}")


_now: list[Planting] = []


@contextmanager
def planted(plant: Callable[[], Any]) -> Generator[Planting]:
    """Plant a bug. Raises DoesNotFit where its place is not there any more, or is called in a way
    that the replacement cannot be."""
    planting = Planting()
    _now.append(planting)
    try:
        with plant():
            yield planting
    finally:
        _now.remove(planting)


def meets(sql: str, statement: str) -> bool:
    """Whether a piece of SQL is the one that a mutant looks for."""
    found = statement in sql
    for planting in _now:
        planting.statements.add(statement)
        if found:
            planting.met.add(statement)
    return found


class _Patch:
    """As `unittest.mock.patch`, for mutants."""

    def __call__(self, target: str, new: Any) -> Any:
        where, _, name = target.rpartition(".")
        return self.object(pkgutil.resolve_name(where), name, new)

    @contextmanager
    def object(self, where: Any, name: str, new: Any) -> Generator[None]:
        """Raises DoesNotFit where there is no such place, or another one."""
        place = f"{getattr(where, '__name__', where)}.{name}"
        try:
            before = inspect.getattr_static(where, name)
        except AttributeError as error:
            raise DoesNotFit(f"there is no {place}") from error
        with mock.patch.object(where, name, _watched(place, before, new)):
            yield


patch = _Patch()


def _watched(place: str, before: Any, new: Any) -> Any:
    if isinstance(new, property):
        if not isinstance(before, property | functools.cached_property):
            raise DoesNotFit(f"{place} is no property")
        return property(_noting(place, new.fget))
    if not isinstance(new, FunctionType):
        return new
    original = getattr(before, "__func__", before)
    if not callable(original):
        raise DoesNotFit(f"{place} cannot be called")
    _fit(place, original, new)
    return _noting(place, new)


def _fit(place: str, original: Any, new: Any) -> None:
    """Whoever gives the original no more than it needs can give it to the new one."""
    needed = [
        one
        for one in inspect.signature(original).parameters.values()
        if one.default is one.empty and one.kind not in (one.VAR_POSITIONAL, one.VAR_KEYWORD)
    ]
    named = {one.name: None for one in needed if one.kind is one.KEYWORD_ONLY}
    try:
        inspect.signature(new).bind(*[None] * (len(needed) - len(named)), **named)
    except TypeError as error:
        raise DoesNotFit(f"{place} is called otherwise: {error}") from error


def _noting(place: str, new: Any) -> Any:
    """The replacement, with a note whenever it runs, and of what does not fit in it."""
    planting = _now[-1]
    planting.places.add(place)

    @functools.wraps(new)
    def noted(*args: Any, **named: Any) -> Any:
        planting.reached.add(place)
        with _seeing(planting, new):
            made = new(*args, **named)
        return _each(planting, new, made) if inspect.isgenerator(made) else made

    return noted


def _each(planting: Planting, new: Any, made: Iterator[Any]) -> Iterator[Any]:
    with _seeing(planting, new):
        yield from made


@contextmanager
def _seeing(planting: Planting, new: Any) -> Generator[None]:
    try:
        yield
    except MISFITS as error:
        if planting.misfit is None and _is_its_own(error, new):
            planting.misfit = error
        raise


def _is_its_own(error: Exception, new: Any) -> bool:
    """Whether the line that failed is the replacement's, or the call of it: none that ships."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    own = {__file__, new.__code__.co_filename}
    return last is not None and last.tb_frame.f_code.co_filename in own
