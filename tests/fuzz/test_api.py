"""The API keeps to its description: every answer fits it, nothing fails, tokens are demanded."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.python import asgi
from schemathesis.specs.openapi import checks
from starlette.routing import Route

from crm_server.http import create_app
from crm_server.openapi import ENDPOINTS
from tests.fuzz.company import Company

EXAMPLES = int(os.environ.get("CRM_API_EXAMPLES", "8"))
"""For each endpoint; `make fuzz` asks for more."""

CHECKS: list[Any] = [
    not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
GUARDED = [path for path, endpoint in ENDPOINTS.items() if not endpoint.is_open]
STREAMED = ("/sync/v1/pull", "/events")
Ask = Callable[[Any], None]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    """One company for all endpoints; what they change is no matter."""
    made = Company(tmp_path_factory.mktemp("api") / "company")
    yield made
    made.close()


@pytest.fixture(scope="module")
def schema(company: Company) -> Any:
    """The API as the server describes it."""
    app = create_app(company.organisations, api_docs=True)
    return schemathesis.openapi.from_asgi("/openapi.json", app)


def asking(company: Company, schema: Any) -> Ask:
    """Sends a generated request with ann's token, and judges the answer."""
    token = company.sign_in("ann").access_token
    client = asgi.get_client(schema.app)

    def ask(case: Any) -> None:
        case.call_and_validate(
            session=client, headers={"Authorization": f"Bearer {token}"}, checks=CHECKS
        )

    return ask


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("path", [path for path in ENDPOINTS if path not in STREAMED])
def test_every_answer_fits_the_description(company: Company, schema: Any, path: str) -> None:
    method, _, where = path.rpartition(" ")
    operation = next(
        x
        for y in schema.get_all_operations()
        if (x := y.ok()).path == where and x.method.upper() in (method or x.method.upper())
    )
    ask = asking(company, schema)

    @settings(
        max_examples=EXAMPLES, deadline=None, database=None, derandomize=EXAMPLES < 100,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    )  # fmt: skip
    @given(case=operation.as_strategy())
    def each(case: Any) -> None:
        ask(case)

    each()


def test_every_endpoint_is_described(company: Company) -> None:
    routes = create_app(company.organisations).routes
    assert {route.path for route in routes if isinstance(route, Route)} == {
        path.rpartition(" ")[2] for path in ENDPOINTS
    }


@pytest.mark.parametrize("path", GUARDED)
@pytest.mark.parametrize(
    "value", ["", "Bearer", "Bearer x", "Bearer acme.x", "Basic YW5uOnNlc2FtZQ==", "bearer  "]
)
def test_without_a_good_token_no_endpoint_answers(company: Company, path: str, value: str) -> None:
    method = "GET" if "history" in path or path in ("/events", "/sync/v1/refusals") else "POST"
    named, _, path = path.rpartition(" ")
    method = named or method
    where = path.format(kind="account", record_id="0" * 32, sha256="0" * 64)
    body = b'{"epoch":"","schema":1,"changesets":[]}' if path.endswith("push") else b"{}"
    answer = company.ask(method, where, body, (("authorization", value),))
    assert (answer.status, answer.body) == (401, b'{"error":"auth.required"}')


def test_another_method_is_answered_by_those_there_are(company: Company) -> None:
    answer = company.ask("DELETE", "/sync/v1/push")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
