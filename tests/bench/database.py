"""creds from PostgreSQL beside CREATE ROLE and GRANT by libpq alone, in turns, at 16 connections of the
caller's. The vault has at most 8 to the database, and commits twice for each user."""

import pathlib
import sys
import tempfile

import scenarios
from programs import Failed, Vault, run_json

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

CONNECTIONS = 16
ROUNDS = 3


def configure(server, database):
    scenarios.call(server, "POST", "sys/mounts/database", {"type": "database"})
    config = {**database.config(), "max_open_connections": 8}
    scenarios.call(server, "POST", "database/config/pg", config)
    scenarios.call(server, "POST", "database/roles/pg",
                   {"db_name": "pg", "creation_statements": database.creation, "default_ttl": "1h",
                    "max_ttl": "1h"})  # fmt: skip


def creds(bench, server):
    text = bench.http("GET", "/v1/database/creds/pg", server.token(), "")
    request = bench.request_file("creds.request", text)
    found = run_json([bench.tool("loadgen"), "--unix", server.socket, "--connections", str(CONNECTIONS),
                      "--seconds", str(bench.seconds), "--request-file", request], bench.work)  # fmt: skip
    if found["errors"]:
        raise Failed(f"creds: {found}")
    return found


def bare(bench, database, prefix):
    url = f"host={database.directory} dbname=app user=postgres password=owner"
    found = run_json([bench.tool("limit_database"), url, prefix, str(CONNECTIONS), str(bench.seconds)],
                     bench.work)  # fmt: skip
    return found["users_per_second"]


def measure(bench):
    """Each round bare, then by the vault: {"bare": [per second], "creds": [loadgen's]}; None without a
    PostgreSQL."""
    import databases  # pylint: disable=import-outside-toplevel

    if not databases.Postgresql.bin.is_dir():
        bench.results["missing"].append("creds from PostgreSQL: it isn't installed (postgresql-15)")
        return None
    found = {"bare": [], "creds": []}
    with tempfile.TemporaryDirectory(prefix="coffer-bench-") as home:
        pathlib.Path(home).chmod(0o711)
        with databases.Postgresql(pathlib.Path(home) / "pg", fsync=True) as database:
            server = bench.keep(Vault(str(bench.binaries / "cofferd"), bench.work, "database", []))
            configure(server, database)
            for number in range(ROUNDS):
                found["bare"].append(bare(bench, database, f"bare{number}"))
                found["creds"].append(creds(bench, server))
            server.stop()
    return found
