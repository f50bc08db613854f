"""A database that takes connections and never answers: it holds up who asks for it, and nobody else."""

import concurrent.futures
import contextlib

import pytest
from databases import servers  # noqa: F401  (a fixture)
from harness import Client

# Several times as many as the slow lane has workers.
CALLERS = 60


def ok(answer, status=204):
    assert answer.status == status, answer.body
    return answer


@pytest.fixture
def house(vault, servers):  # noqa: F811
    ok(vault.request("POST", "sys/mounts/database", {"type": "database"}))
    for make in ("postgresql", "redis"):
        server = servers(make)
        ok(vault.request("POST", f"database/config/{make}", server.config()))
        role = {"db_name": make, "creation_statements": server.creation, "default_ttl": "1h", "max_ttl": "24h"}
        ok(vault.request("POST", f"database/roles/{make}", role))
    return vault


def ask(vault):
    with contextlib.closing(Client(vault.socket_path, vault.root_token, timeout=120)) as own:
        return own.get("database/creds/postgresql").status


def test_a_database_that_hangs_delays_neither_reads_nor_other_databases(house, servers):  # noqa: F811
    house.put("app/db", {"password": "one"})
    hanging = servers("postgresql")
    hanging.pause()
    with concurrent.futures.ThreadPoolExecutor(CALLERS) as pool:
        try:
            asked = [pool.submit(ask, house) for _ in range(CALLERS)]
            for _ in range(20):
                ok(house.client.get("secret/data/app/db"), 200)
                ok(house.request("GET", "database/creds/redis"), 200)
            # Whoever asked the database that hangs still waits for it, but for those too many at once.
            waiting = [one for one in asked if not one.done()]
            assert waiting
            assert all(one.result() in (429, 503) for one in asked if one.done())
        finally:
            hanging.resume()
        assert 200 in [one.result(120) for one in waiting]
