"""The API's description: FastAPI's own, with the bodies that travel described by their structs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import msgspec
from fastapi import FastAPI

from crm_core import wire


class Ping(msgspec.Struct, frozen=True, omit_defaults=True):
    """The server's time; the epoch for those with a token."""

    time: str
    epoch: str = ""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What an endpoint takes and gives: types, or media types of what is no JSON; `headers` are
    those that say a number."""

    takes: object = None
    gives: object = dict[str, str]
    is_open: bool = False
    headers: tuple[str, ...] = ()


NDJSON = "application/x-ndjson"
EVENTS = "text/event-stream"
BINARY = "application/octet-stream"
ZIP = "application/zip"
JSON = "application/json"
PLAIN = "text/plain"
LENGTH, OFFSET = "upload-length", "upload-offset"

ENDPOINTS: Mapping[str, Endpoint] = {
    "/ping": Endpoint(gives=Ping, is_open=True),
    "/metrics": Endpoint(gives=PLAIN, is_open=True),
    "/auth/v1/sign-in": Endpoint(wire.SignInRequest, wire.SignInResponse, is_open=True),
    "/auth/v1/refresh": Endpoint(wire.RefreshRequest, wire.SignInResponse, is_open=True),
    "/auth/v1/sign-out": Endpoint(),
    "/sync/v1/push": Endpoint(wire.PushRequest, wire.PushResponse),
    "/sync/v1/pull": Endpoint(wire.PullRequest, NDJSON),
    "/sync/v1/history/{kind}/{record_id}": Endpoint(gives=tuple[wire.HistoryEntry, ...]),
    "GET /sync/v1/refusals": Endpoint(gives=tuple[wire.Refusal, ...]),
    "POST /sync/v1/refusals": Endpoint(wire.StillRefused),
    "/sync/v1/duplicates": Endpoint(wire.TwinRequest, wire.HiddenTwin),
    "/events": Endpoint(gives=EVENTS),
    "GET /blobs/{sha256}": Endpoint(gives=BINARY),
    "HEAD /blobs/{sha256}": Endpoint(gives=BINARY),
    "PUT /blobs/{sha256}": Endpoint(gives=wire.BlobOffer, headers=(LENGTH,)),
    "PATCH /blobs/{sha256}": Endpoint(BINARY, wire.BlobOffer, headers=(LENGTH, OFFSET)),
    "/sync/v1/park": Endpoint(BINARY),
    "GET /devices/v1/list": Endpoint(gives=wire.DeviceList),
    "/devices/v1/withdraw": Endpoint(dict[str, str]),
    "/privacy/v1/held": Endpoint(dict[str, str], wire.PersonHeld),
    "/privacy/v1/erase": Endpoint(dict[str, str], wire.PersonErased),
    "/privacy/v1/export": Endpoint(dict[str, str], ZIP),
    "/sync/v1/sealed-key": Endpoint(dict[str, str]),
}

_Object = dict[str, Any]


def described(app: FastAPI) -> _Object:
    """The OpenAPI description of the application; the lines of a stream are left out."""
    made: _Object = FastAPI.openapi(app)
    types = [x for one in ENDPOINTS.values() for x in (one.takes, one.gives)]
    structs = [*dict.fromkeys(x for x in (*types, wire.Problem) if _is_described(x))]
    found, components = msgspec.json.schema_components(
        structs, ref_template="#/components/schemas/{name}"
    )
    schemas = dict(zip(structs, found, strict=True))
    for path, operations in cast("_Object", made["paths"]).items():
        for method, operation in operations.items():
            one = ENDPOINTS.get(f"{method.upper()} {path}") or ENDPOINTS[path]
            _describe(operation, one, schemas)
    made["components"] = {
        "schemas": msgspec.to_builtins(components),
        "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
    }
    return made


def _is_described(type_: object) -> bool:
    return type_ is not None and not isinstance(type_, str)


def _describe(operation: _Object, endpoint: Endpoint, schemas: Mapping[Any, Any]) -> None:
    operation["responses"] = {
        "200": {"description": "Done.", "content": _content(endpoint.gives, schemas)},
        "default": {
            "description": "Refused, with a stable code.",
            "content": _content(wire.Problem, schemas),
        },
    }
    if endpoint.takes is not None:
        content = _content(endpoint.takes, schemas)
        operation["requestBody"] = {"required": True, "content": content}
    for name in endpoint.headers:
        schema = {"type": "integer", "minimum": 0, "maximum": 2**62}
        named = {"name": name, "in": "header", "required": True, "schema": schema}
        operation.setdefault("parameters", []).append(named)
    if not endpoint.is_open:
        operation["security"] = [{"token": []}]


def _content(type_: object, schemas: Mapping[Any, Any]) -> _Object:
    return {type_: {}} if isinstance(type_, str) else {JSON: {"schema": schemas[type_]}}
