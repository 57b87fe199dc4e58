"""The one door: every write to a record's table happens in this package, as a changeset."""

from __future__ import annotations

from crm_desktop.models.journal.batch import BatchDone, Refusal, commit_batch
from crm_desktop.models.journal.deciding import discard, hold, keep_as_draft, resend, set_aside
from crm_desktop.models.journal.local import UNASKED, check_changes, commit
from crm_desktop.models.journal.resolving import resolve, resolve_all
from crm_desktop.models.journal.undo import Undone, revert_batch, undo, undoable
from crm_desktop.models.replica import Summary

__all__ = [
    "UNASKED", "BatchDone", "Refusal", "Summary", "Undone", "check_changes", "commit",
    "commit_batch", "discard", "hold", "keep_as_draft", "resend", "resolve", "resolve_all",
    "revert_batch", "set_aside", "undo", "undoable",
]  # fmt: skip
