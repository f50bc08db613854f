"""The processes of a vault, as /proc shows them to root."""

import pathlib
import time


def children(pid):
    """Of all threads of a process; [] if it is gone."""
    found = []
    for thread in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in thread.read_text().split()]
        except OSError:
            continue
    return found


def command(pid):
    return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[:-1]


def supervisor_of(vault):
    (pid,) = children(vault.pid)
    assert command(pid)[:2] == ["coffer-token", "supervise"], command(pid)
    return pid


def worker_of(vault, seconds=10):
    """Waits for it, for one may just be being started."""
    supervisor = supervisor_of(vault)
    deadline = time.monotonic() + seconds
    while True:
        for pid in children(supervisor):
            try:
                if command(pid)[:2] == ["coffer-token", "work"]:
                    return pid
            except OSError:
                continue
        assert time.monotonic() < deadline, f"no worker:\n{vault.log}"
        time.sleep(0.01)


def status(pid):
    """/proc/PID/status as a dict of its texts."""
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.strip() for name, value in (line.split(":", 1) for line in lines)}


def maps(pid):
    return pathlib.Path(f"/proc/{pid}/maps").read_text()


def alive(pid):
    """Not gone, and no zombie either."""
    try:
        return not status(pid)["State"].startswith(("Z", "X"))
    except (OSError, KeyError):
        return False


def wait_gone(pids, seconds=5):
    deadline = time.monotonic() + seconds
    while any(map(alive, pids)):
        assert time.monotonic() < deadline, {pid: status(pid)["State"] for pid in pids if alive(pid)}
        time.sleep(0.01)


def listening_sockets(pid):
    """The inodes of sockets that the process has open and listens on."""
    listening = set()
    for line in pathlib.Path("/proc/net/unix").read_text().splitlines()[1:]:
        fields = line.split()
        if int(fields[3], 16) & 0x10000:  # __SO_ACCEPTCON
            listening.add(fields[6])
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                listening.add(fields[9])
    return open_sockets(pid) & listening


def open_sockets(pid):
    sockets = set()
    for file in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        target = str(file.readlink())
        if target.startswith("socket:["):
            sockets.add(target[len("socket:[") : -1])
    return sockets
