"""Readers and writers while the vault's key rotates: what the background costs everyone else."""

import functools
import time

import large
import scenarios
from programs import Failed, Vault, run_json

SECRETS = 8000  # to rewrap: more than a load lasts, at the usual rate
KEYS = 256
CONNECTIONS = 16
KINDS = (("read cached", "GET", []), ("read uncached", "GET", ["--cache-age", "0"]),
         ("write", "POST", []))


def status(server):
    found = scenarios.call(server, "GET", "sys/rotate/status", None)["data"]
    return found["phase"]


def await_phase(server, wanted, seconds=120):
    deadline = time.monotonic() + seconds
    while status(server) != wanted:
        if time.monotonic() > deadline:
            raise Failed(f"the rotation isn't {wanted} after {seconds} s")
        time.sleep(0.02)


def load(bench, server, method):
    """Of a few keys, as all other loads."""
    body = scenarios.BODY if method == "POST" else ""
    text = bench.http(method, "/v1/secret/data/bench-{n}", server.token(), body)
    request = bench.request_file("rotation.request", text)
    found = run_json([bench.tool("loadgen"), "--unix", server.socket, "--connections",
                      str(CONNECTIONS), "--seconds", str(bench.seconds), "--request-file", request,
                      "--modulo", str(KEYS)], bench.work)
    if found["errors"]:
        raise Failed(f"a load while the key rotates: {found}")
    return found


def measure_kind(bench, number, method, options):
    """The same load before a rotation and during one."""
    start = functools.partial(Vault, str(bench.binaries / "cofferd"), bench.work,
                              f"rotation-{number}")
    server = bench.keep(start(options))
    text = bench.http("POST", "/v1/secret/data/old/{n}", server.token(), scenarios.BODY)
    large.fill(bench, server, bench.request_file("rotation-fill.request", text), SECRETS, SECRETS)
    for key in range(KEYS):
        bench.put(server, f"bench-{key:03}")
    alone = load(bench, server, method)
    scenarios.call(server, "POST", "sys/rotate", {})
    await_phase(server, "rewrapping")
    beside = load(bench, server, method)
    if status(server) != "rewrapping":
        raise Failed("the rotation was over before the load was")
    await_phase(server, "done")
    server.stop()
    return {"alone": alone, "beside": beside}


def measure(bench):
    return {name: measure_kind(bench, number, method, options)
            for number, (name, method, options) in enumerate(KINDS)}
