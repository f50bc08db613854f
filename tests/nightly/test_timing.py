"""C10: the time of a refusal doesn't tell how near a guess came. Welch's t over many samples; only in
scripts/nightly, because it takes minutes and a quiet machine."""

import math
import os
import statistics
import time

SAMPLES = int(os.environ.get("COFFER_TIMING_SAMPLES", "20000"))
LIMIT = 4.5


def welch(a, b):
    spread = statistics.variance(a) / len(a) + statistics.variance(b) / len(b)
    return abs(statistics.fmean(a) - statistics.fmean(b)) / math.sqrt(spread)


def trimmed(times):
    """Without the slowest tenth: those are the machine's, not the daemon's."""
    return sorted(times)[: len(times) * 9 // 10]


def seconds_of(send):
    start = time.perf_counter()
    assert send().status == 403
    return time.perf_counter() - start


def compare(first, second):
    times = ([], [])
    for n in range(2 * SAMPLES):  # by turns, so that drift meets both alike
        times[n % 2].append(seconds_of((first, second)[n % 2]))
    return welch(trimmed(times[0]), trimmed(times[1]))


def test_c10_a_near_miss_of_a_token_takes_as_long_as_a_far_one(shared_vault):
    client = shared_vault.client
    near = shared_vault.root_token[:-1] + ("A" if shared_vault.root_token[-1] != "A" else "B")
    far = "hvs." + "A" * (len(near) - 4)
    assert compare(*(lambda t=t: client.get("secret/data/x", token=t) for t in (near, far))) < LIMIT


def test_c10_a_near_miss_of_an_accessor_takes_as_long_as_a_far_one(shared_vault):
    client = shared_vault.client
    known = client.get("auth/token/lookup-self").data["accessor"]
    near, far = known[:-1] + ("A" if known[-1] != "A" else "B"), "A" * len(known)
    ask = (lambda a=a: client.post("auth/token/lookup-accessor", {"accessor": a}) for a in (near, far))
    assert compare(*ask) < LIMIT
