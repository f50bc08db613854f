"""Keys rotate under load and over kills: nothing is lost, nothing waits, old keys go on request."""

import http.client
import json
import random
import threading
import time

import pytest

SECRETS = 60


def status(vault):
    return vault.client.get("sys/rotate/status").data


def references(vault, version):
    return sum(v["references"] for v in status(vault)["versions"] if v["version"] == version)


def wait_done(vault, seconds=60):
    deadline = time.monotonic() + seconds
    while status(vault)["phase"] != "done":
        assert time.monotonic() < deadline, status(vault)
        time.sleep(0.05)


def fill(vault, count=SECRETS):
    for n in range(count):
        vault.put(f"app/{n}", {"n": n})


def all_read(vault, count=SECRETS):
    for n in range(count):
        assert vault.read(f"app/{n}") == {"n": n}


def config(vault, **fields):
    assert vault.client.post("sys/rotate/config", fields).status == 204


def test_records_follow_and_the_old_key_goes(vault):
    fill(vault)
    before = vault.client.get("sys/key-status")
    assert before.data["term"] == before.json["term"] == 1
    assert vault.client.post("sys/rotate").status == 204
    assert vault.client.get("sys/key-status").data["term"] == 2
    wait_done(vault)
    assert status(vault)["total"] == status(vault)["done"] == SECRETS
    assert references(vault, 1) == 0 and references(vault, 2) == SECRETS
    all_read(vault)
    assert vault.client.post("sys/rotate/retire", {"version": 1}).status == 204
    assert [v["version"] for v in status(vault)["versions"]] == [2]
    vault.restart()
    all_read(vault)
    assert vault.client.post("sys/rotate/retire", {"version": 1}).status == 400
    vault.stop()
    assert vault.verify_audit()[0] == 0


def test_the_command_line_shows_the_way(vault):
    fill(vault, 5)
    done = vault.coffer("operator", "rotate-key")
    assert done.returncode == 0 and "Key Term" in done.stdout, done.stderr
    watched = vault.coffer("operator", "rotate-key", "-watch")
    assert watched.returncode == 0, watched.stderr
    assert watched.stdout.rstrip().splitlines()[-1].startswith("done  [####")
    shown = vault.coffer("operator", "rotate-key", "-status")
    assert shown.returncode == 0 and "References" in shown.stdout
    as_json = vault.coffer("operator", "rotate-key", "-status", "-format=json")
    assert json.loads(as_json.stdout)["data"]["phase"] == "done"
    verified = vault.coffer("operator", "rotate-key", "-verify")
    assert verified.stdout == "Success! Opened 5 secrets, each by the token\n", verified.stderr
    retired = vault.coffer("operator", "rotate-key", "-retire=1")
    assert retired.returncode == 0, retired.stderr
    again = vault.coffer("operator", "rotate-key", "-retire=1")
    assert again.returncode == 2 and "isn't an old version" in again.stderr
    for key in ("record", "bind", "token_hash", "audit", "fingerprint", "sign"):
        named = vault.coffer("operator", "rotate-key", f"-key={key}")
        assert named.returncode == 0, (key, named.stderr)
    assert vault.coffer("operator", "rotate-key", "-key=name").returncode == 2
    assert vault.coffer("operator", "rotate").returncode == 0
    vault.restart()
    all_read(vault, 5)
    assert vault.coffer("operator", "rotate-key", "-verify").returncode == 0


class Load(threading.Thread):
    """Writes versions of one key and reads them and the old secrets; what was acknowledged must be
    there, and what is read must be what was written."""

    def __init__(self, vault, name, acked):
        super().__init__()
        self.vault, self.key = vault, f"load/{name}"
        self.acked = self.sent = acked
        self.reads = 0
        self.refused = []
        self.halt = threading.Event()

    def run(self):
        client = self.vault.new_client()
        try:
            while not self.halt.is_set():
                self.sent = self.acked + 1
                written = client.post(f"secret/data/{self.key}", {"data": {"n": self.sent}})
                old = random.randrange(SECRETS)
                read = client.get(f"secret/data/app/{old}")
                if written.status != 200 or read.status != 200:
                    self.refused.append((written, read))
                    return
                self.acked = self.sent
                assert read.data["data"] == {"n": old}
                self.reads += 1
        except (OSError, http.client.HTTPException):
            pass  # killed
        finally:
            client.close()


def run_load(vault, acked):
    loads = [Load(vault, n, acked[n]) for n in range(len(acked))]
    for load in loads:
        load.start()
    return loads


