"""SIGHUP, and what the service manager sees and brings."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import pytest

from configured import EXIT_CONFIG, USER, Manager, ids
from harness import Client, program
from test_config import model, vault  # noqa: F401  (fixtures)


def answers(path):
    with contextlib.closing(Client(path, timeout=10)) as client:
        try:
            return client.get("sys/health").status == 200
        except OSError:
            return False


# Reload.


def test_a_reload_opens_closes_and_changes_sockets(vault):
    second, third = (vault.directory / name for name in ("b.sock", "c.sock"))
    vault.settings["listener"].append({"path": str(second)})
    vault.write()
    vault.start()
    kept = vault.new_client()
    assert kept.get("sys/health").status == 200

    vault.settings["listener"] = [
        {"path": str(vault.socket_path), "mode": "0660"},
        {"path": str(third)},
    ]
    vault.write()
    kind, detail = vault.reload()
    assert kind == "config_reloaded"
    assert f"listener {second} removed" in detail
    assert f"listener {vault.socket_path} mode 0600 to 0660" in detail
    assert f"listener {third} added" in detail
    assert not second.exists()
    assert answers(third)
    assert vault.socket_path.stat().st_mode & 0o777 == 0o660
    assert kept.get("sys/health").status == 200, "a connection that was there goes on"
    kept.close()
    assert vault.verify_audit()[0] == 0


def test_a_reload_changes_limits_and_tells_from_what_to_what(vault):
    vault.start()
    vault.settings["limits"] = {"max_connections": 1, "max_connections_per_uid": 1}
    vault.settings["vault"]["cache_age_seconds"] = 0
    vault.settings["log"] = {"level": "error"}
    vault.write()
    kind, detail = vault.reload()
    assert kind == "config_reloaded"
    assert "limits.max_connections 1024 to 1" in detail
    assert "vault.cache_age_seconds 60 to 0" in detail
    with contextlib.closing(vault.new_client()) as first:
        assert first.get("sys/health").status == 200
        with socket.socket(socket.AF_UNIX) as second:
            second.settimeout(20)
            second.connect(str(vault.socket_path))
            assert second.recv(100).startswith(b"HTTP/1.1 503")


def test_a_bad_configuration_changes_nothing_and_is_on_the_record(vault):
    vault.start()
    good = vault.config_path.read_text()
    vault.settings["limits"] = {"max_connections": 1, "nonsense": 5}
    vault.settings["token"]["pin"] = "31415926"
    vault.settings["listener"] = [{"path": str(vault.directory / "new.sock")}]
    vault.write()
    kind, detail = vault.reload()
    assert kind == "config_rejected"
    assert "limits.nonsense: unknown key" in detail and "token.pin: unknown key" in detail
    assert "31415926" not in detail + vault.log
    assert "the old one stays" in vault.log
    assert not (vault.directory / "new.sock").exists()
    assert vault.read("app/db") is not None

    vault.config_path.write_text(good)
    assert vault.reload() == ("config_reloaded", "no change")
    assert vault.verify_audit()[0] == 0


@pytest.mark.parametrize("spoil", ["syntax", "absent", "mode", "owner", "machine", "socket"])
def test_nothing_that_would_refuse_a_start_is_taken_by_a_reload(vault, spoil):
    vault.start()
    if spoil == "syntax":
        vault.config_path.write_text("[vault\n")
    elif spoil == "absent":
        vault.config_path.unlink()
    elif spoil == "mode":
        os.chmod(vault.config_path, 0o666)
    elif spoil == "owner":
        os.chown(vault.config_path, *ids(USER))
    elif spoil == "machine":
        os.chmod(vault.directory / "pin", 0o444)
    else:
        (vault.directory / "taken.sock").write_text("precious")
        vault.settings["listener"].append({"path": str(vault.directory / "taken.sock")})
        vault.write()
    kind, _ = vault.reload()
    assert kind == "config_rejected"
    assert vault.read("app/db") is not None
    if spoil == "socket":
        assert (vault.directory / "taken.sock").read_text() == "precious"


def test_a_reload_names_what_waits_for_a_restart(vault):
    vault.start()
    vault.settings["token"]["max_sessions"] = 4
    vault.settings["limits"]["workers"] = 3
    vault.write()
    kind, detail = vault.reload()
    assert (kind, detail) == (
        "config_reloaded", "no change; after a restart: token.max_sessions, limits.workers",
    )  # fmt: skip


def test_a_daemon_that_gave_up_root_can_reload(vault):
    vault.belong_to(USER)
    vault.start()
    vault.settings["listener"].append({"path": str(vault.directory / "b.sock"), "mode": "0660"})
    vault.write()
    assert vault.reload()[0] == "config_reloaded"
    assert answers(vault.directory / "b.sock")


def test_many_reloads_at_once_end_with_the_last_word(vault):
    vault.start()
    for age in range(20):
        vault.settings["vault"]["cache_age_seconds"] = age
        vault.write()
        os.kill(vault.pid, signal.SIGHUP)
    vault.settings["vault"]["cache_age_seconds"] = 77
    vault.write()
    vault.reload()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if any(line.endswith(" to 77") for line in vault.events("config_reloaded")):
            break
        time.sleep(0.02)
    else:
        raise AssertionError(vault.events("config_reloaded"))
    assert vault.read("app/db") is not None


# The service manager.


def test_tells_the_manager_when_it_is_ready_reloading_and_stopping(vault):
    manager = Manager(vault.directory.parent)
    vault.environment["NOTIFY_SOCKET"] = manager.path
    vault.start(wait=False)
    ready = manager.until("READY")
    assert ready == {"READY": "1", "STATUS": "serving on 1 socket"}
    assert answers(vault.socket_path), "ready means ready"

    before = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    vault.settings["listener"].append({"path": str(vault.directory / "b.sock")})
    vault.write()
    os.kill(vault.pid, signal.SIGHUP)
    reloading = manager.until("RELOADING")
    after = time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000
    assert before <= int(reloading["MONOTONIC_USEC"]) <= after
    assert manager.until("READY")["STATUS"] == "serving on 2 sockets"

    vault.config_path.write_text("bad")
    os.kill(vault.pid, signal.SIGHUP)
    manager.until("RELOADING")
    assert manager.until("READY")["STATUS"] == "serving on 2 sockets"

    vault.process.send_signal(signal.SIGTERM)
    manager.until("STOPPING")
    assert vault.wait_end() == 0


def test_a_start_that_fails_is_never_ready(vault):
    manager = Manager(vault.directory.parent)
    vault.environment["NOTIFY_SOCKET"] = manager.path
    vault.socket_path.write_text("in the way")
    vault.refused(code=1)
    assert manager.next(timeout=0.1) is None


def with_pid(vault, **variables):
    """Variables that must hold the pid of the daemon itself: $$ stays over exec."""
    assignments = " ".join(f"{name}=$$" for name in variables if variables[name] is None)
    vault.command_prefix = ["sh", "-c", f'export {assignments}; exec "$0" "$@"']
    vault.environment.update({k: v for k, v in variables.items() if v is not None})


def test_gives_signs_of_life_only_while_it_can_finish_anything(vault):
    manager = Manager(vault.directory.parent)
    with_pid(vault, WATCHDOG_PID=None, WATCHDOG_USEC="2000000", NOTIFY_SOCKET=manager.path)
    vault.start()
    manager.until("READY")
    begin = time.monotonic()
    for _ in range(3):
        manager.until("WATCHDOG", timeout=10)
    assert time.monotonic() - begin < 6, "at half of the time"

    # The disk hangs: every sync takes longer than the manager waits.
    trace = subprocess.Popen(
        ["strace", "-f", "-p", str(vault.pid), "-o", "/dev/null", "-e", "trace=fdatasync",
         "-e", "inject=fdatasync:delay_enter=9000000"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert "attached" in trace.stderr.readline()
        writer = threading.Thread(target=vault.put, args=("slow", {"a": "b"}))
        writer.start()
        time.sleep(4.5)
        while manager.next(timeout=0.01):
            pass
        assert manager.next(timeout=2.5) is None, "no sign of life from a daemon that can't finish"
    finally:
        trace.send_signal(signal.SIGINT)
        trace.wait(30)
    writer.join()
    manager.until("WATCHDOG", timeout=10)


def passed_socket(path, mode=0o600):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.bind(str(path))
    os.chmod(path, mode)
    sock.listen(16)
    return sock


def start_with(vault, sock, wait=True, names="coffer"):
    """As systemd does it: descriptor 3, and LISTEN_PID is the daemon's own."""
    environment = {**vault.environment, "LISTEN_FDS": "1", "LISTEN_FDNAMES": names}
    with open(vault.log_path, "ab") as log:
        vault.process = subprocess.Popen(
            ["bash", "-c", f'exec 3<&{sock.fileno()}; export LISTEN_PID=$$; exec "$0" "$@"',
             program("cofferd"), *vault.arguments()],
            pass_fds=[sock.fileno()], env=environment, stdin=subprocess.DEVNULL, stdout=log,
            stderr=log,
        )  # fmt: skip
    if wait:
        vault.wait_ready()


