"""How long `coffer leak check` takes for a tree of many values, each of which it looks for."""

import json
import os
import secrets
import subprocess
import time

from programs import Failed, Vault

STORED = 2_000
CANDIDATES = 100_000
OURS = 10  # of the candidates


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
    server.stop()
    return {"candidates": CANDIDATES, "stored": STORED, "seconds": seconds}
