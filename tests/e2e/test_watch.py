"""Waiting for a new version: woken by it, by nothing else, and answered by what holds at that moment."""

import concurrent.futures
import contextlib
import json
import os
import subprocess
import time

import pytest
from harness import Client, program


def waiting(vault, path, token=None, timeout=60):
    """Asks on a connection of its own; gives a future of the answer."""
    pool = concurrent.futures.ThreadPoolExecutor(1)

    def ask():
        with contextlib.closing(Client(vault.socket_path, token or vault.root_token, timeout)) as own:
            return own.get(path)
    return pool.submit(ask)


def until_it_waits(vault, path, count=1):
    """A waiting request is held by no worker, and isn't in the log: all that shows is that nothing came."""
    deadline = time.monotonic() + 30
    log = vault.audit_directory
    before = None
    while time.monotonic() < deadline:
        now = {f.name: f.stat().st_size for f in log.iterdir()}
        if vault_sockets(vault) > count and before == now:
            return
        before = now
        time.sleep(0.2)
    raise AssertionError("it never waited")


def vault_sockets(vault):
    fds, count = f"/proc/{vault.pid}/fd", 0
    for fd in os.listdir(fds):
        with contextlib.suppress(FileNotFoundError):  # closed since it was listed
            count += "socket" in os.readlink(f"{fds}/{fd}")
    return count


def test_a_new_version_is_told(vault):
    vault.put("app/db", {"password": "one"})
    answer = waiting(vault, "secret/data/app/db?after_version=1&wait=60s")
    until_it_waits(vault, "secret/data/app/db")
    assert not answer.done()
    vault.put("app/other", {"password": "x"})
    vault.put("app/db", {"password": "two"})
    got = answer.result(30)
    assert got.status == 200 and got.data["data"] == {"password": "two"}
    assert got.data["metadata"]["version"] == 2


def test_what_a_rotation_makes_is_told(vault):
    vault.put("app/db", {"password": "one"})
    assert vault.client.post("secret/rotation/app/db", {"rotator": "generate", "period": "24h"}).status == 200
    answer = waiting(vault, "secret/data/app/db?after_version=1&wait=60s")
    until_it_waits(vault, "secret/data/app/db")
    assert vault.client.post("secret/rotate/app/db", {}).status == 200
    got = answer.result(30)
    assert got.status == 200 and got.data["metadata"]["version"] == 2
    assert got.data["data"]["password"] not in ("", "one")


def test_one_that_is_there_already_is_told_at_once(vault):
    vault.put("app/db", {"password": "one"})
    vault.put("app/db", {"password": "two"})
    assert vault.client.get("secret/data/app/db?after_version=1&wait=60s").data["metadata"]["version"] == 2
    assert vault.client.get("secret/data/app/db?after_version=2").status == 204


def test_a_secret_that_is_not_there_yet_is_waited_for(vault):
    answer = waiting(vault, "secret/data/app/new?after_version=0&wait=60s")
    until_it_waits(vault, "secret/data/app/new")
    vault.put("app/new", {"a": "b"})
    assert answer.result(30).data["data"] == {"a": "b"}


def test_a_deletion_is_told(vault):
    vault.put("app/db", {"password": "one"})
    answer = waiting(vault, "secret/data/app/db?after_version=1&wait=60s")
    until_it_waits(vault, "secret/data/app/db")
    assert vault.client.delete("secret/metadata/app/db").status == 204
    assert answer.result(30).status == 404


def test_time_runs_out(vault):
    vault.put("app/db", {"password": "one"})
    assert vault.client.get("secret/data/app/db?after_version=1&wait=1s").status == 204


def test_it_is_in_the_log_once_when_it_is_answered(vault):
    vault.put("app/db", {"password": "one"})
    before = len(vault.audit_lines())
    answer = waiting(vault, "secret/data/app/db?after_version=1&wait=60s")
    until_it_waits(vault, "secret/data/app/db")
    lines = [line for line in vault.audit_lines()[before:] if line.get("request", {}).get("operation") == "read"]
    assert not [line for line in lines if line["request"]["path"] == "secret/data/app/db"]
    vault.put("app/db", {"password": "two"})
    assert answer.result(30).status == 200
    lines = [line for line in vault.audit_lines()[before:] if line.get("request", {}).get("operation") == "read"]
    kinds = [line["type"] for line in lines if line["request"]["path"] == "secret/data/app/db"]
    assert kinds == ["request", "response"]


