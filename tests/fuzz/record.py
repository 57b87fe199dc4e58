"""Records the corpus: what a day at the test company really sends, one file a message.

python -m tests.fuzz.record
"""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import zstandard
from msgspec.structs import replace

from crm_core.catalog import CATALOG
from crm_core.changes import Change, Op
from crm_core.fields import Value
from crm_core.ids import ChangeSetId, DeviceId, RecordId
from crm_core.wire import (
    STUBS_ALL,
    ChangeResult,
    ChangeSetResult,
    Check,
    Deleted,
    Gone,
    Left,
    Outcomes,
    Part,
    PullRequest,
    Refusal,
    SignInRequest,
    StillRefused,
    TwinRequest,
    WireTombstone,
    encode,
)
from crm_desktop.models import file_states, journal, queries
from crm_desktop.models.attaching import attach
from crm_desktop.models.blobs import Blobs
from crm_desktop.models.file_queue import FileQueue
from crm_desktop.models.outbox import Outbox
from crm_desktop.models.store import Identity, Store
from crm_desktop.sync.failures import of_answer
from crm_desktop.sync.file_calls import FileCalls
from crm_desktop.sync.file_runner import FileRunner
from crm_desktop.sync.listening import PATH_EVENTS
from crm_desktop.sync.runner import Runner
from crm_desktop.sync.session import (
    PATH_DEVICES,
    PATH_ERASE,
    PATH_HELD,
    PATH_REFRESH,
    PATH_SIGN_IN,
    PATH_TWINS,
    Session,
    sign_in,
)
from crm_desktop.transfer.exporting import export
from tests.fuzz.company import (
    DEVICE_KEY,
    EPOCH,
    NOW,
    PASSWORD,
    READABLE,
    SECRET,
    TAKEN,
    USCC,
    Answer,
    Company,
    device_of,
    hash_of,
)
from tests.fuzz.received import STORE_KEY
from tests.fuzz.served import ASKERS, METHODS, QUESTIONS
from tests.simulator.company import ACCOUNTS, ANN, LEA, Person, fixed_id

CORPUS = Path(__file__).parent / "corpus"
FILE_BYTES_MAX = 16 * 1024
"""A larger message teaches the fuzzer nothing that a smaller one does not."""

FILES_MAX = 20


_KEPT = ("push", "sign-in", "refresh", "park")
_ANSWERED: Mapping[str, int] = {
    PATH_SIGN_IN: 0, PATH_REFRESH: 0, PATH_TWINS: 5, PATH_HELD: 6, PATH_ERASE: 7,
}  # fmt: skip
"""For which answers `received.answers` is told by which byte."""


class Recorder:
    """A `session.Client` of one person that keeps all that passes."""

    def __init__(self, company: Company, kept: dict[str, list[bytes]], login: str) -> None:
        self._company = company
        self.kept = kept
        self._asker = ASKERS.index(login)
        self.token = ""
        self.exchanged: list[tuple[int, str, str]] = []

    def get(self, path: str, token: str = "") -> bytes:
        self.kept["path"].append(path.removeprefix("/sync/v1/history/").encode())
        answer = self._asked("GET", path, b"", token)
        self.kept["answers"].append((b"\x04" if path == PATH_DEVICES else b"\x01") + answer)
        return answer

    def post(self, path: str, body: bytes, token: str = "") -> bytes:
        answer = self._asked("POST", path, body, token)
        if path in QUESTIONS:
            first = self._asker * len(QUESTIONS) + QUESTIONS.index(path)
            self.kept["question"].append(bytes([first]) + body)
        if path in _ANSWERED:
            self.kept["answers"].append(bytes([_ANSWERED[path]]) + answer)
        word = path.rpartition("/")[2]
        if word in _KEPT:
            self.kept[word].append(body)
        if word == "push":
            self.kept["pushed"].append(answer)
            packed = zstandard.ZstdCompressor(level=1).compress(body)
            self.kept["body"].append(b"\0" + packed)
            self.kept["http-answer"].append(b"\0\n" + zstandard.compress(answer))
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
        told = [headers.get(name, "") for name in ("Upload-Length", "Upload-Offset", "Range")]
        asked = "\n".join((path.rpartition("/")[2], *told, "")).encode() + body
        self.kept["file"].append(bytes([METHODS.index(method)]) + asked)
        answer = self._answered(
            method, path, body, token, [(name.lower(), value) for name, value in headers.items()]
        )
        place = answer.headers.get("content-range", "")
        self.exchanged.append((answer.status, place, answer.body.decode()))
        return answer.body, {"Content-Range": place}

    def expect_answer(self) -> None:
        pass

    def close(self) -> None:
        pass

    def _asked(self, method: str, path: str, body: bytes, token: str) -> bytes:
        return self._answered(method, path, body, token).body

    def _answered(
        self, method: str, path: str, body: bytes, token: str,
        headers: Iterable[tuple[str, str]] = (),
    ) -> Answer:  # fmt: skip
        self.token = token or self.token
        bearer = (("authorization", f"Bearer {token}"),) if token else ()
        answer = self._company.ask(method, path, body, (*bearer, *headers))
        if answer.status not in (200, 206):
            self.kept["answers"].append(b"\x02" + answer.body)
            raise of_answer(answer.status, "", {})
        return answer