def end_load(vault, loads, acked):
    for load in loads:
        load.halt.set()
    for load in loads:
        load.join()
        assert load.refused == [], "a rotation refuses nobody"
    for n, load in enumerate(loads):
        acked[n] = (load.acked, load.sent)


def test_a_rotation_under_load_refuses_and_loses_nothing(vault):
    fill(vault)
    config(vault, rewrap_rate=100)
    acked = [0] * 4
    loads = run_load(vault, acked)
    assert vault.client.post("sys/rotate").status == 204
    wait_done(vault)
    assert vault.client.post("sys/rotate").status == 204
    wait_done(vault)
    end_load(vault, loads, acked)
    assert sum(load.reads for load in loads) > 50
    for n, load in enumerate(loads):
        assert vault.read(load.key) == {"n": acked[n][0]}
    assert references(vault, 1) == 0 and references(vault, 2) == 0
    all_read(vault)
    assert vault.coffer("operator", "rotate-key", "-verify").returncode == 0
    vault.stop()
    assert vault.verify_audit()[0] == 0


@pytest.mark.parametrize("seed", range(3))
def test_a_rotation_is_taken_up_after_each_kill(make_vault, seed):
    random.seed(seed)
    vault = make_vault()
    fill(vault)
    config(vault, rewrap_rate=40)
    acked = [0] * 3
    seen = set()
    for kill in range(6):
        loads = run_load(vault, acked)
        rotated = kill % 3 == 0
        if rotated:
            threading.Timer(random.uniform(0, 0.05), lambda: rotate_if_it_lives(vault)).start()
        time.sleep(random.uniform(0.02, 0.9))
        vault.kill()
        for load in loads:
            load.join()
            assert load.refused == []
        vault.start()
        seen.add(status(vault)["phase"])
        for n, load in enumerate(loads):
            stored = vault.read(load.key)
            stored = stored["n"] if stored else 0
            assert stored in (load.acked, load.sent), "no acknowledged write is lost"
            acked[n] = stored
        all_read(vault)
    config(vault, rewrap_rate=0)
    assert vault.client.post("sys/rotate").status == 204
    wait_done(vault)
    term = vault.client.get("sys/key-status").data["term"]
    for version in [v["version"] for v in status(vault)["versions"] if v["version"] != term]:
        assert references(vault, version) == 0
        assert vault.client.post("sys/rotate/retire", {"version": version}).status == 204
        wait_done(vault)
    all_read(vault)
    assert vault.coffer("operator", "rotate-key", "-verify").returncode == 0
    vault.restart()
    all_read(vault)
    vault.stop()
    assert vault.verify_audit()[0] == 0


def rotate_if_it_lives(vault):
    try:
        client = vault.new_client()
        client.post("sys/rotate")
        client.close()
    except (OSError, http.client.HTTPException):
        pass


def test_the_first_signer_that_was_pinned_leads_to_the_last(vault):
    fill(vault, 3)
    pin = vault.directory / "signer.pem"
    first = pin.read_text()
    for _ in range(2):
        assert vault.client.post("sys/rotate/keyring/sign").status == 200
    last = pin.read_text()
    assert first != last
    told = vault.client.get("sys/rotate/signers").data
    assert told["current"] == last and len(told["announcements"]) == 2
    assert told["announcements"][0]["from"] == first
    vault.stop()
    pin.write_text(first)
    vault.start()
    all_read(vault, 3)
    assert pin.read_text() == last, "and the file learns of it"
    vault.stop()
    # The other way round nothing leads: who pins the last isn't led to the first.
    pin.write_text(told["announcements"][0]["to"])
    vault.start()
    all_read(vault, 3)


def test_a_token_and_a_login_survive_the_rotation_of_their_key(vault):
    made = vault.client.post("auth/token/create", {"policies": ["default"]}).json["auth"]
    assert vault.client.post("sys/rotate/keyring/token_hash").data["version"] == 2
    newer = vault.client.post("auth/token/create", {"policies": ["default"]}).json["auth"]
    vault.restart()
    for token in (made, newer):
        looked = vault.client.get("auth/token/lookup-self", token=token["client_token"])
        assert looked.data["accessor"] == token["accessor"]
        revoked = vault.client.post("auth/token/revoke-accessor", {"accessor": token["accessor"]})
        assert revoked.status == 204
        assert vault.client.get("auth/token/lookup-self", token=token["client_token"]).status == 403