def test_who_may_no_longer_read_learns_nothing(vault):
    vault.put("app/db", {"password": "one"})
    token = vault.client.post("auth/token/create", {"policies": ["root"]}).json["auth"]["client_token"]
    answer = waiting(vault, "secret/data/app/db?after_version=1&wait=60s", token)
    until_it_waits(vault, "secret/data/app/db")
    assert vault.client.post("auth/token/revoke", {"token": token}).status == 204
    vault.put("app/db", {"password": "two"})
    got = answer.result(30)
    assert got.status == 403 and b"two" not in got.body


def test_who_may_not_read_does_not_wait(vault):
    vault.put("app/db", {"password": "one"})
    token = vault.client.post("auth/token/create", {"policies": ["default"]}).json["auth"]["client_token"]
    answer = vault.client.get("secret/data/app/db?after_version=1&wait=60s", token=token)
    assert answer.status == 403


def test_a_seal_ends_all_waits(vault):
    vault.put("app/db", {"password": "one"})
    answer = waiting(vault, "secret/data/app/db?after_version=1&wait=60s")
    until_it_waits(vault, "secret/data/app/db")
    assert vault.client.post("sys/seal", {}).status == 204
    assert answer.result(30).status == 503


def test_a_stop_ends_all_waits(vault):
    vault.put("app/db", {"password": "one"})
    answer = waiting(vault, "secret/data/app/db?after_version=1&wait=300s")
    until_it_waits(vault, "secret/data/app/db")
    assert vault.stop() == 0
    assert answer.result(30).status == 204


def test_a_user_has_64_waits_and_those_who_leave_give_theirs_back(vault):
    vault.put("app/db", {"password": "one"})
    path = "secret/data/app/db?after_version=1&wait=300s"
    clients = [Client(vault.socket_path, vault.root_token) for _ in range(64)]
    for client in clients:
        client._connection.request("GET", f"/v1/{path}", headers={"X-Vault-Token": vault.root_token})

    def full():
        with contextlib.closing(Client(vault.socket_path, vault.root_token, timeout=2)) as one:
            try:
                answer = one.get(path)
            except TimeoutError:
                return False  # it waits: there is room
        return answer.status == 503 and "wait at once" in answer.errors[0]
    deadline = time.monotonic() + 30
    while not full():
        assert time.monotonic() < deadline
    assert vault.read("app/db") == {"password": "one"}, "who doesn't wait is served"
    for client in clients:
        client.close()
    answer = vault.client.get("secret/data/app/db?after_version=1&wait=1s")
    while answer.status == 503:  # seen within a quarter of a second
        assert time.monotonic() < deadline
        answer = vault.client.get("secret/data/app/db?after_version=1&wait=1s")
    assert answer.status == 204


@pytest.mark.parametrize("query", ["wait=5s", "after_version=-1", "after_version=x", "after_version=1&wait=-1s",
                                   "after_version=1&version=1", "after_version=1&stage=current"])
def test_what_means_nothing_is_refused(vault, query):
    vault.put("app/db", {"password": "one"})
    assert vault.client.get(f"secret/data/app/db?{query}").status == 400


def test_coffer_watch_prints_versions_as_they_come(vault):
    vault.put("app/db", {"password": "one"})
    watch = subprocess.Popen(
        [program("coffer"), "watch", "-data", "-format=json", "-count=3", "secret/app/db"],
        stdout=subprocess.PIPE, text=True, env=vault.command_environment(),
    )  # fmt: skip
    first = json.loads(watch.stdout.readline())
    assert first["version"] == 1 and first["data"] == {"password": "one"}
    vault.put("app/db", {"password": "two"})
    assert json.loads(watch.stdout.readline())["data"] == {"password": "two"}
    assert vault.client.delete("secret/data/app/db").status == 204
    vault.put("app/db", {"password": "three"})
    lines = watch.stdout.read().splitlines()
    assert json.loads(lines[-1])["version"] == 3
    assert watch.wait(30) == 0
