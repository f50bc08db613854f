"""Readers beside a flood of strangers: what a user without a token costs everyone else."""

import contextlib
import os
import subprocess

from programs import Failed, run_json

READERS = 4
STRANGERS = 64  # connections
STRANGER = 1  # a uid that is there on every machine, and isn't ours
KEYS = 256
BODY = '{"data":{"password":"' + "x" * 4000 + '"}}'


def let_in(bench, server):
    """Another user finds the socket: of the directories he may only search."""
    for path in (bench.work, bench.work / server.directory):
        os.chmod(path, 0o711)
    os.chmod(bench.work / server.socket, 0o666)


@contextlib.contextmanager
def strangers(bench, server):
    """Writes with a token that nobody knows, by another user, for as long as this is open."""
    text = bench.http("POST", "/v1/secret/data/bench-{n}", "hvs." + "A" * 43, BODY)
    request = bench.request_file("strangers.request", text)
    os.chown(bench.work / request, STRANGER, STRANGER)
    command = [bench.tool("loadgen"), "--unix", server.socket, "--connections", str(STRANGERS),
               "--seconds", "3600", "--request-file", request, "--modulo", str(KEYS), "--denied"]
    with subprocess.Popen(command, cwd=bench.work, user=STRANGER, group=STRANGER, extra_groups=[],
                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            yield
            if process.poll() is not None:
                raise Failed("the flood of strangers ended by itself")
        finally:
            process.kill()


def read(bench, server):
    """A load of reads of cached keys."""
    text = bench.http("GET", "/v1/secret/data/bench-{n}", server.token())
    request = bench.request_file("beside-strangers.request", text)
    command = [bench.tool("loadgen"), "--unix", server.socket, "--connections", str(READERS),
               "--seconds", str(bench.seconds), "--request-file", request, "--modulo", str(KEYS)]
    found = run_json(command, bench.work)
    if found["errors"]:
        raise Failed(f"reads beside strangers: {found}")
    return found


def measure(bench, server):
    """The same reads alone and beside them; None where nobody can become another user."""
    if os.geteuid() != 0:
        return None
    let_in(bench, server)
    alone = read(bench, server)
    before = server.memory()
    with strangers(bench, server):
        beside = read(bench, server)
    return {"alone": alone, "beside": beside, "grown_mib": server.memory() - before}