def test_serves_the_socket_that_it_was_passed(vault):
    sock = passed_socket(vault.socket_path)
    inode = vault.socket_path.stat().st_ino
    early = vault.new_client()  # connects before there is a daemon
    early.request_thread = threading.Thread(target=lambda: answers(vault.socket_path))
    early.request_thread.start()
    start_with(vault, sock)
    early.request_thread.join(30)
    assert not early.request_thread.is_alive()
    early.close()
    assert vault.socket_path.stat().st_ino == inode, "the manager's, not one of its own"
    assert vault.read("app/db") is not None
    vault.close()
    assert vault.socket_path.exists(), "it stays the manager's"
    sock.close()


@pytest.mark.parametrize("wrong", ["mode", "path", "kind"])
def test_refuses_a_passed_socket_that_the_configuration_does_not_mean(vault, wrong):
    if wrong == "mode":
        sock = passed_socket(vault.socket_path, 0o666)
    elif wrong == "path":
        sock = passed_socket(vault.directory / "other.sock")
    else:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.bind("\0coffer-test-abstract")
        sock.listen(1)
    start_with(vault, sock, wait=False)
    assert vault.wait_end() == (EXIT_CONFIG if wrong == "kind" else 1)
    assert "socket" in vault.log
    sock.close()


def test_sockets_meant_for_another_process_are_not_taken(vault):
    vault.environment.update(LISTEN_FDS="1", LISTEN_PID="1")
    vault.start()
    assert vault.read("app/db") is not None


def test_systemd_socket_activate_starts_it_at_the_first_connection(vault):
    activate = shutil.which("systemd-socket-activate")
    assert activate, "package systemd"
    # It makes its sockets for everyone.
    vault.settings["listener"][0]["mode"] = "0666"
    vault.write()
    vault.command_prefix = [activate, f"--listen={vault.socket_path}"]
    vault.start()
    assert vault.read("app/db") is not None


def test_runs_from_any_working_directory(vault):
    vault.command_prefix = ["sh", "-c", 'cd / && exec "$0" "$@"']
    vault.start()
    assert vault.read("app/db") is not None
