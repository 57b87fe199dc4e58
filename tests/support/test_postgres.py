"""The PostgreSQL that the other tests stand on."""

import pytest
import sqlalchemy

from tests.support.postgres import Cluster

pytestmark = pytest.mark.postgres


def test_every_database_is_fresh(postgres: Cluster) -> None:
    urls = [postgres.create_database() for _ in range(2)]
    for url in urls:
        engine = sqlalchemy.create_engine(url)
        with engine.begin() as connection:
            connection.exec_driver_sql("CREATE TABLE customer (name text)")
        engine.dispose()
        postgres.drop_database(url)


def test_the_server_listens_on_no_network(fresh_database: str) -> None:
    engine = sqlalchemy.create_engine(fresh_database)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW listen_addresses").scalar_one() == ""
    engine.dispose()
