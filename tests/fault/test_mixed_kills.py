"""Everything at once: logins of three databases are issued, renewed and revoked, administrators' and
static passwords rotate, and the vault is killed again and again, at a named step or anywhere. In the end
users and leases pair up, whoever was answered was told the truth, and every password logs in.
COFFER_MIXED_KILLS says how often, COFFER_SEED in which order."""

import os
import pathlib
import random
import threading
import time

import databases
import pytest
import test_failpoints
from asking import eventually
from mortal import mortal_vault
from test_failpoints import ok, revoke
from test_rotation_failpoints import OF_ROTATIONS

KILLS = int(os.environ.get("COFFER_MIXED_KILLS", "8"))
SEED = int(os.environ.get("COFFER_SEED", "1"))
CLIENTS = 6
STEPS = sorted({step for steps in test_failpoints.STEPS.values() for step in steps} | set(OF_ROTATIONS))


class Answered:
    """What callers have been told: who issued, what may have ended, what has."""

    def __init__(self):
        self.lock = threading.Lock()
        self.issued = {}  # lease: (server, username, password)
        self.asked_to_end = set()
        self.ended = set()
        self.wrong = []

    def any_lease(self, rng, to_end=False):
        with self.lock:
            lease = rng.choice(list(self.issued)) if self.issued else None
            if lease and to_end:
                self.asked_to_end.add(lease)
            return lease


class Caller(threading.Thread):
    def __init__(self, vault, servers, answered, number):
        super().__init__()
        self.vault, self.servers, self.answered = vault, servers, answered
        self.rng = random.Random(f"{SEED}/{number}")
        self.stopping = threading.Event()
        self.client = None

    def run(self):
        acts = [self.issue, self.renew, self.end, self.rotate]
        while not self.stopping.is_set():
            try:
                self.client = self.client or self.vault.new_client(timeout=20)
                (act,) = self.rng.choices(acts, weights=[45, 15, 30, 10])
                act(self.rng.choice(self.servers))
            except Exception:  # the vault was killed: nobody knows what came of it
                self.client = None
                time.sleep(0.05)

    def expect(self, answer, *statuses):
        if answer.status not in statuses:
            with self.answered.lock:
                self.answered.wrong.append((answer.status, answer.body))
        return answer.status == statuses[0]

    def issue(self, server):
        answer = self.client.get(f"database/creds/{server.name}")
        if self.expect(answer, 200, 503):
            login = (server, answer.data["username"], answer.data["password"])
            with self.answered.lock:
                self.answered.issued[answer.json["lease_id"]] = login

    def renew(self, _):
        if lease := self.answered.any_lease(self.rng):
            answer = self.client.post("sys/leases/renew", {"lease_id": lease})
            # 400: another caller has ended it meanwhile.
            self.expect(answer, 200, 503, *([400] if lease in self.answered.asked_to_end else []))

    def end(self, _):
        if lease := self.answered.any_lease(self.rng, to_end=True):
            body = {"lease_id": lease, "sync": self.rng.random() < 0.3}
            if self.expect(self.client.post("sys/leases/revoke", body), 204, 503):
                with self.answered.lock:
                    self.answered.issued.pop(lease, None)
                    self.answered.ended.add(lease)

    def rotate(self, server):
        path = self.rng.choice(["database/rotate-root/", "database/rotate-role/own-", "secret/rotate/"])
        self.expect(self.client.post(path + server.name), 204, 200, 202, 503)


@pytest.fixture(scope="module")
def servers():
    made = [kind(pathlib.Path("/tmp") / f"coffer-mixed-{name}-{os.getpid()}") for name, kind in databases.KINDS.items()]
    yield made
    for server in made:
        server.__exit__()


def configure(vault, server):
    name = server.name
    ok(vault.request("POST", f"database/config/{name}", server.config()))
    role = {"db_name": name, "creation_statements": server.creation, "default_ttl": "1h", "max_ttl": "24h"}
    ok(vault.request("POST", f"database/roles/{name}", role))
    own = {"db_name": name, "username": "app_owner", "rotation_period": "5s"}
    ok(vault.request("POST", f"database/static-roles/own-{name}", own))
    twin = {"db_name": name, "username": "app_twin", "rotated_by": f"secret/{name}"}
    ok(vault.request("POST", f"database/static-roles/twin-{name}", twin))
    ok(vault.request("POST", f"secret/data/{name}", {"data": {"host": "kept"}}), 200)
    rotation = {"rotator": "database", "period": "2s", "static_role": f"database/static-roles/twin-{name}"}
    ok(vault.request("POST", f"secret/rotation/{name}", rotation), 200)


def leases_of(vault, server):
    prefix = f"database/creds/{server.name}/"
    answer = vault.request("LIST", f"sys/leases/lookup/{prefix}")
    return {prefix + name for name in answer.data["keys"]} if answer.status == 200 else set()


def pair_up(vault, server):
    named = {lease.rsplit("/", 1)[1] for lease in leases_of(vault, server)}
    return named == {user.split("-")[-2] for user in server.users()}


def static_logins_work(vault, server):
    own = ok(vault.request("GET", f"database/static-creds/own-{server.name}"), 200).data
    twin = vault.read(server.name)
    assert twin["host"] == "kept"
    return server.logs_in(own["username"], own["password"]) and server.logs_in(twin["username"], twin["password"])


def kill_somewhere(vault, rng):
    """At a step, if anybody comes by in some seconds."""
    time.sleep(rng.uniform(0.5, 2))
    if rng.random() < 0.75:
        vault.to_die_at(rng.choice(STEPS))
        deadline = time.monotonic() + 5
        while vault.running and time.monotonic() < deadline:
            time.sleep(0.02)
    if vault.running:
        vault.kill()
    else:
        vault.process.wait()
        vault._forget_client()
    vault.wish.unlink(missing_ok=True)
    vault.start()


def test_whatever_is_under_way_when_it_is_killed_all_pairs_up(servers):
    rng = random.Random(SEED)
    with mortal_vault() as vault:
        ok(vault.request("POST", "sys/mounts/database", {"type": "database"}))
        for server in servers:
            configure(vault, server)
        answered = Answered()
        callers = [Caller(vault, servers, answered, n) for n in range(CLIENTS)]
        for caller in callers:
            caller.start()
        for _ in range(KILLS):
            kill_somewhere(vault, rng)
        time.sleep(1)
        for caller in callers:
            caller.stopping.set()
        for caller in callers:
            caller.join()
        assert answered.wrong == []
        for server in servers:
            eventually(lambda server=server: pair_up(vault, server))
        live = set().union(*(leases_of(vault, server) for server in servers))
        assert not (set(answered.issued) - answered.asked_to_end) - live, "a login that was given is gone"
        assert not answered.ended & live, "a lease lives that was said to be gone"
        for lease in rng.sample(sorted(live & set(answered.issued)), min(20, len(live & set(answered.issued)))):
            server, username, password = answered.issued[lease]
            assert server.logs_in(username, password), lease
        for server in servers:
            eventually(lambda server=server: static_logins_work(vault, server))
            lease = ok(vault.request("GET", f"database/creds/{server.name}"), 200).json["lease_id"]
            ok(revoke(vault, lease))
        assert vault.verify_audit()[0] == 0
        print(f"{len(answered.issued) + len(answered.ended)} logins, {len(answered.ended)} ended")
