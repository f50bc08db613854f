"""How long `coffer leak check` takes for a tree of many values, each of which it looks for; and what the
fingerprints cost those who write: secrets of the same size, whose values have one each, or are too short."""

import json
import os
import secrets
import subprocess
import time

from programs import Failed, Vault, run_json

STORED = 2_000
CANDIDATES = 100_000
OURS = 10  # of the candidates
VALUES = 4  # of the secret that is written, and 24 bytes in all of each
ROUNDS = 3
CONNECTIONS = 16


def write(bench, server, name, data):
    body = json.dumps({"data": data})
    request = bench.request_file(f"{name}.request",
                                 bench.http("POST", "/v1/secret/data/cost-{n}", server.token(), body))  # fmt: skip
    found = run_json([bench.tool("loadgen"), "--unix", server.socket, "--connections", str(CONNECTIONS),
                      "--seconds", str(bench.seconds), "--request-file", request, "--modulo", "256"],
                     bench.work)  # fmt: skip
    if found["errors"]:
        raise Failed(f"{name}: {found}")
    return found["rps"]


def cost(bench, server):
    """Writes a second, in turns. Two short values stand where one long one does."""
    long = {f"k{n}": secrets.token_urlsafe(18) for n in range(VALUES)}
    short = {f"k{n}{half}": secrets.token_urlsafe(8) for n in range(VALUES) for half in "ab"}
    found = {"none": [], "fingerprints": []}
    for _ in range(ROUNDS):
        found["none"].append(write(bench, server, "write-short", short))
        found["fingerprints"].append(write(bench, server, "write-long", long))
    return found


def measure(bench):
    """Seconds, of CANDIDATES values in one file, some of which are stored."""
    coffer = bench.binaries / "coffer"
    if not coffer.exists():
        return None
    server = bench.keep(Vault(str(bench.binaries / "cofferd"), bench.work, "leaks", []))
    ours = [secrets.token_urlsafe(24) for _ in range(STORED)]
    for number, value in enumerate(ours):
        status, _ = server.request("POST", f"/v1/secret/data/leak/{number}",
                                   json.dumps({"data": {"p": value}}), server.token())
        if status != 200:
            raise Failed(f"writing a secret gives {status}")
    lines = [secrets.token_hex(12) for _ in range(CANDIDATES - OURS)]
    lines += ours[:OURS]
    file = bench.work / "candidates.txt"
    file.write_text("\n".join(lines) + "\n")
    environment = {**os.environ, "COFFER_ADDR": f"unix://{bench.work / server.socket}",
                   "COFFER_TOKEN": server.token()}  # fmt: skip
    start = time.monotonic()
    done = subprocess.run([str(coffer), "leak", "check", str(file)], env=environment, text=True,
                          capture_output=True, check=False)
    seconds = time.monotonic() - start
    if done.returncode != 3 or f": {OURS} of them are stored" not in done.stdout:
        raise Failed(f"leak check: {done.stdout[-300:]}{done.stderr[-300:]}")
    written = cost(bench, server)
    server.stop()
    return {"candidates": CANDIDATES, "stored": STORED, "seconds": seconds, "written": written}
