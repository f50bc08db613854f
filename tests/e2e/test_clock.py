"""A wall clock that steps while the daemon runs (libfaketime; CLOCK_BOOTTIME goes on as it is), and while it
is down."""

import os
import pathlib
import time

import databases
import pytest
from conftest import end
from harness import DevVault

LIBRARY = "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1"
HOUR = 3600


class SteppedVault(DevVault):
    def __init__(self, directory):
        super().__init__(directory)
        self.offset = self.directory.parent / "offset"
        self.step(0)
        self.environment |= {"LD_PRELOAD": LIBRARY, "FAKETIME_TIMESTAMP_FILE": str(self.offset),
                             "FAKETIME_NO_CACHE": "1", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}  # fmt: skip

    def step(self, seconds):
        """From now on the wall clock is so far from the true time."""
        new = self.offset.with_suffix(".new")
        new.write_text(f"{seconds:+d}\n")
        os.replace(new, self.offset)

    def clock(self):
        return self.client.get("sys/clock").data

    def token(self, ttl):
        answer = self.client.post("auth/token/create", {"ttl": ttl, "policies": ["default"]})
        assert answer.status == 200, answer.body
        return answer.json["auth"]["client_token"]

    def accepts(self, token):
        return self.client.get("auth/token/lookup-self", token=token).status == 200


@pytest.fixture
def vault(directory):
    vault = SteppedVault(directory / "vault")
    yield vault.start()
    end(vault)


def sweeps(vault):
    paths = [line.get("request", {}).get("path", "") for line in vault.audit_lines()]
    return [path for path in paths if path.startswith("sys/due/token/")]


def test_a_step_ahead_ends_nothing_until_it_is_confirmed(vault):
    token = vault.token("1h")
    assert not vault.clock()["stepped"]
    vault.step(2 * HOUR)
    told = vault.clock()
    assert told["stepped"] and abs(told["ahead_seconds"] - 2 * HOUR) < 30
    assert vault.client.get("sys/health").json["clock_stepped"] is True
    assert not vault.accepts(token)  # by the later clock it is over
    time.sleep(3)  # the sweeper looks each second
    assert sweeps(vault) == []  # by the one that counts it isn't
    vault.step(0)
    assert vault.accepts(token)
    assert "clock_stepped" not in vault.client.get("sys/health").json
    assert vault.client.post("sys/clock/confirm", {}).status == 400

    vault.step(2 * HOUR)
    assert vault.client.post("sys/clock/confirm", {}).status == 204
    assert not vault.clock()["stepped"]
    deadline = time.monotonic() + 20
    while not sweeps(vault):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    assert not vault.accepts(token)
    vault.step(0)
    assert not vault.accepts(token)


def test_a_step_back_gives_nothing_more_time(vault):
    token = vault.token("3s")
    vault.step(-24 * HOUR)
    deadline = time.monotonic() + 20
    while vault.accepts(token):
        assert time.monotonic() < deadline, "it lives by the clock that was set back"
        time.sleep(0.1)
    assert vault.clock()["stepped"]
    while not sweeps(vault):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_the_end_of_a_lease_waits_for_no_clock_that_was_set_back(vault):
    with databases.Redis(pathlib.Path("/tmp") / f"coffer-clock-{os.getpid()}") as server:
        role = {"db_name": "redis", "creation_statements": server.creation}
        for path, body in (("sys/mounts/database", {"type": "database"}), ("database/config/redis", server.config()),
                           ("database/roles/app", role)):  # fmt: skip
            assert vault.client.post(path, body).status == 204
        lease = vault.client.get("database/creds/app").json["lease_id"]
        vault.step(-2 * HOUR)
        assert vault.client.post("sys/leases/revoke", {"lease_id": lease}).status == 204
        deadline = time.monotonic() + 20
        while server.users():
            assert time.monotonic() < deadline, vault.client.get("sys/leases/pending").body
            time.sleep(0.1)


def test_leases_that_were_issued_while_the_clock_was_ahead(vault):
    """They go by that clock: confirmed, they end by themselves; set right, they are there to be revoked."""
    with databases.Redis(pathlib.Path("/tmp") / f"coffer-ahead-{os.getpid()}") as server:
        role = {"db_name": "redis", "creation_statements": server.creation, "default_ttl": 2, "max_ttl": 2}
        for path, body in (("sys/mounts/database", {"type": "database"}), ("database/config/redis", server.config()),
                           ("database/roles/app", role)):  # fmt: skip
            assert vault.client.post(path, body).status == 204

        def issue_ahead():
            vault.step(2 * HOUR)
            lease = vault.client.get("database/creds/app").json["lease_id"]
            assert len(server.users()) == 1
            return lease

        def await_end():
            deadline = time.monotonic() + 20
            while server.users():
                assert time.monotonic() < deadline, vault.client.get("sys/leases/pending").body
                time.sleep(0.1)

        lease = issue_ahead()
        vault.step(0)
        told = vault.client.post("sys/leases/lookup", {"lease_id": lease}).data
        assert 2 * HOUR - 60 < told["ttl"] <= 2 * HOUR + 2
        assert vault.client.post("sys/leases/revoke-prefix/database", {}).status == 204
        await_end()
        issue_ahead()
        assert vault.client.post("sys/clock/confirm", {}).status == 204
        await_end()


def test_the_commands_of_the_page_run(vault):
    vault.step(HOUR)
    read = vault.coffer("read", "sys/clock")
    assert read.returncode == 0 and "stepped" in read.stdout
    confirmed = vault.coffer("write", "-f", "sys/clock/confirm")
    assert confirmed.returncode == 0, confirmed.stderr
    assert not vault.clock()["stepped"]
