"""The module and the PIN are in processes of their own, and those hold little else."""

import os
import pathlib
import pwd
import re
import signal
import subprocess
import time

import pytest

from configured import USER, ids
from memory_scan import find
from processes import (
    alive, children, command, listening_sockets, maps, open_sockets, status, supervisor_of,
    wait_gone, worker_of,
)  # fmt: skip
from test_config import model, vault  # noqa: F401  (fixtures)

MODULE = "libsofthsm2"


@pytest.fixture
def dev(make_vault):
    made = make_vault("--cache-age", 0)
    made.put("app/db", {"password": "x"})
    return made


def test_the_module_is_in_the_worker_alone(dev):
    assert MODULE in maps(worker_of(dev))
    assert MODULE not in maps(dev.pid)
    assert MODULE not in maps(supervisor_of(dev))


def test_each_has_no_more_rights_than_it_needs(dev):
    worker, supervisor = worker_of(dev), supervisor_of(dev)
    assert status(worker)["Seccomp"] == "2"
    for pid in (worker, supervisor):
        assert status(pid)["NoNewPrivs"] == "1"
        # A process that can't be dumped has its /proc files owned by root; for root's own the
        # limit shows as much.
        limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
        assert re.search(r"Max core file size\s+0\s+0", limits)
    assert status(supervisor)["Threads"] == "1"


def test_none_but_the_daemon_listens(dev):
    worker, supervisor = worker_of(dev), supervisor_of(dev)
    assert listening_sockets(dev.pid)
    for pid in (worker, supervisor):
        assert not listening_sockets(pid)
        assert len(open_sockets(pid)) <= 2, "its own, and the worker's until it is given away"
    # Nothing of the vault is open there: its store, its log, its socket.
    for file in pathlib.Path(f"/proc/{worker}/fd").iterdir():
        target = str(file.readlink())
        assert "store.db" not in target and "/audit/" not in target, target


def test_a_stop_leaves_no_process_behind(dev):
    both = [worker_of(dev), supervisor_of(dev)]
    dev.stop()
    assert not any(map(alive, both))


def test_a_killed_daemon_takes_the_others_along(dev):
    both = [worker_of(dev), supervisor_of(dev)]
    dev.kill()
    wait_gone(both)


def test_a_killed_supervisor_takes_its_worker_along_and_is_told(dev):
    worker, supervisor = worker_of(dev), supervisor_of(dev)
    os.kill(supervisor, signal.SIGKILL)
    wait_gone([worker])
    assert dev.request("GET", "secret/data/app/db").status == 503
    assert dev.request("GET", "sys/health").status in (200, 503)
    dev.restart()
    assert dev.read("app/db") == {"password": "x"}


def test_signals_of_a_group_end_the_daemon_first(dev):
    for pid in (worker_of(dev), supervisor_of(dev)):
        for sig in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            os.kill(pid, sig)
    assert dev.read("app/db") == {"password": "x"}


def test_a_seal_ends_the_worker_and_its_pin(dev):
    worker = worker_of(dev)
    assert dev.request("PUT", "sys/seal").status == 204
    wait_gone([worker])
    assert alive(supervisor_of(dev))
    assert dev.request("PUT", "sys/unseal", {}).status == 200
    assert dev.read("app/db") == {"password": "x"}
    assert worker_of(dev) != worker


def test_the_daemon_keeps_no_pin(dev):
    pin = (dev.directory / "pin").read_bytes().strip()
    assert not find(dev.pid, {"pin": pin})
    assert find(supervisor_of(dev), {"pin": pin}), "the scan would see it"


def test_no_pin_is_in_arguments_or_environment(dev):
    pin = (dev.directory / "pin").read_text().strip()
    for pid in (dev.pid, supervisor_of(dev), worker_of(dev)):
        environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace")
        assert pin not in environment and pin not in " ".join(command(pid))
        assert ("SOFTHSM2_CONF" in environment) == (pid == worker_of(dev))
    assert (dev.directory / "pin-attempts").read_bytes() == b""
    assert (dev.directory / "pin-attempts").stat().st_mode & 0o777 == 0o600


def test_the_worker_runs_as_a_user_of_its_own(vault):  # noqa: F811
    """Only SoftHSM's directory is that user's; nothing else of the vault is."""
    vault.belong_to(USER)
    uid, gid = pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid
    tokens = vault.directory / "token/objects"
    moved = pathlib.Path(f"{vault.directory}-tokens")
    tokens.rename(moved)
    try:
        for path in [moved, *moved.rglob("*")]:
            os.chown(path, uid, gid)
        conf = vault.etc / "softhsm2.conf"
        conf.write_text(
            (vault.directory / "token/softhsm2.conf").read_text().replace(str(tokens), str(moved))
        )
        os.chmod(conf, 0o644)
        vault.settings["token"].update(worker_user="nobody", softhsm2_conf=str(conf))
        vault.write()
        vault.start()
        assert vault.read("app/db") is not None
        assert status(vault.pid)["Uid"].split() == [str(ids(USER)[0])] * 4
        for pid in (worker_of(vault), supervisor_of(vault)):
            assert status(pid)["Uid"].split() == [str(uid)] * 4
            assert status(pid)["Groups"].split() in ([], [str(gid)])
            assert status(pid)["CapEff"] == "0" * 16
            # PR_SET_DUMPABLE: else these files would be the user's.
            assert pathlib.Path(f"/proc/{pid}/environ").stat().st_uid == 0
    finally:
        vault.close()
        subprocess.run(["rm", "-rf", str(moved)], check=True)


def test_a_worker_user_that_isnt_one_is_refused(vault):  # noqa: F811
    vault.settings["token"]["worker_user"] = "no-such-user"
    vault.write()
    assert "token.worker_user: no such user" in vault.refused()
    vault.settings["token"]["worker_user"] = "root"
    vault.write()
    assert "token.worker_user is root" in vault.refused()


@pytest.mark.parametrize(("seccomp", "mode"), [("local", "2"), ("network", "2"), ("off", "0")])
def test_the_filter_is_as_configured(vault, seccomp, mode):  # noqa: F811
    vault.settings["token"]["seccomp"] = seccomp
    vault.write()
    vault.start()
    assert status(worker_of(vault))["Seccomp"] == mode
    assert vault.read("app/db") is not None


def test_a_wrong_pin_is_tried_once_over_all_starts(vault):  # noqa: F811
    pin = vault.directory / "pin"
    right = pin.read_text()

    def write(text):
        pin.unlink()
        pin.write_text(text)
        os.chmod(pin, 0o400)

    vault.settings["token"]["accept_low_pin_count"] = True
    vault.write()
    write("0" * len(right))
    assert "CKR_PIN_INCORRECT" in vault.refused(code=77)
    for _ in range(3):
        again = vault.refused(code=77)
        assert "isn't tried again" in again and "CKR_PIN_INCORRECT" not in again
    write(right)
    vault.start()
    assert vault.read("app/db") is not None
    assert (vault.directory / "pin-attempts").read_bytes() == b""


def test_killed_during_any_moment_of_a_start_it_starts_again(vault):  # noqa: F811
    """The right PIN isn't locked out by attempts that were cut short."""
    for delay in (0.02, 0.05, 0.08, 0.12, 0.2):
        vault.start(wait=False)
        time.sleep(delay)
        others = [pid for child in children(vault.pid) for pid in [child, *children(child)]]
        vault.kill()
        wait_gone(others)
    vault.start()
    assert vault.read("app/db") is not None
