"""Processes of other users, groups and cgroups, as peers of a vault's socket. For root, as CI runs
the tests."""

import contextlib
import ctypes
import dataclasses
import http.client
import json
import os
import pathlib
import subprocess
import traceback

from configured import ids
from harness import Client, program

CLONE_NEWUSER = 0x10000000


@dataclasses.dataclass(frozen=True)
class Peer:
    """Whom a process becomes before it connects."""

    uid: int
    gid: int
    groups: tuple = ()
    cgroup: pathlib.Path | None = None

    def become(self):
        if self.cgroup is not None:
            (self.cgroup / "cgroup.procs").write_text(str(os.getpid()))
        os.setgroups(self.groups)
        os.setresgid(self.gid, self.gid, self.gid)
        os.setresuid(self.uid, self.uid, self.uid)


def user(name, **more):
    uid, gid = ids(name)
    return Peer(uid, gid, **more)


def in_child(task, meanwhile=lambda: None):
    """What `task()` gives, as JSON can tell it, of a process of its own."""
    source, sink = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(sink, json.dumps(task()).encode())
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(sink)
    meanwhile()
    with open(source, "rb") as pipe:
        told = pipe.read()
    os.waitpid(child, 0)
    assert told, "the child failed; its traceback is above"
    return json.loads(told)


def as_root_of_a_namespace(peer, task):
    """`task()` as user 0 of a user namespace that maps it to `peer`, as `unshare -Ur` does it. We
    write the map: not every kernel lets the user do it."""
    ready, go = os.pipe(), os.pipe()

    def inside():
        peer.become()
        assert ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) == 0, ctypes.get_errno()
        os.write(ready[1], str(os.getpid()).encode())
        os.read(go[0], 1)
        return task()

    def map_it():
        pid = int(os.read(ready[0], 16))
        pathlib.Path(f"/proc/{pid}/uid_map").write_text(f"0 {peer.uid} 1")
        os.write(go[1], b"x")

    return in_child(inside, meanwhile=map_it)


@dataclasses.dataclass(frozen=True)
class Told:
    """An answer; `status` None: the connection was closed without one."""

    status: int | None
    body: dict

    @property
    def data(self):
        return self.body["data"]


def ask(path, method, target, body=None, token=None):
    """In the process that asks: [status, body]."""
    with contextlib.closing(Client(path, token)) as client:
        try:
            answer = client.request(method, target, body)
        except (http.client.HTTPException, OSError):
            return [None, {}]
        return [answer.status, json.loads(answer.body or b"{}")]


def request_as(peer, vault, method, target, body=None, token=None):
    def task():
        peer.become()
        return ask(vault.socket_path, method, target, body, token)

    return Told(*in_child(task))


def coffer_as(peer, vault, *arguments, home, **environment):
    """The command line, from a directory that everybody may enter; nothing tells it of a token."""
    assert peer.cgroup is None
    return subprocess.run(
        [str(home / "coffer"), *arguments], text=True, capture_output=True, timeout=60,
        check=False, user=peer.uid, group=peer.gid, extra_groups=list(peer.groups), cwd="/",
        stdin=subprocess.DEVNULL,
        env={"PATH": "/usr/bin:/bin", "HOME": str(home / "nobody-home"),
             "COFFER_ADDR": f"unix://{vault.socket_path}", **environment},
    )  # fmt: skip


def install_coffer(home):
    """A copy of the program, wherever it was built: not everybody may pass root's directories."""
    target = home / "coffer"
    target.write_bytes(pathlib.Path(program("coffer")).read_bytes())
    target.chmod(0o755)
    (home / "nobody-home").mkdir(mode=0o777)
    (home / "nobody-home").chmod(0o777)


# Cgroups. Where they can't be made (a container with a read-only tree) there is nothing to be in.


def cgroup_root():
    """Where version 2 is mounted, if new groups can be made there."""
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        if after.split()[0] != "cgroup2":
            continue
        root = pathlib.Path(before.split()[4])
        probe = root / f"coffer-probe-{os.getpid()}"
        try:
            probe.mkdir()
            probe.rmdir()
        except OSError:
            return None
        return root
    return None


@contextlib.contextmanager
def cgroup(path):
    """Makes it, and takes away again what nobody else is in. `path` should be nobody else's."""
    root = cgroup_root()
    assert root is not None
    place = root / path
    place.mkdir(parents=True, exist_ok=True)
    try:
        yield place
    finally:
        for group in (place, *place.parents):
            if group == root:
                break
            with contextlib.suppress(OSError):
                group.rmdir()