class Laptop:
    """A real store and the real engine, at work over the recorder."""

    def __init__(self, folder: Path, recorder: Recorder, person: Person) -> None:
        device = DeviceId(device_of(person.login))
        identity = Identity(person.id, person.login, device, "acme", "http://test")
        self.recorder = recorder
        self.blobs = Blobs(folder / person.login, STORE_KEY)
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

    def transfer(self) -> None:
        FileRunner(FileQueue(self.store, self.blobs), FileCalls(self.session)).run()
        self.recorder.kept["files"].append(encode(self.recorder.exchanged))

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
    ann.insert(
        "task", account=account, title="Call", due_on="2026-12-01", remind_at="2026-11-20T07:00:00Z"
    )
    ann.insert("complaint", account=account, subject="Broken", received_at="2026-11-19T08:00:00Z")
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
    files_of_a_day(ann)
    questions_of_a_day(ann, lea)


def files_of_a_day(ann: Laptop) -> None:
    """One is sent, and one fetched."""
    attach(ann.store, ann.blobs, ("account", ACCOUNTS[0]), BytesIO(TAKEN), "a.jpg")
    file_states.want(ann.store.write, hash_of(READABLE), len(READABLE), ann.store.now())
    ann.transfer()


def questions_of_a_day(ann: Laptop, lea: Laptop) -> None:
    """What is asked one by one, and pulls that ask for more than what is new."""
    contact = fixed_id(200)
    ann.session.hidden_twin(TwinRequest("account", "uscc", USCC))
    ann.session.deposit_key("ab" * 32)
    ann.session.tell_still_refused(StillRefused((RecordId(EPOCH),)))
    ann.session.devices()
    ann.session.withdraw(device_of("second"))
    lea.session.person_held("contact", contact)
    lea.session.export_person("contact", contact)
    lea.session.erase_person("contact", contact)
    for laptop in (ann, lea):
        cursor = laptop.store.write.value("SELECT cursor FROM sync_state")
        ask = PullRequest(EPOCH, scope_gen=1, cursor=cursor, erased=0, stubs=STUBS_ALL)
        for request in (
            replace(ask, offers=(RecordId(EPOCH),), unsent=1),
            replace(ask, cursor=0, first="2026-11-20"),
            replace(ask, check=Check(content=True)),
            replace(ask, check=Check(("64", "67")), anew=(ACCOUNTS[0],)),
        ):
            with laptop.session.pull(request) as items:
                list(items)


def record(company: Company, folder: Path) -> Mapping[str, list[bytes]]:
    """All that passed in a day, by target."""
    kept: dict[str, list[bytes]] = defaultdict(list)
    ann, lea = (
        Laptop(folder, Recorder(company, kept, person.login), person) for person in (ANN, LEA)
    )
    company.sign_in("ann", device=device_of("second"))
    a_day(ann, lea)
    kept["body"].extend(b"\x12" + one for one in kept.pop("park"))
    kept["token"].append(f"Bearer {ann.recorder.token}".encode())
    refusal = Refusal(
        ChangeSetId(EPOCH), ANN.id, device_of("ann"), "2026-11-20T08:00:00Z",
        Change("account", ACCOUNTS[0], Op.SET, {"name": "B"}, {"name": "A"}, 1),
        0, "name", "right.missing", {"action": "edit"},
    )  # fmt: skip
    kept["answers"].append(b"\x03" + encode((refusal,)))
    kept["file"].extend(bytes([n]) + hash_of(SECRET).encode() for n in range(len(METHODS)))
    outcome = ChangeSetResult(
        ChangeSetId(EPOCH), "applied", 5, (ChangeResult(0, "phone", "applied"),)
    )
    rare = (
        Left((ACCOUNTS[0],)), Gone("visit", (fixed_id(203),)), Outcomes((outcome,)),
        Deleted("task", (WireTombstone(fixed_id(204), 60),)), Part(60, 40),
    )  # fmt: skip
    kept["pulled"].append(b"\n".join(map(encode, rare)) + b"\n")
    kept["events"].append(b"5")
    company.signed["ann"] = company.sign_in("ann")
    kept["hints"].append(company.listen_as("ann", PATH_EVENTS, ("last-event-id", "5")).body)
    kept["refresh"].append(b"2026-11-20T08:00:00Z")
    kept["http-answer"].append(b"\x721\n" + b'{"error":"server.busy"}')
    for number, kind in enumerate(("account", "contact", "visit", "task")):
        kept["table"].append(bytes([number]) + _exported(ann.store, kind, folder))
    kept["loaded"].append(
        b'\x04[{"ext_id":"E1","name":"Alfreds","owner":"ann","uscc":"91350100M000100Y43","tags":["a"]}]'
    )
    kept["loaded"].append("\0ext_id,name,owner\nE1,Alfreds 世界,ann\nE2,Hungry,lea\n".encode())
    kept["loaded"].append(b"\2ext_id;name;code\nP1;Chai;C1\n")
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
