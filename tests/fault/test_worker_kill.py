"""kill -9 of the worker, again and again, under readers and writers: cofferd lives, answers 503 or
the truth, loses no acknowledged write, and heals. COFFER_WORKER_KILLS says how often."""

import http.client
import os
import random
import signal
import threading
import time

from processes import alive, children, supervisor_of, worker_of

KILLS = int(os.environ.get("COFFER_WORKER_KILLS", "25"))
SEED = int(os.environ.get("COFFER_SEED", "1"))
CLIENTS = 4


class Load(threading.Thread):
    """Writes a version and reads it back, all over again, each with the token (no cache)."""

    def __init__(self, vault, name):
        super().__init__()
        self.vault, self.key = vault, f"load/{name}"
        self.acked = 0
        self.statuses = {}
        self.wrong = []
        self.slowest = 0.0
        self.stopping = threading.Event()

    def ask(self, client, method, body=None):
        before = time.monotonic()
        answer = client.request(method, f"secret/data/{self.key}", body)
        self.slowest = max(self.slowest, time.monotonic() - before)
        self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
        return answer

    def run(self):
        client = self.vault.new_client()
        sent = 0
        while not self.stopping.is_set():
            sent += 1
            try:
                if self.ask(client, "POST", {"data": {"n": sent}}).status == 200:
                    self.acked = sent
                answer = self.ask(client, "GET")
            except (OSError, http.client.HTTPException) as error:
                self.wrong.append(repr(error))
                break
            if answer.status == 200 and not self.acked <= answer.data["data"]["n"] <= sent:
                self.wrong.append(f"acknowledged {self.acked}, sent {sent}, read {answer.data}")
        client.close()


def kill_worker(vault):
    """The one that there is, if there is one just now."""
    for pid in children(supervisor_of(vault)):
        os.kill(pid, signal.SIGKILL)


class TokenFile:
    """SoftHSM empties the file of its token at each login and writes it anew, so that a kill between
    the two leaves no token (docs/tokens.md): its fault, mended here as its operator would."""

    def __init__(self, vault):
        (self.path,) = (vault.directory / "token").rglob("token.object")
        self.whole = self.path.read_bytes()

    def mend(self):
        """Who is just writing it needs microseconds."""
        for _ in range(5):
            if len(self.path.read_bytes()) == len(self.whole):
                return
            time.sleep(0.01)
        self.path.write_bytes(self.whole)
        print("a kill had emptied SoftHSM's token.object")


def test_no_kill_of_the_worker_costs_more_than_its_own_calls(make_vault):
    random.seed(SEED)
    vault = make_vault("--cache-age", 0)
    daemon, supervisor = vault.pid, supervisor_of(vault)
    token_file = TokenFile(vault)
    loads = [Load(vault, n) for n in range(CLIENTS)]
    for load in loads:
        load.start()
    for _ in range(KILLS):
        # Also while the next one is still logging in.
        time.sleep(random.choice((0.02, 0.1, 0.5)))
        kill_worker(vault)
        token_file.mend()
    killed = time.monotonic()
    while vault.request("GET", "secret/data/load/0").status != 200:
        assert time.monotonic() < killed + 20, vault.log
        token_file.mend()
        time.sleep(0.02)
    healed = time.monotonic() - killed
    time.sleep(0.5)
    for load in loads:
        load.stopping.set()
    for load in loads:
        load.join()
    assert not [wrong for load in loads for wrong in load.wrong]
    assert set().union(*(load.statuses for load in loads)) <= {200, 503}
    assert all(load.statuses.get(200, 0) > 0 for load in loads)
    assert sum(load.statuses.get(503, 0) for load in loads) > 0, "no kill was felt"
    assert (vault.pid, supervisor_of(vault)) == (daemon, supervisor) and vault.running
    assert healed < 5 and max(load.slowest for load in loads) < 7
    for load in loads:
        assert vault.read(load.key)["n"] >= load.acked
    assert (vault.directory / "pin-attempts").read_bytes() == b"", "no login was held against the PIN"
    assert len(children(supervisor)) == 1 and alive(worker_of(vault))
    assert vault.verify_audit()[0] == 0
    print(f"{KILLS} kills, healed in {healed:.2f} s, {[load.statuses for load in loads]}")
