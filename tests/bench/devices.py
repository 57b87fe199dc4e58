"""Many devices, each on a connection of its own, that sync one edit each at the beat of a clock.

`python -m tests.bench.devices load URL FILE` prints the highest rate at which the slowest hundredth
of the syncs took half a second at most. What a device sends is what the engine sends for one edit:
a push, then a pull; its bytes are made beforehand as far as they can be, so that all the devices
together need a small part of one core.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import msgspec
import uuid_utils
import zstandard

from crm_core.catalog import SCHEMA
from crm_core.changes import Change, ChangeSet, Op
from crm_core.ids import ChangeSetId, DeviceId, RecordId
from crm_core.values import instant_of
from crm_core.wire import (
    PULL_ITEM_DECODER,
    End,
    PullRequest,
    PushRequest,
    PushResponse,
    decode,
    encode,
)  # fmt: skip
from crm_server.organisations import system_clock
from tests.bench.table import share

LATE_S = 0.5
SLOWEST = 0.99
FEW_DEVICES = 20
AT_ONCE = 50
SEED = 11
STEP_SHARE = 0.08
"""From one rate to the next, in parts of what the server does for some devices in turn."""

FIRST_SHARE, STEPS_MAX = 0.6, 12
OK = b"HTTP/1.1 200"


@dataclass(frozen=True, slots=True)
class Span:
    """How long each rate is kept up: at first nothing is counted."""

    warm_s: float
    counted_s: float


WHOLE, SHORT = Span(2.0, 8.0), Span(0.1, 0.3)
"""`SHORT` only tries the bench."""


@dataclass(slots=True)
class Account:
    """What a device holds of an account."""

    id: RecordId
    seq: int
    phone: str | None


@dataclass(slots=True)
class Device:
    """A signed-in device that is up to date."""

    token: str
    user: RecordId
    device: DeviceId
    epoch: str
    scope_gen: int
    cursor: int
    count: int
    accounts: list[Account]
    edits: int = 0
    server: tuple[str, int] = ("", 0)
    reader: asyncio.StreamReader | None = None
    writer: asyncio.StreamWriter | None = None
    heads: dict[str, bytes] = field(default_factory=dict[str, bytes])

    async def connect(self, host: str, port: int) -> None:
        """Open its connection, and make what every one of its requests begins with."""
        self.server = (host, port)
        self.reader, self.writer = await asyncio.open_connection(host, port)
        for path in ("/sync/v1/push", "/sync/v1/pull"):
            self.heads[path] = (
                f"POST {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUser-Agent: bench\r\n"
                "Accept-Encoding: zstd, identity\r\nAccept: */*\r\nConnection: keep-alive\r\n"
                f"Content-Type: application/json\r\nAuthorization: Bearer {self.token}\r\n"
                "Content-Length: "
            ).encode()

    async def sync(self) -> None:
        """Edit one account, push and pull. Raises where the server does not take it."""
        account = self.accounts[self.edits % len(self.accounts)]
        self.edits += 1
        phone = f"030-{self.edits}"
        change = Change(
            "account", account.id, Op.SET, {"phone": phone}, {"phone": account.phone}, account.seq
        )
        changeset = ChangeSet(
            ChangeSetId(uuid_utils.uuid7().hex), (change,), author=self.user, device=self.device,
            at=instant_of(system_clock()), schema=SCHEMA, scope_gen=self.scope_gen, label="Edit",
        )  # fmt: skip
        request = PushRequest(self.epoch, SCHEMA, (changeset,))
        body = await self._ask("/sync/v1/push", encode(request))
        answer = decode(body, PushResponse)
        (result,) = answer.results
        assert result.result == "applied", result
        account.seq, account.phone = result.seq, phone
        asked = PullRequest(self.epoch, SCHEMA, self.scope_gen, self.cursor)
        lines = await self._ask("/sync/v1/pull", encode(asked))
        end = PULL_ITEM_DECODER.decode(lines.rstrip(b"\n").rpartition(b"\n")[2])
        assert isinstance(end, End), end
        assert (end.hi >= account.seq, end.count) == (True, self.count), end
        self.cursor = end.hi

    async def _ask(self, path: str, body: bytes) -> bytes:
        """The plain answer; a connection that the server closed meanwhile is opened again."""
        message = b"%s%d\r\n\r\n%s" % (self.heads[path], len(body), body)
        try:
            return await self._answer(path, message)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.close()
            await self.connect(*self.server)
            return await self._answer(path, message)

    async def _answer(self, path: str, message: bytes) -> bytes:
        assert self.reader is not None
        assert self.writer is not None
        self.writer.write(message)
        head = await self.reader.readuntil(b"\r\n\r\n")
        packed = await _body(self.reader, head.lower())
        if b"content-encoding: zstd" in head.lower():
            packed = zstandard.ZstdDecompressor().decompressobj().decompress(packed)
        if not head.startswith(OK):
            raise RuntimeError(f"{path}: {head!r} {packed!r}")
        return packed

    def close(self) -> None:
        """Close its connection."""
        if self.writer is not None:
            self.writer.close()


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    _, named, rest = head.partition(b"content-length:")
    if named:
        return await reader.readexactly(int(rest.split(b"\r\n", 1)[0]))
    parts: list[bytes] = []
    while size := int((await reader.readline()).strip(), 16):
        parts.append((await reader.readexactly(size + 2))[:-2])
    await reader.readline()
    return b"".join(parts)


def arrivals(rate: float, seconds: float) -> Iterator[float]:
    """When syncs begin that nobody waits for: seconds from now, at random, `rate` a second."""
    rng = Random(SEED)
    at_s = rng.expovariate(rate)
    while at_s < seconds:
        yield at_s
        at_s += rng.expovariate(rate)


async def closed(devices: Iterable[Device], seconds: float) -> float:
    """Syncs a second of few devices that begin the next one when the former has ended."""
    ends_s = time.monotonic() + seconds
    done = 0

    async def work(device: Device) -> None:
        nonlocal done
        while time.monotonic() < ends_s:
            await device.sync()
            done += 1

    began_s = time.monotonic()
    await asyncio.gather(*map(work, devices))
    return done / (time.monotonic() - began_s)


async def slowest(devices: list[Device], rate: float, span: Span) -> float:
    """Seconds within which 99 of 100 syncs end that begin at this rate, whatever became of the
    others: who finds no device free waits for one, and that counts too."""
    idle: asyncio.Queue[Device] = asyncio.Queue()
    for device in devices:
        idle.put_nowait(device)
    took: list[float] = []
    began_s = time.monotonic()

    async def one(due_s: float) -> None:
        device = await idle.get()
        await device.sync()
        idle.put_nowait(device)
        if due_s >= span.warm_s:
            took.append(time.monotonic() - began_s - due_s)

    async with asyncio.TaskGroup() as group:
        for due_s in arrivals(rate, span.warm_s + span.counted_s):
            await asyncio.sleep(max(0.0, due_s - (time.monotonic() - began_s)))
            group.create_task(one(due_s))
    return share(took, SLOWEST)


async def catch_up(devices: list[Device]) -> None:
    """Each syncs once, and nothing is counted: the first pull through a new process has it count
    all that the device sees, and takes in the devices that signed in since."""
    for start in range(0, len(devices), AT_ONCE):
        await asyncio.gather(*(device.sync() for device in devices[start : start + AT_ONCE]))


async def highest_rate(devices: list[Device], span: Span) -> dict[str, Any]:
    """The highest rate that the server kept up with, and what was tried."""
    began_s, cpu_s = time.monotonic(), time.process_time()
    await catch_up(devices)
    of_few = await closed(devices[:AT_ONCE], span.counted_s / 2)
    await catch_up(devices)  # the others' connections were idle, and new ones lead anywhere
    tried: list[tuple[float, float]] = []
    for step in range(STEPS_MAX):
        rate = of_few * (FIRST_SHARE + step * STEP_SHARE)
        tried.append((rate, await slowest(devices, rate, span)))
        if tried[-1][1] > LATE_S:
            break
    own_share = (time.process_time() - cpu_s) / (time.monotonic() - began_s)
    return {"rate": passing(tried), "tried": tried, "of_few": of_few, "own_share": own_share}


def passing(tried: list[tuple[float, float]]) -> float:
    """The rate at which the time passes the limit, between the last two that were tried."""
    (after, over), below = tried[-1], tried[:-1]
    if over <= LATE_S:
        return after
    if not below:
        return after * LATE_S / over
    before, under = below[-1]
    return before + (after - before) * (LATE_S - under) / (over - under)


async def _run(url: str, devices: list[Device], span: Span) -> dict[str, Any]:
    where = urlsplit(url)
    for device in devices:
        await device.connect(where.hostname or "", where.port or 0)
    made = await highest_rate(devices, span)
    for device in devices:
        device.close()
    return made


def read(file: Path) -> list[Device]:
    """The devices that were prepared."""
    found: list[Device] = []
    for raw in json.loads(file.read_bytes()):
        mine = [Account(*one) for one in raw.pop("accounts")]
        found.append(Device(**raw, accounts=mine))
    return found


def kept(file: Path, devices: list[Device]) -> None:
    """Write down what the devices hold now, for the next run."""
    names = ("token", "user", "device", "epoch", "scope_gen", "cursor", "count")
    rows = [
        {**{name: getattr(x, name) for name in names},
         "accounts": [[one.id, one.seq, one.phone] for one in x.accounts]}
        for x in devices
    ]  # fmt: skip
    file.write_bytes(msgspec.json.encode(rows))


def load(url: str, file: str) -> dict[str, Any]:
    """Run on the last core, the server has the first."""
    os.sched_setaffinity(0, {max(range(os.cpu_count() or 1))})
    devices = read(Path(file))
    made = asyncio.run(_run(url, devices, WHOLE if len(devices) >= FEW_DEVICES else SHORT))
    kept(Path(file), devices)
    return made


if __name__ == "__main__":
    print(json.dumps(load(*sys.argv[2:])))
