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
    Regression(
        2026, 7, "what came back below own work stayed marked as left, and was erased days later"
    ),
    Regression(1124, 2, "a record was deleted over a dispute that its deleter had not seen"),
    Regression(1688, 2, "what a merger took over hid what had been written there behind his back"),
    Regression(
        2943, 2, "what a merge brought in unseen passed for its author's own in the next merge"
    ),
    Regression(1405, 3, "a note that merged into itself made a version of nothing"),
    Regression(1894, 4, "own work below a parent that left passed for the parent itself"),
    Regression(
        5803, 1, "a second decision lost the edits of a record that had come back before it"
    ),
    Regression(
        10180,
        5,
        "what a push's answer named counted as there, though it left before all was received anew",
    ),
    Regression(11080, 1, "a decision that lay in another question closed its own, as if it stood"),
    Regression(
        368, 1, "who restored a record after another had let it go lost the edits he came with"
    ),
    Regression(401, 1, "the same, where the other's decision came second"),
    Regression(2438, 2, "a dispute unseen by whoever deleted its record went with it"),
    Regression(
        5429, 1, "two restores of one backup, the clock put back between: work was called forged"
    ),
    Regression(
        5063, 2, "who brought a record back wrote over what he had never seen of its tombstone"
    ),
    Regression(2384, 4, "the name above own work was dropped with the parent that left"),
    Regression(14058, 9, "the name of a parent stayed that came into sight as a deleted one"),
    Regression(
        22091, 1, "a decision that came to nothing was taken back, and what it replaced was lost"
    ),
    Regression(
        85175, 1, "who decided for a note as it stood at his place closed the question over another"
    ),
    Regression(86085, 2, "a record was deleted over what its deleter's own merge showed elsewhere"),
    Regression(260171, 9, "a name above own work stayed when that was given up, until more came"),
)
