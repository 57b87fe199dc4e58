"""The file: what was said to be saved is saved."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from crm_desktop.models import connection, store
from crm_desktop.models.connection import LATER
from tests.simulator.mutants.mutant import Mutant
from tests.simulator.mutants.planting import patch


@contextmanager
def saved_before_the_disk_has_it() -> Generator[None]:
    """A save returns as soon as the system has taken it; a power cut undoes it."""
    with patch.object(connection, "SAFE", LATER), patch.object(store, "SAFE", LATER):
        yield


MUTANTS = (Mutant("saved before the disk has it", saved_before_the_disk_has_it, 1),)
