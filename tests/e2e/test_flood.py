"""C14: who isn't known costs no memory and takes nobody's turn."""

import os
import socket
import threading
import time

import pytest
from test_bad_input import raw

ROUNDS = int(os.environ.get("COFFER_FLOOD_ROUNDS", "120"))
WRITERS = 4


def resident_kib(vault):
    with open(f"/proc/{vault.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS:"))


def flood(vault, rounds):
    """Without a good token: large bodies, deep ones, many fields, wrong tokens, unknown paths."""
    bodies = [b'{"data":"' + b"x" * 900_000 + b'"}', b'{"a":' + b"[" * 100_000, b"{" + b'"a":1,' * 10_000,
              b"{" + b",".join(b'"k%d":0' % n for n in range(20_000)) + b"}"]  # fmt: skip
    client = vault.new_client(token="hvs." + "A" * 43)
    for n in range(rounds):
        answer = client.post(f"secret/data/flood{n}", bodies[n % len(bodies)])
        assert answer.status in (400, 403, 413), answer.body[:200]
        assert client.get(f"nosuch{n}/x", token=f"hvs.{n:043d}").status == 403
    client.close()


@pytest.fixture
def warm(vault):
    vault.put("good", {"a": "b"})
    for _ in range(2):
        flood(vault, 20)
    return vault


def test_c14_a_flood_of_strangers_leaves_no_memory_behind(warm):
    before = resident_kib(warm)
    threads = [threading.Thread(target=flood, args=(warm, ROUNDS // WRITERS)) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    slowest = 0.0
    while any(thread.is_alive() for thread in threads):
        start = time.monotonic()
        assert warm.read("good") == {"a": "b"}
        slowest = max(slowest, time.monotonic() - start)
    # Bodies of what runs at once, and the allocator's arenas; not of what is over.
    assert resident_kib(warm) - before < 64 * 1024
    assert slowest < 2.0, "others are served meanwhile"


def test_c14_half_a_request_holds_nobody_up(warm):
    held = []
    for _ in range(100):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.connect(str(warm.socket_path))
        s.sendall(b"POST /v1/secret/data/x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 1000)
        held.append(s)
    assert warm.read("good") == {"a": "b"}
    for s in held:
        s.close()
    assert raw(warm, b"GET /v1/sys/health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")[0] == 200


def test_c14_who_guesses_waits_and_nobody_else(vault):
    """A stranger has 256 answers at once and as many a second (strangers.h): so many can't come sooner."""
    asked = 512 + 64
    vault.put("good", {"a": "b"})
    client = vault.new_client(token="hvs." + "A" * 43)
    start = time.monotonic()
    for n in range(asked):
        assert client.get(f"secret/data/guess{n}").status == 403
    assert time.monotonic() - start > (asked - 256 - 1) / 256 - 0.1
    assert vault.read("good") == {"a": "b"}, "the same user, known: he isn't counted"
    client.close()
