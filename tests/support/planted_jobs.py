"""What is watched for words in clear, each as a process of its own:
`python -m tests.support.planted_jobs [--spilling] JOB PATH`."""

from __future__ import annotations

import io
import os
import sys
import tempfile
from pathlib import Path

from crm_core.ids import DeviceId, RecordId
from crm_desktop.models import connection, search_index
from crm_desktop.models.blobs import Blobs
from crm_desktop.models.identity import Identity
from crm_desktop.models.store import Store
from tests.support.planted import CHINESE, LATIN

KEY = bytes(range(32))
ROWS = 12_000
SMALL_KIB = 64
"""So little memory that SQLite sorts in a temporary file, where it may."""


def index(path: Path) -> None:
    """Fill a store, make one of its indexes anew, and the search index."""
    identity = Identity(RecordId("0a" * 16), "ann", DeviceId("laptop"), "acme", "http://localhost")
    store = Store.create(path, KEY, identity)
    with store.writing() as c:
        c.run(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            " INSERT INTO account (id, seq, name, short_name)"
            " SELECT randomblob(16), 1, printf('%s %d %200d', ?, i * 7919 % 20011, i), ? FROM n",
            (ROWS, LATIN, CHINESE),
        )
    with store.writing() as c:
        c.run("DELETE FROM account WHERE rid % 9 = 0")
        c.run("DROP INDEX account_sorted")
    store.write.keep_in_memory(SMALL_KIB)
    with store.writing() as c:
        c.run('CREATE INDEX account_sorted ON account ("name" COLLATE NOCASE, rid)')
    with store.writing() as c:
        c.run("DELETE FROM account WHERE rid > 1000")
    search_index.build(store)
    store.close()


def migrate(path: Path) -> None:
    """Bring an older file to today's schema."""
    Store.open(path, KEY).close()


def preview(path: Path) -> None:
    """Seal a picture and show it, as the window does."""
    from PySide6.QtCore import QSize
    from PySide6.QtGui import QGuiApplication, QImage

    from crm_desktop.views.kit.pictures import as_png, shrunk, tile

    application = QGuiApplication(["preview"])
    image = QImage(1200, 900, QImage.Format.Format_RGB32)
    image.fill(0x336699)
    image.setText("Comment", LATIN)
    image.setText("Chinese", CHINESE)
    content = as_png(image)
    assert LATIN.encode("latin-1") in content or LATIN.encode() in content
    blobs = Blobs(path, KEY)
    taken = blobs.take(io.BytesIO(content + LATIN.encode() + CHINESE.encode()), 10**9, ValueError)
    blobs.place(taken)
    for _ in range(20):
        read = blobs.read(taken.sha256, 10**9)
        assert not shrunk(read, QSize(800, 600)).isNull()
        assert not tile(read, QSize(120, 90)).isNull()
    application.processEvents()


JOBS = {"index": index, "migrate": migrate, "preview": preview}


def spill() -> None:
    """A bug to be found: SQLite sorts on the disk, where nothing is encrypted."""
    connection.TEMP_IN_MEMORY = 1


def leak() -> None:
    """A bug to be found: what is shown lies in a file that has no name any more."""
    read = Blobs.read

    def careless(self: Blobs, sha256: str, bytes_max: int) -> bytes:
        content = read(self, sha256, bytes_max)
        file = tempfile.TemporaryFile()  # noqa: SIM115  # open for as long as the process runs
        file.write(content)
        file.flush()
        _HELD.append(file)
        return content

    Blobs.read = careless


_HELD: list[object] = []
BUGS = {"--spilling": spill, "--leaking": leak}

if __name__ == "__main__":
    *bugs, job, where = sys.argv[1:]
    for bug in bugs:
        BUGS[bug]()
    assert os.environ.get("TMPDIR"), "its temporary folder is to be watched"
    JOBS[job](Path(where))
