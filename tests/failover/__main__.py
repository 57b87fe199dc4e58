"""The drill's story, told as it happens; exit code 1 where an edit was lost or a feed skipped."""

from __future__ import annotations

import argparse
import itertools
import signal
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.e2e.people import World, as_process
from tests.e2e.server import Server
from tests.failover.checks import compare
from tests.failover.cluster import Cluster, Missing, Node, Way, running, wait_for
from tests.failover.traffic import (
    Colleague,
    Notes,
    Patient,
    Reader,
    Writer,
    longest_silence,
    under_way,
)

WRITERS, READERS, WORKERS = 6, 2, 2
QUIET_S = 6.0
"""Of ordinary work before and after each failure."""


UNHEARD_S = 1.0


class Story:
    """What happens, with the seconds since the beginning."""

    def __init__(self) -> None:
        self._start = time.monotonic()

    def tell(self, words: str) -> None:
        """One line."""
        print(f"{time.monotonic() - self._start:7.1f} s  {words}", flush=True)


class Drill:
    """The cluster, the server before it, and those who work."""

    def __init__(self, cluster: Cluster, server: Server, story: Story, folder: Path) -> None:
        self.cluster, self.server, self.story, self.folder = cluster, server, story, folder
        self.notes, self.stop = Notes(), threading.Event()
        self.writers: list[Writer] = []
        self.readers: list[Reader] = []
        self.colleague: Colleague | None = None

    def begin(self) -> None:
        """Everybody signs in and starts to work."""
        for number in range(WRITERS):
            self.server.add_user(f"rep{number}", "rep", "Sales")
        self.server.add_user("service", "service", "")
        for number in range(WRITERS):
            self.writers.append(Writer(self._client(f"rep{number}"), self.notes, self.stop))
        for _ in range(READERS):
            self.readers.append(Reader(self._client("service"), self.notes, self.stop))
        desk = World(self.server, self.folder, as_process, itertools.count()).desk("rep0")
        self.colleague = Colleague(desk, self.notes, self.stop)
        for thread in (*self.writers, *self.readers, self.colleague):
            thread.start()
        self.story.tell(
            f"{WRITERS} writers, {READERS} readers and a crm-desktop work against crm-server"
            f" with {WORKERS} processes"
        )
        time.sleep(QUIET_S)

    def _client(self, login: str) -> Patient:
        made = Patient(self.server.url, login)
        made.notes = self.notes
        return made

    def fail(self, what: str, strike: Callable[[Node], None]) -> Node:
        """Let the primary fall and wait until work goes on; the node that fell."""
        tell, cluster = self.story.tell, self.cluster
        fallen = wait_for(cluster.primary, "a primary")
        wait_for(lambda: cluster.followers() or None, "a standby to fail over to")
        acknowledged = len(self.notes.acknowledged)
        tell(
            f"{what}: {fallen.name}, primary on timeline {cluster.timeline(fallen)}, followed by"
            f" {'+'.join(cluster.followers())}; {acknowledged} edits acknowledged,"
            f" {under_way(self.writers)} pushes under way"
        )
        struck = time.monotonic()
        strike(fallen)
        new = wait_for(
            lambda: next((x for x in (cluster.primary(),) if x not in (None, fallen)), None),
            "a new primary",
        )
        tell(f"{new.name} is the primary {time.monotonic() - struck:.1f} s after it")
        wait_for(lambda: self._goes_on_since(struck + 2.0) or None, "an acknowledgement")
        time.sleep(QUIET_S)
        silence = longest_silence(self.notes, struck - 1, time.monotonic())
        tell(
            f"work goes on: {len(self.notes.acknowledged) - acknowledged} edits acknowledged since;"
            f" longest time without one {silence:.1f} s; timeline {cluster.timeline(new)}"
        )
        return fallen

    def kill_unheard(self, primary: Node) -> None:
        """Kill a node of which the standbys have heard nothing lately: what it acknowledged
        meanwhile without them would be lost."""
        for sender in primary.senders():
            sender.suspend()
        time.sleep(UNHEARD_S)
        primary.kill()

    def _goes_on_since(self, moment: float) -> bool:
        return any(answered > moment for answered in self.notes.answered_at[-1:])

    def rejoin(self, fallen: Node, words: str) -> None:
        """Wait until the node that fell follows the new primary."""
        started = time.monotonic()
        try:
            wait_for(lambda: fallen.name in self.cluster.standbys() or None, "the old primary")
        except TimeoutError:
            if self.cluster.primary() is not fallen:
                raise
            self.notes.wrong.append(f"{fallen.name} took the lead back")
            self.story.tell(f"{words}: {fallen.name} leads again")
            return
        self.story.tell(f"{words}: {fallen.name} follows {time.monotonic() - started:.1f} s later")

    def end(self) -> int:
        """Everybody finishes what is under way; what was promised is compared with what stands."""
        self.stop.set()
        threads = (*self.writers, *self.readers, self.colleague)
        for thread in threads:
            assert thread is not None
            thread.join(150)
            if thread.is_alive():
                self.notes.wrong.append(f"a {thread.name} hangs")
        for reader in self.readers:
            reader.pull()
        assert self.colleague is not None
        found = compare(self.server, self.notes, self.readers, self.colleague)
        self.story.tell("what was answered: " + ", ".join(
            f"{what} {many}" for what, many in sorted(self.notes.answers.items())
        ))  # fmt: skip
        for line in found.told:
            self.story.tell(line)
        kinds = Counter(line.partition(" at ")[0].partition(":")[0] for line in found.wrong)
        for kind, many in kinds.items():
            first = next(line for line in found.wrong if line.startswith(kind))
            self.story.tell(f"WRONG: {first}" + (f" (and {many - 1} more)" if many > 1 else ""))
        self.story.tell(
            "failed" if found.wrong else "nothing acknowledged was lost, no feed skipped"
        )
        return 1 if found.wrong else 0


