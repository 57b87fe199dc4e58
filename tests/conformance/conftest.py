"""The company whose records go through every layer, made once a process."""

from collections.abc import Iterator

import pytest

from tests.conformance.company import Company, Device, make_company


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    made = make_company(tmp_path_factory.mktemp("conformance"))
    yield made
    made.service.store.close()


@pytest.fixture
def laptop(company: Company, request: pytest.FixtureRequest) -> Iterator[Device]:
    company.rng.seed(request.node.nodeid)  # the same values in whatever order the tests run
    made = company.device()
    yield made
    made.store.close()


@pytest.fixture
def other_laptop(company: Company) -> Iterator[Device]:
    made = company.device()
    yield made
    made.store.close()
