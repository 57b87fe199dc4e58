"""A first fetch as a process of its own, into a second file however few rows there are."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

from crm_desktop.beside import second_file
from crm_desktop.models.outbox import Outbox
from crm_desktop.profile import open_profile
from crm_desktop.sync.runner import Runner
from tests.e2e.processes import PASSPHRASE

if __name__ == "__main__":
    with closing(open_profile(Path(sys.argv[1]), PASSPHRASE)) as profile:
        runner = Runner(Outbox(profile.store), profile.session)
        run = runner.with_second(second_file(profile), from_rows=1).run()
        print(run.report.as_json(), profile.store.path.name)
        sys.exit(run.failure is not None)
