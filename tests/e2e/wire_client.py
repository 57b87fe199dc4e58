"""The wire without the application: what a rogue or foreign client could send."""

from __future__ import annotations

from typing import Self

import requests
import uuid_utils
import zstandard
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from crm_core.catalog import SCHEMA
from crm_core.changes import Change, ChangeSet, Op
from crm_core.fields import Value
from crm_core.ids import ChangeSetId, RecordId
from crm_core.wire import (
    PULL_ITEM_DECODER,
    ChangeSetResult,
    PullItem,
    PullRequest,
    PushRequest,
    PushResponse,
    SignInRequest,
    SignInResponse,
    decode,
    encode,
)
from tests.e2e.server import ORGANISATION, PASSWORD


def change_of(kind: str, record: str, field: str, old: Value, new: Value) -> Change:
    """An edit of one field by somebody who claims to know the record."""
    return Change(kind, RecordId(record), Op.SET, {field: new}, {field: old})


def insert_of(kind: str, **values: str) -> Change:
    """A new record."""
    return Change(kind, RecordId(new_id()), Op.INSERT, {**values})


def new_id() -> str:
    """An id as a client makes it."""
    return uuid_utils.uuid7().hex


class WireClient:
    """Somebody signed in at a new device, speaking HTTP by hand."""

    def __init__(self, url: str, login: str) -> None:
        self.url = url
        self.http = requests.Session()
        self.http.trust_env = False
        self.signed_in = self._sign_in(login)
        self.http.headers["Authorization"] = f"Bearer {self.signed_in.access_token}"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def _sign_in(self, login: str) -> SignInResponse:
        public = Ed25519PrivateKey.generate().public_key()
        key = public.public_bytes(Encoding.Raw, PublicFormat.Raw).hex()
        asked = SignInRequest(login, PASSWORD, new_id(), "by hand", key, ORGANISATION)
        answer = self.http.post(f"{self.url}/auth/v1/sign-in", encode(asked), timeout=30)
        assert answer.status_code == 200, answer.text
        return decode(answer.content, SignInResponse)

    def push(self, *changesets: ChangeSet) -> PushResponse:
        """Hand over changesets."""
        asked = PushRequest(self.signed_in.epoch, SCHEMA, changesets)
        answer = self.http.post(f"{self.url}/sync/v1/push", encode(asked), timeout=60)
        assert answer.status_code == 200, answer.text
        return decode(answer.content, PushResponse)

    def push_one(self, change: Change) -> ChangeSetResult:
        """Hand over one change; what became of it."""
        changeset = ChangeSet(ChangeSetId(new_id()), (change,), schema=SCHEMA)
        (result,) = self.push(changeset).results
        return result

    def pull(self, request: PullRequest | None = None) -> list[PullItem]:
        """Everything that this user sees."""
        asked = request or PullRequest(schema=SCHEMA)
        answer = self.http.post(f"{self.url}/sync/v1/pull", encode(asked), timeout=60)
        assert answer.status_code == 200, answer.text
        return [PULL_ITEM_DECODER.decode(line) for line in plain(answer).splitlines()]

    def history(self, kind: str, record: str) -> tuple[int, bytes]:
        """Status and body of the answer to a question for a record's history."""
        answer = self.http.get(f"{self.url}/sync/v1/history/{kind}/{record}", timeout=30)
        return answer.status_code, answer.content


def plain(answer: requests.Response) -> bytes:
    """The body, unpacked where it came packed and nobody below did it."""
    body = answer.content
    if body.startswith(zstandard.FRAME_HEADER):
        return zstandard.ZstdDecompressor().decompressobj().decompress(body)
    return body
