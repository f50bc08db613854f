"""Reads with checkpoints of the audit log and without, in turns: what the tree's signatures cost."""

import functools
import statistics

from programs import Failed, Vault, run_json

KEYS = 256
CONNECTIONS = 16
TURNS = 3  # times the benchmark's runs


def load(bench, server, request):
    found = run_json([bench.tool("loadgen"), "--unix", server.socket, "--connections",
                      str(CONNECTIONS), "--seconds", str(bench.seconds), "--request-file", request,
                      "--modulo", str(KEYS)], bench.work)
    if found["errors"]:
        raise Failed(f"a load beside signatures: {found}")
    return found


def vault(bench, name, options):
    server = bench.keep(Vault(str(bench.binaries / "cofferd"), bench.work, name, options))
    for key in range(KEYS):
        bench.put(server, f"bench-{key:03}")
    text = bench.http("GET", "/v1/secret/data/bench-{n}", server.token())
    return functools.partial(load, bench, server, bench.request_file(f"{name}.request", text))


def middle(loads):
    return sorted(loads, key=lambda one: one["rps"])[len(loads) // 2]


def measure(bench):
    """{"signed": load, "unsigned": load, "ratio": the median of signed to unsigned, turn by turn}."""
    signed = vault(bench, "signed", [])
    unsigned = vault(bench, "unsigned", ["--audit-unsigned"])
    pairs = []
    for turn in range(TURNS * bench.runs):
        # Who goes first changes, for what drifts to hit both alike.
        found = {}
        for name, run in (("signed", signed), ("unsigned", unsigned))[:: 1 if turn % 2 else -1]:
            found[name] = run()
        pairs.append(found)
    return {"signed": middle([pair["signed"] for pair in pairs]),
            "unsigned": middle([pair["unsigned"] for pair in pairs]),
            "ratio": statistics.median(p["signed"]["rps"] / p["unsigned"]["rps"] for p in pairs)}
