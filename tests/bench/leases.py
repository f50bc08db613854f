"""A hundred thousand leases: how soon a vault that has them is ready and has swept, and its memory; then
20,000 of them that ended while it was down. Renewal and look-up beside KV. Users are Redis's, which
makes them fastest: the vault is measured, not the database."""

import functools
import json
import pathlib
import sys
import tempfile
import time

import scenarios
from programs import Failed, Vault, run_json

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

OWNERS = 16
FILLERS = 16  # connections
READERS = 4
SHORT = 20_000
LONGEST = 1800  # seconds to fill it
KEYS = 256


def configure(server, database, short_seconds):
    scenarios.call(server, "POST", "sys/mounts/database", {"type": "database"})
    scenarios.call(server, "POST", "database/config/redis", {**database.config(), "max_open_connections": 8})
    role = {"db_name": "redis", "creation_statements": database.creation}
    for name, seconds in (("a", 86400), ("b", 86400), ("short", short_seconds), ("probe", 2)):
        scenarios.call(server, "POST", f"database/roles/{name}",
                       {**role, "default_ttl": seconds, "max_ttl": seconds})  # fmt: skip
    policy = 'path "database/creds/*" { capabilities = ["read"] }'
    scenarios.call(server, "POST", "sys/policies/acl/bench-creds", {"policy": policy})
    for key in range(KEYS):
        scenarios.call(server, "POST", f"secret/data/bench-{key:03}", {"data": {"p": "x" * 40}})


def issue(bench, server, role, count):
    """So many, by as many owners as the caps ask for; gives their rate."""
    start = time.monotonic()
    for owner in range(OWNERS):
        token = scenarios.call(server, "POST", "auth/token/create",
                               {"policies": ["bench-creds"], "ttl": "24h"})["auth"]["client_token"]  # fmt: skip
        request = bench.request_file("leases.request", bench.http("GET", f"/v1/database/creds/{role}", token, ""))
        share = count // OWNERS + (owner < count % OWNERS)
        found = run_json([bench.tool("loadgen"), "--unix", server.socket, "--connections", str(FILLERS),
                          "--seconds", str(LONGEST), "--warmup", "0", "--count", str(share),
                          "--request-file", request], bench.work)  # fmt: skip
        if found["errors"]:
            raise Failed(f"issuing leases: {found}")
    return count / (time.monotonic() - start)


def load(bench, server, name, method, path, body="", connections=READERS, seconds=None):
    request = bench.request_file(f"{name}.request", bench.http(method, f"/v1/{path}", server.token(), body))
    found = run_json([bench.tool("loadgen"), "--unix", server.socket, "--connections", str(connections),
                      "--seconds", str(seconds or bench.seconds), "--request-file", request,
                      "--modulo", str(KEYS)], bench.work)  # fmt: skip
    if found["errors"]:
        raise Failed(f"{name}: {found}")
    return found


def read(bench, server, seconds=None):
    return load(bench, server, "lease-read", "GET", "secret/data/bench-{n}", seconds=seconds)


def counts(server):
    """(leases that stand, ends that are pending)."""
    stand = scenarios.call(server, "GET", "sys/leases/count", None)["data"]["lease_count"]
    targets = scenarios.call(server, "GET", "sys/leases/pending", None)["data"]["targets"]
    return stand, sum(target["pending"] for target in targets.values())


def await_count(server, what, wanted, seconds):
    """Seconds until what(server) is `wanted`."""
    start = time.monotonic()
    while (got := what(server)) != wanted:
        if time.monotonic() > start + seconds:
            raise Failed(f"{got} leases instead of {wanted} after {seconds} s")
        time.sleep(0.1)
    return time.monotonic() - start


def beside_kv(bench, server):
    """One lease and one key in turns: a renewal beside a write, a look-up beside a read."""
    lease = scenarios.call(server, "GET", "database/creds/a", None)["lease_id"]
    named = json.dumps({"lease_id": lease})
    renewal = json.dumps({"lease_id": lease, "increment": 3600})
    found = {"renew": [], "write": [], "lookup": [], "read": []}
    for _ in range(3):
        found["renew"].append(load(bench, server, "renew", "POST", "sys/leases/renew", renewal, 1)["rps"])
        found["write"].append(
            load(bench, server, "write", "POST", "secret/data/bench-000", scenarios.BODY, 1)["rps"])  # fmt: skip
        found["lookup"].append(load(bench, server, "lookup", "POST", "sys/leases/lookup", named)["rps"])
        found["read"].append(load(bench, server, "read", "GET", "secret/data/bench-000")["rps"])
    scenarios.call(server, "POST", "sys/leases/revoke", {"lease_id": lease, "sync": True})
    return found


def after_an_outage(bench, start, found, count):
    """The short ones ended while nobody was there."""
    server = bench.keep(start())
    found["ready_with_ended_ms"] = server.ready_ms
    began = time.monotonic()
    before = counts(server)
    loads = [read(bench, server, 1.0)]
    while sum(counts(server)) > count - SHORT:
        loads.append(read(bench, server, 1.0))
        if time.monotonic() > began + LONGEST:
            raise Failed(f"ends are pending still: {counts(server)}")
    seconds = time.monotonic() - began
    found["ended_per_second"] = (sum(before) - (count - SHORT)) / seconds
    found["p99_while_ending"] = [each["p99"] for each in loads]
    found["peak_while_ending_mib"] = server.peak_memory()
    server.stop()


def measure_with(bench, database, count, short_seconds):
    start = functools.partial(Vault, str(bench.binaries / "cofferd"), bench.work, "leases",
                              ["--audit-durability", "crash"])
    server = bench.keep(start())
    configure(server, database, short_seconds)
    found = {"count": count, "kv": beside_kv(bench, server)}
    for role in ("a", "b"):
        found["issued_per_second"] = issue(bench, server, role, (count - SHORT) // 2)
    issue(bench, server, "short", SHORT - 1)
    last = time.monotonic()
    # One that is over when the vault is back, behind all others: once it is gone, all has been swept.
    issue(bench, server, "probe", 1)
    server.stop()
    time.sleep(2)
    server = bench.keep(start())
    found["ready_ms"] = server.ready_ms
    found["swept_s"] = await_count(server, lambda at: sum(counts(at)), count - 1, 60)
    found["idle_mib"] = server.memory()
    found["p99_before"] = [read(bench, server, 1.0)["p99"] for _ in range(5)]
    found["peak_mib"] = server.peak_memory()
    found["stand"] = counts(server)[0]
    server.stop()
    time.sleep(max(0.0, short_seconds + 1 - (time.monotonic() - last)))
    after_an_outage(bench, start, found, count)
    return found


def measure(bench, count=100_000, short_seconds=180):
    """The results, for the report; None without a Redis."""
    import databases  # pylint: disable=import-outside-toplevel

    with tempfile.TemporaryDirectory(prefix="coffer-bench-") as home:
        pathlib.Path(home).chmod(0o711)
        with databases.Redis(pathlib.Path(home) / "redis") as database:
            return measure_with(bench, database, count, short_seconds)
