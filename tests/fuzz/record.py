"""Records the corpus: what a day at the test company really sends, one file a message.

python -m tests.fuzz.record
"""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import zstandard

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import DeviceId, RecordId
from crm_core.wire import SignInRequest, encode
from crm_desktop.models import journal, queries
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Identity, Store
from crm_desktop.sync.failures import of_answer
from crm_desktop.sync.runner import Runner
from crm_desktop.sync.session import Session, sign_in
from crm_desktop.transfer.exporting import export
from tests.fuzz.company import DEVICE_KEY, NOW, PASSWORD, Company, device_of
from tests.fuzz.received import STORE_KEY
from tests.simulator.company import ACCOUNTS, ANN, LEA, Person, fixed_id

CORPUS = Path(__file__).parent / "corpus"
FILE_BYTES_MAX = 16 * 1024
"""A larger message teaches the fuzzer nothing that a smaller one does not."""

FILES_MAX = 12


class Recorder:
    """A `session.Client` that keeps all that passes."""

    def __init__(self, company: Company) -> None:
        self._company = company
        self.kept: dict[str, list[bytes]] = defaultdict(list)
        self.token = ""

    def get(self, path: str, token: str = "") -> bytes:
        self.kept["path"].append(path.removeprefix("/sync/v1/history/").encode())
        answer = self._asked("GET", path, b"", token)
        self.kept["answers"].append(b"\x01" + answer)
        return answer

    def post(self, path: str, body: bytes, token: str = "") -> bytes:
        answer = self._asked("POST", path, body, token)
        word = path.rpartition("/")[2]
        self.kept[word].append(body)
        if word == "push":
            self.kept["pushed"].append(answer)
            packed = zstandard.ZstdCompressor(level=1).compress(body)
            self.kept["body"].append(b"\0" + packed)
            self.kept["http-answer"].append(b"\0\n" + zstandard.compress(answer))
        if word in ("sign-in", "refresh"):
            self.kept["answers"].append(b"\0" + answer)
        return answer

    @contextmanager
    def lines(self, path: str, body: bytes, token: str = "") -> Iterator[Iterator[bytes]]:
        answer = self._asked("POST", path, body, token)
        self.kept["pull"].append(body)
        self.kept["pulled"].append(answer)
        yield iter(answer.split(b"\n"))

    def exchange(
        self, method: str, path: str, body: bytes, token: str, headers: Mapping[str, str], /
    ) -> tuple[bytes, Mapping[str, str]]:
        return self._asked(method, path, body, token), {}

    def expect_answer(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _asked(self, method: str, path: str, body: bytes, token: str) -> bytes:
        self.token = token or self.token
        headers = (("authorization", f"Bearer {token}"),) if token else ()
        answer = self._company.ask(method, path, body, headers)
        if answer.status != 200:
            self.kept["answers"].append(b"\x02" + answer.body)
            raise of_answer(answer.status, "", {})
        return answer.body


class Laptop:
    """A real store and the real engine, at work over the recorder."""

    def __init__(self, folder: Path, recorder: Recorder, person: Person) -> None:
        device = DeviceId(device_of(person.login))
        identity = Identity(person.id, person.login, device, "acme", "http://test")
        self.store = Store.create(
            folder / f"{person.login}.db", STORE_KEY, identity, clock=lambda: NOW
        )
        self.session = Session(recorder, self.store, device, DEVICE_KEY, lambda: NOW)
        request = SignInRequest(
            person.login, PASSWORD, device, "L", DEVICE_KEY.public_hex, "acme", "Linux", "1.0"
        )
        self.session.keep(sign_in(recorder, request))

    def synchronise(self) -> None:
        Runner(Outbox(self.store), self.session).run()

    def insert(self, kind: str, **values: Value) -> RecordId:
        change = Change(kind, self.store.new_id(), Op.INSERT, values)
        journal.commit(self.store, [change], label="Test")
        return change.id

    def set(self, kind: str, record_id: RecordId, **values: Value) -> None:
        with self.store.reader() as c:
            row = queries.record(c, kind, record_id)
        assert row is not None
        old = {name: row.values.get(name) for name in values}
        change = Change(kind, record_id, Op.SET, values, old, row.seq)
        journal.commit(self.store, [change], label="Test")


def a_day(ann: Laptop, lea: Laptop) -> None:
    """Records made, changed, in conflict, refused and deleted by two people."""
    for laptop in (ann, lea):
        laptop.synchronise()
    account = ann.insert("account", name="Alfreds 世界", industry="steel", tags=["a", "b"])
    ann.insert("contact", full_name="Maria Anders", email="maria@example.com")
    ann.insert("visit", account=account, objectives="See", planned_start="2026-11-21T08:00:00Z")
    ann.insert("task", account=account, title="Call", due_on="2026-12-01")
    ann.insert("complaint", account=account, subject="Broken")
    ann.insert("address", account=account, city="Jena", street="Weg 1")
    ann.synchronise()
    lea.synchronise()
    ann.set("account", ACCOUNTS[0], phone="111", description="First line.\nSecond, changed.\n")
    lea.set("account", ACCOUNTS[0], phone="222", tags=["new", "old"])
    lea.synchronise()
    ann.synchronise()
    change = Change("task", fixed_id(204), Op.DELETE, base_seq=1)
    journal.commit(ann.store, [change], label="Test")
    ann.synchronise()
    lea.synchronise()
    ann.session.refresh()
    ann.session.history("account", ACCOUNTS[0])
    ann.session.park(Outbox(ann.store).unsent())


def record(company: Company, folder: Path) -> Mapping[str, list[bytes]]:
    """All that passed in a day, by target."""
    recorder = Recorder(company)
    ann, lea = (Laptop(folder, recorder, person) for person in (ANN, LEA))
    a_day(ann, lea)
    kept = recorder.kept
    kept["body"].extend(b"\x12" + one for one in kept.pop("park"))
    kept["token"].append(f"Bearer {recorder.token}".encode())
    kept["refresh"].append(b"2026-11-20T08:00:00Z")
    kept["http-answer"].append(b"\x721\n" + b'{"error":"server.busy"}')
    for number, kind in enumerate(("account", "contact", "visit", "task")):
        kept["table"].append(bytes([number]) + _exported(ann.store, kind, folder))
    kept["profile"].append(
        encode({
            "server": "https://crm.example.com", "organisation": "acme", "login": "ann",
            "user": ANN.id, "device": device_of("ann"), "key_kept": "keyring", "key_name": "k",
            "theme": "dark", "scale": 150, "sizes": {"accounts": [1, 2]}, "rail": 0,
        })
    )  # fmt: skip
    return kept


def _exported(store: Store, kind: str, folder: Path) -> bytes:
    file = folder / f"{kind}.csv"
    with store.reader() as c:
        export(c, CATALOG[kind], file)
    return b"\n".join(file.read_bytes().split(b"\n")[:4])


def main() -> None:
    shutil.rmtree(CORPUS, ignore_errors=True)
    with tempfile.TemporaryDirectory() as name:
        company = Company(Path(name) / "company")
        for target, messages in record(company, Path(name)).items():
            folder = CORPUS / target
            folder.mkdir(parents=True)
            small = [one for one in dict.fromkeys(messages) if len(one) <= FILE_BYTES_MAX]
            for number, one in enumerate(small[:FILES_MAX]):
                (folder / f"{number:02}").write_bytes(one)
        company.close()


if __name__ == "__main__":
    main()
