"""Seeds that once found something, and what; the suite plays them for ever.

What a seed tells changes whenever the dice do; what it found is kept by a test of its own beside
the code that was mended.
"""

from __future__ import annotations

from typing import NamedTuple


class Regression(NamedTuple):
    """A seed, the invariant that it broke, and how."""

    seed: int
    invariant: int
    found: str


REGRESSIONS = (
    Regression(3, 1, "a power cut took what had been saved: the log was not written through"),
    Regression(
        128, 1, "what was typed while a withdrawn device left its work was destroyed with its key"
    ),
    Regression(77, 15, "what left a user's sight came in one line of any length"),
    Regression(
        230, 6, "a push's answer showed half of a colleague's atomic step as if it were whole"
    ),
    Regression(36, 14, "work that came with another person's token was written in his name"),
    Regression(181, 5, "made and deleted while the first pull broke off: the deletion never came"),
    Regression(62, 11, "a step waited for a refused one for ever when that was orphaned"),
    Regression(233, 10, "a second decision reopened a question about a record merged away since"),
    Regression(413, 9, "a refused un-merge counted as taken in part, and was shown for ever"),
    Regression(
        59, 4, "the name of a parent that left meanwhile was dropped when all was fetched anew"
    ),
    Regression(
        134, 1, "what was restored did not settle its deletion where another held its code by now"
    ),
)