def freeze(node: Node) -> None:
    """The primary's machine hangs; it will come back as a primary that nobody follows any more."""
    node.signal(signal.SIGSTOP)


def main(argv: Sequence[str]) -> int:
    """Run the drill."""
    parser = argparse.ArgumentParser(prog="python -m tests.failover", description=__doc__)
    parser.add_argument(
        "--direct", action="store_true", help="no balancer: libpq finds the primary by itself"
    )
    parser.add_argument(
        "--asynchronous", action="store_true", help="wait for no standby: expect lost edits"
    )
    options = parser.parse_args(argv)
    way = Way(options.direct, options.asynchronous)
    story = Story()
    programs = ("patroni", "etcd") if options.direct else ("patroni", "etcd", "haproxy")
    try:
        with running(programs, way) as cluster, tempfile.TemporaryDirectory(
            prefix="crm-failover-work-"
        ) as name:  # fmt: skip
            return drilled(cluster, story, Path(name))
    except Missing as missing:
        print(missing, file=sys.stderr)
        return 2


def drilled(cluster: Cluster, story: Story, folder: Path) -> int:
    """The story itself."""
    way = "libpq names all nodes" if cluster.way.direct else "HAProxy in front"
    waits = "no standby" if cluster.way.asynchronous else "a standby"
    story.tell(f"three nodes under Patroni, one etcd; {way}; commits wait for {waits}")
    server = Server(folder / "server", cluster.url)
    server.create()
    server.serve("--workers", str(WORKERS))
    try:
        drill = Drill(cluster, server, story, folder)
        drill.begin()
        fallen = drill.fail(
            "the standbys hear nothing for a second, then kill -9 for the whole node",
            drill.kill_unheard,
        )
        cluster.start_node(fallen)
        drill.rejoin(fallen, "the node that fell is started again")
        fallen = drill.fail("kill -9 for PostgreSQL alone", Node.kill_postgres)
        drill.rejoin(fallen, "Patroni, which lived, made it a standby")
        if not cluster.way.direct:
            fallen = drill.fail("the whole node hangs (SIGSTOP)", freeze)
            fallen.signal(signal.SIGCONT)
            drill.rejoin(fallen, "it wakes, still taking itself for the primary")
        return drill.end()
    finally:
        server.stop()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
