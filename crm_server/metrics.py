"""The server's figures for Prometheus, counted by all worker processes together.

Labels are the server's own words (routes, codes, verdicts, short names of organisations): nothing a
customer typed becomes one, and nobody outside can make more of them.
"""

from __future__ import annotations

import datetime as dt
import os
import threading
import time
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from crm_core.catalog import SCHEMA
from crm_core.errors import CrmError
from crm_core.values import instant_of
from crm_server.organisations import Organisations
from crm_server.service import Service
from crm_server.tables import STORE_VERSION

SHARED_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""A folder in which the processes keep what they count; read when this module is imported."""

MEDIA_TYPE = CONTENT_TYPE_PLAIN_0_0_4
KEPT_S = 10.0
"""So long the stores' figures are kept: who asks more often asks for the same."""

DAY_S = 86_400
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)

_counted = CollectorRegistry()

SECONDS = Histogram(
    "crm_request_seconds", "How long requests took, by route and HTTP status.",
    ("route", "status"), buckets=_BUCKETS, registry=_counted,
)  # fmt: skip
RESPONSE_BYTES = Counter(
    "crm_response_bytes", "Bytes of answers, as sent.", ("route",), registry=_counted
)
PROBLEMS = Counter(
    "crm_problems", "Requests that were refused, by the code of the answer.", ("code",),
    registry=_counted,
)  # fmt: skip
CHANGESETS = Counter(
    "crm_changesets", "Changesets received, by what became of them.", ("result",),
    registry=_counted,
)  # fmt: skip


def note_request(route: str, status: int, size: int, seconds: float) -> None:
    """Count a request that was answered."""
    _seconds(route, status).observe(seconds)
    _bytes(route).inc(size)


def note_verdicts(verdicts: Iterable[str]) -> None:
    """Count what became of changesets."""
    for verdict in verdicts:
        _changesets(verdict).inc()


# Looking a figure up by its labels costs more than counting.


@cache
def _seconds(route: str, status: int) -> Histogram:
    return SECONDS.labels(route, str(status))


@cache
def _bytes(route: str) -> Counter:
    return RESPONSE_BYTES.labels(route)


@cache
def _changesets(result: str) -> Counter:
    return CHANGESETS.labels(result)


class Figures:
    """Writes what was counted, and what the stores hold at the moment."""

    def __init__(self, organisations: Organisations) -> None:
        self._organisations = organisations
        self._lock = threading.Lock()
        self._kept: list[Metric] = []
        self._at = -KEPT_S

    def text(self) -> bytes:
        """All figures in Prometheus' text format."""
        if SHARED_VARIABLE in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
            counted = generate_latest(registry)
        else:
            counted = generate_latest(_counted)
        held = CollectorRegistry()
        held.register(self)
        return counted + generate_latest(held)

    def collect(self) -> Iterable[Metric]:
        """What the stores hold, not older than `KEPT_S`."""
        with self._lock:
            if time.monotonic() - self._at >= KEPT_S:
                self._kept = list(_held(self._organisations))
                self._at = time.monotonic()
            return self._kept


def _held(organisations: Organisations) -> Iterator[Metric]:
    info = GaugeMetricFamily(
        "crm_server_info", "Versions of this server.", labels=["version", "schema", "store"]
    )
    info.add_metric([version("crm-desktop"), str(SCHEMA), str(STORE_VERSION)], 1)
    yield info
    up = GaugeMetricFamily("crm_database_up", "Whether the database answers.")
    gauges = _gauges()
    start = time.perf_counter()
    try:
        for slug in organisations.slugs():
            _read(organisations.open(slug).service, slug, gauges)
        up.add_metric([], 1)
    except CrmError:
        up.add_metric([], 0)
    took = GaugeMetricFamily("crm_store_read_seconds", "How long reading these figures took.")
    took.add_metric([], time.perf_counter() - start)
    yield from (up, took, *gauges.values())


def _gauges() -> dict[str, GaugeMetricFamily]:
    words = {
        "crm_feed_seq": "The place that an organisation's feed has reached.",
        "crm_feed_floor": "The place of the feed below which deletions are forgotten.",
        "crm_devices": "Devices that were not withdrawn.",
        "crm_devices_seen_day": "Devices that were here within a day.",
        "crm_parked": "Changesets that wait here: refused ones, and what devices left.",
        "crm_parked_bytes": "The room that they take.",
    }
    return {name: GaugeMetricFamily(name, text, labels=["organisation"])
            for name, text in words.items()}  # fmt: skip


def _read(service: Service, slug: str, gauges: dict[str, GaugeMetricFamily]) -> None:
    day_ago = instant_of(service.clock() - dt.timedelta(seconds=DAY_S))
    with service.store.read() as tx:
        clock = tx.clock()
        devices = tx.row(
            "SELECT count(*), coalesce(sum(CASE WHEN d.last_seen_at >= ? OR r.at >= ? THEN 1"
            " ELSE 0 END), 0) FROM device d LEFT JOIN reached r ON r.device = d.id"
            " WHERE d.revoked_at = ''",
            (day_ago, day_ago),
        )
        parked = tx.row("SELECT count(*), coalesce(sum(length(payload)), 0) FROM parked")
    assert devices is not None
    assert parked is not None
    values = (clock.seq, clock.gc_floor, *devices, *parked)
    for gauge, value in zip(gauges.values(), values, strict=True):
        gauge.add_metric([slug], float(value))
