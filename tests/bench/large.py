"""A vault with very many secrets and tokens: how soon it is ready, how much memory it takes, and
how fast a read is, beside one with few."""

import functools
import pathlib

import scenarios
from programs import Failed, Vault, run_json

FEW = 1000
FILLERS = 64  # connections
READERS = 16
LONGEST = 3600  # seconds to fill it


def fill(bench, server, request, count, digits):
    """Sends `count` requests, each with a number of its own; gives their rate."""
    command = [bench.tool("loadgen"), "--unix", server.socket, "--connections", str(FILLERS),
               "--seconds", str(LONGEST), "--warmup", "0", "--request-file", request,
               "--modulo", str(digits), "--count", str(count)]
    found = run_json(command, bench.work)
    if found["errors"]:
        raise Failed(f"filling a vault: {found}")
    return found["rps"]


def read(bench, server, name, path, count):
    """A load of reads, each key in its turn."""
    text = bench.http("GET", f"/v1/secret/data/{path}/{{n}}", server.token())
    request = bench.request_file(f"{name}.request", text)
    command = [bench.tool("loadgen"), "--unix", server.socket, "--connections", str(READERS),
               "--seconds", str(bench.seconds), "--request-file", request, "--modulo", str(count)]
    for pid in server.pids():
        command += ["--server-pid", str(pid)]
    found = run_json(command, bench.work)
    if found["errors"]:
        raise Failed(f"{name}: {found}")
    return found


def tokens(bench, server, count):
    """How many there are then: none if the server makes none yet."""
    try:
        scenarios.call(server, "POST", "auth/token/create", {"policies": ["default"], "ttl": "1h"})
    except scenarios.Missing as missing:
        bench.results["missing"].append(f"tokens of the large vault: {missing}")
        return 0
    text = bench.http("POST", "/v1/auth/token/create", server.token(), scenarios.TOKEN_BODY)
    fill(bench, server, bench.request_file("large-token.request", text), count, count)
    return count


def on_disk(bench, directory):
    """MiB of the store's files."""
    files = pathlib.Path(bench.work / directory).glob("store.db*")
    return sum(file.stat().st_size for file in files) / 2**20


def fill_all(bench, server, secrets, found):
    """Both sets of secrets, and the tokens."""
    for path, count in (("small", FEW), ("large", secrets)):
        text = bench.http("POST", f"/v1/secret/data/{path}/{{n}}", server.token(), scenarios.BODY)
        request = bench.request_file(f"{path}-fill.request", text)
        found["fill_rps"] = fill(bench, server, request, count, count)
        if path == "small":  # before there is anything else
            found["small"] = read(bench, server, "few secrets", "small", FEW)
    found["tokens"] = tokens(bench, server, secrets // 10)


def measure(bench, secrets):
    """Fills a new vault; the results, for the report.

    Of 1,000 secrets every data key is cached and of a million hardly one, so the aim compares reads
    that use the token: those of the large set with those of the small one before the large was
    there.
    """
    start = functools.partial(Vault, str(bench.binaries / "cofferd"), bench.work, "large")
    plain = ["--audit-durability", "crash"]
    uncached = [*plain, "--cache-age", "0"]
    found = {"secrets": secrets, "few": FEW}
    server = bench.keep(start(uncached))
    text = bench.http("POST", "/v1/secret/data/small/{n}", server.token(), scenarios.BODY)
    fill(bench, server, bench.request_file("first-fill.request", text), FEW, FEW)
    found["small_uncached"] = read(bench, server, "few secrets, uncached", "small", FEW)
    server.stop()
    server = bench.keep(start(plain))
    fill_all(bench, server, secrets, found)
    server.stop()
    server = bench.keep(start(plain))
    found["ready_ms"] = server.ready_ms
    found["idle_mib"] = server.memory()
    found["store_mib"] = on_disk(bench, "large")
    found["large"] = read(bench, server, "many secrets", "large", secrets)
    found["peak_mib"] = server.peak_memory()
    server.stop()
    server = bench.keep(start(uncached))
    found["large_uncached"] = read(bench, server, "many secrets, uncached", "large", secrets)
    server.stop()
    return found
