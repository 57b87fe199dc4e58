"""The type of the fixture `in_front`, by which a test gets a pane to look at."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

P = TypeVar("P", bound=Any)

InFront = Callable[[P, int, int], P]
"""A pane and its size in pixels: the same pane, standing there with all that it reads."""
