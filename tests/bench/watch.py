"""How soon a long-poll is answered after another connection was told that its write is done, beside an
ordinary read of the same client. One thread for both connections, so that no lock of Python's is between."""

import json
import os
import pathlib
import select
import socket
import statistics
import time

from programs import Failed, Vault

ROUNDS = 1000
SETTLE = 0.003  # seconds that a request to wait has to get there
LIMIT = 30


class Connection:
    """One that is kept alive, and says when an answer's first bytes were there."""

    def __init__(self, server):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(LIMIT)
        self.socket.connect(os.path.relpath(pathlib.Path(server.work) / server.socket))

    def send(self, text):
        self.socket.sendall(text.encode())

    def answer(self, expected=200):
        """The data of one answer, all of which is read."""
        text = b""
        while b"\r\n\r\n" not in text:
            text += self.more()
        head, _, body = text.partition(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        sizes = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        size = int(sizes[0].split(b":")[1]) if sizes else 0
        while len(body) < size:
            body += self.more()
        if status != expected:
            raise Failed(f"watch: an answer of {status}")
        return json.loads(body)["data"] if body else None

    def more(self):
        got = self.socket.recv(1 << 16)
        if not got:
            raise Failed("watch: the connection was closed")
        return got


def one_round(bench, server, watcher, writer, version):
    """Seconds from the write's reply to the watcher's; less than 0 where that came first."""
    token = server.token()
    watcher.send(bench.http("GET", f"/v1/secret/data/watched?after_version={version}&wait=60s", token))
    time.sleep(SETTLE)
    began = time.monotonic()
    writer.send(bench.http("POST", "/v1/secret/data/watched", token, json.dumps({"data": {"n": str(version)}})))
    seen, waiting = {}, [watcher.socket, writer.socket]
    while waiting:
        ready, _, _ = select.select(waiting, [], [], LIMIT)
        now = time.monotonic()
        if not ready:
            raise Failed("watch: no answer came")
        for one in ready:
            seen[one] = now
            waiting.remove(one)
    writer.answer()
    found = watcher.answer()["metadata"]["version"]
    if found != version + 1:
        raise Failed(f"watch: version {found} where {version + 1} was written")
    return seen[watcher.socket] - seen[writer.socket], seen[watcher.socket] - began


def one_read(bench, server, connection):
    began = time.monotonic()
    connection.send(bench.http("GET", "/v1/secret/data/watched", server.token()))
    select.select([connection.socket], [], [], LIMIT)
    took = time.monotonic() - began
    connection.answer()
    return took


def percentiles(seconds):
    """(p50, p99, the longest), in microseconds."""
    found = sorted(second * 1e6 for second in seconds)
    return statistics.median(found), found[int(len(found) * 0.99)], found[-1]


def measure(bench, rounds=ROUNDS):
    server = bench.keep(Vault(str(bench.binaries / "cofferd"), bench.work, "watch", []))
    bench.put(server, "watched")
    watcher, writer = Connection(server), Connection(server)
    after, since, reads = [], [], []
    for version in range(1, rounds + 1):
        told, whole = one_round(bench, server, watcher, writer, version)
        after.append(max(told, 0))
        since.append(whole)
        reads.append(one_read(bench, server, watcher))
    server.stop()
    return {"a new version, after the write's reply": percentiles(after),
            "a new version, after the write was sent": percentiles(since),
            "an ordinary read": percentiles(reads)}  # fmt: skip
