"""Callers without a token, known by the kernel: real users, groups, namespaces, cgroups."""

import contextlib
import grp
import json
import os
import pathlib
import shutil
import signal
import socket
import time

import pytest

from configured import CLIENT, GROUP, USER, ConfiguredVault, ids, model_with
from conftest import new_directory
from harness import Client
from peers import (Peer, as_root_of_a_namespace, ask, cgroup, cgroup_root, coffer_as, in_child,
                   install_coffer, request_as, user)  # fmt: skip

SECRET = "secret/data/app/db"
POLICY = f'path "{SECRET}" {{ capabilities = ["read"] }}'
UNIT = f"coffer-test-{os.getpid()}.service"
NOBODY = 65534  # the kernel's name for all that have no mapping


@pytest.fixture(scope="module")
def model():
    with model_with(("app/db", {"password": "of the app"})) as directory:
        yield directory


@pytest.fixture(scope="module")
def home():
    path = new_directory()
    path.chmod(0o755)
    install_coffer(path)
    yield path
    shutil.rmtree(path, ignore_errors=True)


class OpenVault(ConfiguredVault):
    """The socket of which is for everybody."""

    @property
    def socket_path(self):
        return self.directory.parent / "run/coffer.sock"

    def open_to_all(self):
        self.settings["listener"] = [{"path": str(self.socket_path), "mode": "0666"}]
        self.socket_path.parent.mkdir(mode=0o755)
        self.socket_path.parent.chmod(0o755)
        self.write()


@contextlib.contextmanager
def open_vault(home, name, model, owner=None, prefix=()):
    top = home / name
    top.mkdir(mode=0o755)
    top.chmod(0o755)
    vault = OpenVault(top / "vault", top / "etc", model)
    vault.open_to_all()
    vault.command_prefix = list(prefix)
    if owner:
        vault.belong_to(owner)
        os.chown(vault.socket_path.parent, *ids(owner))
    vault.start()
    try:
        assert vault.request("POST", "sys/policies/acl/app", {"policy": POLICY}).status == 204
        yield vault
        vault.close()
    finally:
        if vault.running:
            vault.kill()


@pytest.fixture(scope="module")
def vault(home, model):
    with open_vault(home, "shared", model, owner=USER) as made:
        yield made


@pytest.fixture
def role(vault):
    """role("app", bound_uids=[…]): a role with the policy `app`, until the test ends."""
    made = []

    def make(name="app", **fields):
        made.append(name)
        fields = {"token_policies": ["app"], **fields}
        answer = vault.request("POST", f"auth/unix/role/{name}", fields)
        assert answer.status == 204, answer

    yield make
    for name in made:
        assert vault.request("DELETE", f"auth/unix/role/{name}").status == 204


def may_read(vault, peer):
    answer = request_as(peer, vault, "GET", SECRET)
    assert answer.status in (200, 403), answer
    if answer.status == 200:
        assert answer.data["data"] == {"password": "of the app"}
    return answer.status == 200


# Who it is.


def test_an_allowed_user_reads_with_no_token_anywhere(vault, home, role):
    role(bound_uids=[ids(CLIENT)[0]])
    done = coffer_as(user(CLIENT), vault, "kv", "get", "-field=password", "secret/app/db", home=home)
    assert (done.returncode, done.stdout) == (0, "of the app"), done.stderr
    assert list((home / "nobody-home").iterdir()) == [], "and none was left behind"
    denied = coffer_as(user(USER), vault, "kv", "get", "secret/app/db", home=home)
    assert denied.returncode == 2
    assert denied.stdout == ""
    assert "permission denied" in denied.stderr


def test_a_uid_is_the_whole_number(vault, role):
    uid, gid = ids(CLIENT)
    role(bound_uids=[uid])
    assert may_read(vault, Peer(uid, gid))
    assert may_read(vault, Peer(uid, 4321, groups=(4322,)))
    for other in (uid + 1, uid * 10, uid * 10 + uid, uid + 65536):
        assert not may_read(vault, Peer(other, gid)), other


def test_a_primary_group_isnt_a_supplementary_one(vault, role):
    role(bound_gids=[ids(CLIENT)[1]])
    gid = ids(CLIENT)[1]
    assert may_read(vault, Peer(7001, gid))
    assert not may_read(vault, Peer(7001, 7001, groups=(gid,)))


def test_a_supplementary_group_isnt_the_primary_one(vault, role):
    gid = grp.getgrnam(GROUP).gr_gid
    role(bound_groups=[gid])
    assert may_read(vault, Peer(7001, 7001, groups=(7002, gid, 7003)))
    assert not may_read(vault, Peer(7001, gid))
    assert not may_read(vault, Peer(7001, 7001, groups=(7002, 7003)))


def test_every_list_of_a_role_must_match(vault, role):
    role(bound_uids=[7001, 7002], bound_gids=[7010], bound_groups=[7020, 7021])
    assert may_read(vault, Peer(7002, 7010, groups=(7021,)))
    assert not may_read(vault, Peer(7003, 7010, groups=(7021,)))
    assert not may_read(vault, Peer(7002, 7011, groups=(7021,)))
    assert not may_read(vault, Peer(7002, 7010, groups=(7022,)))


def test_roles_add_up(vault, role):
    more = 'path "secret/data/more" { capabilities = ["read"] }'
    assert vault.request("POST", "sys/policies/acl/more", {"policy": more}).status == 204
    role("first", bound_uids=[7001])
    role("second", bound_gids=[7001], token_policies=["more"])
    told = request_as(Peer(7001, 7001), vault, "GET", "auth/token/lookup-self").data
    assert told["display_name"] == "unix-first,second"
    assert told["policies"] == ["app", "default", "more"]


def test_lookup_self_tells_who_the_peer_is(vault, role):
    role(bound_uids=[7001])
    told = request_as(Peer(7001, 7002), vault, "GET", "auth/token/lookup-self").data
    assert told["type"] == "unix"
    assert told["role"] == "app"
    assert told["uid"] == 7001
    assert told["policies"] == ["app", "default"]
    assert told["id"] == ""
    again = request_as(Peer(7001, 7002), vault, "GET", "auth/token/lookup-self").data
    assert again["accessor"] == told["accessor"], "the same caller"


def test_a_peer_has_no_token_to_renew_or_to_revoke(vault, role):
    role(bound_uids=[7001])
    for path in ("auth/token/renew-self", "auth/token/revoke-self"):
        answer = request_as(Peer(7001, 7001), vault, "POST", path, {})
        assert answer.status == 400, path
        assert "has no token" in answer.body["errors"][0]


# A token decides alone.


def test_a_wrong_token_never_falls_back_to_the_peer(vault, home, role):
    role(bound_uids=[7001])
    peer = Peer(7001, 7001)
    ended = vault.request("POST", "auth/token/create", {"policies": ["app"]}).json["auth"]["client_token"]
    vault.request("POST", "auth/token/revoke", {"token": ended})
    for wrong in (ended, "hvs." + "A" * 43, "nonsense", "x" * 2000):
        answer = request_as(peer, vault, "GET", SECRET, token=wrong)
        assert answer.status == 403, wrong
    assert may_read(vault, peer)
    done = coffer_as(peer, vault, "kv", "get", "secret/app/db", home=home, COFFER_TOKEN=ended)
    assert done.returncode == 2
    assert "permission denied" in done.stderr


def test_a_token_decides_in_either_header_and_an_empty_one_is_none(vault, role):
    role(bound_uids=[0])
    with contextlib.closing(vault.new_client(token=None)) as client:
        for none in ({}, {"X-Vault-Token": ""}, {"Authorization": "Bearer "}, {"Authorization": ""}):
            assert client.get(SECRET, headers=none).status == 200, none
        for wrong in ({"X-Vault-Token": "x"}, {"Authorization": "Bearer x"}, {"Authorization": "bearer x"},
                      {"X-Vault-Token": "", "Authorization": "Bearer x"},
                      {"X-Vault-Token": "x", "Authorization": f"Bearer {vault.root_token}"}):  # fmt: skip
            assert client.get(SECRET, headers=wrong).status == 403, wrong


def test_a_tokens_rights_are_its_own_not_the_peers(vault, role):
    role(bound_uids=[7001])
    made = vault.request("POST", "auth/token/create", {"policies": ["default"]})
    token = made.json["auth"]["client_token"]
    assert request_as(Peer(7001, 7001), vault, "GET", SECRET, token=token).status == 403


def test_all_who_are_not_known_get_the_same_answer(vault, role):
    role(bound_uids=[7001])
    answers = [
        request_as(Peer(7002, 7002), vault, "GET", SECRET),
        request_as(Peer(7002, 7002), vault, "GET", "secret/data/none"),
        request_as(Peer(7002, 7002), vault, "GET", SECRET, token="hvs." + "A" * 43),
        request_as(Peer(7002, 7002), vault, "GET", "nowhere/at/all"),
    ]
    assert {answer.status for answer in answers} == {403}
    assert len({json.dumps(answer.body["errors"]) for answer in answers}) == 1
    assert "permission denied" in answers[0].body["errors"][0]


def test_nobody_is_an_administrator_by_who_he_is(vault):
    for peer in (Peer(0, 0), user(USER)):
        for method, path in (("GET", SECRET), ("GET", "sys/mounts"), ("LIST", "sys/policies/acl"),
                             ("POST", "sys/seal"), ("POST", "auth/token/create"),
                             ("POST", "auth/unix/role/me")):  # fmt: skip
            body = {"bound_uids": [peer.uid]} if method == "POST" else None
            assert request_as(peer, vault, method, path, body).status == 403, path


def test_no_role_gives_root(vault):
    for policies in (["root"], ["app", " ROOT"]):
        answer = vault.request("POST", "auth/unix/role/x", {"bound_uids": [0], "token_policies": policies})
        assert answer.status == 400, policies
    assert vault.request("GET", "auth/unix/role/x").status == 404


def test_a_token_of_a_peers_making_is_an_orphan_and_ends(vault, role):
    vault.request("POST", "sys/policies/acl/maker",
                  {"policy": 'path "auth/token/create" {capabilities = ["update"]}'})  # fmt: skip
    role(bound_uids=[7001], token_policies=["app", "maker"])
    made = request_as(Peer(7001, 7001), vault, "POST", "auth/token/create", {"policies": ["app"]})
    assert made.status == 200, made
    assert made.body["auth"]["orphan"] is True
    assert made.body["auth"]["lease_duration"] > 0
    more = request_as(Peer(7001, 7001), vault, "POST", "auth/token/create", {"policies": ["root"]})
    assert more.status == 400, "not more than it has itself"
    told = vault.request("POST", "auth/token/lookup", {"token": made.body["auth"]["client_token"]})
    assert told.data["expire_time"] is not None


def test_a_role_that_goes_is_gone_at_the_next_request_of_an_open_connection(vault, role):
    role(bound_uids=[0])
    with contextlib.closing(vault.new_client(token=None)) as client:
        assert client.get(SECRET).status == 200
        role(bound_uids=[7001])
        assert client.get(SECRET).status == 403
        role(bound_uids=[0])
        assert client.get(SECRET).status == 200


def test_who_opened_a_connection_stays_its_caller(vault, role):
    role(bound_uids=[7001])

    def opened_by(before, after):
        def task():
            os.setgroups([])
            os.setresuid(before, before, 0)
            client = Client(vault.socket_path)
            client._connection.connect()
            os.setresuid(0, 0, 0)
            os.setresuid(after, after, after)
            return client.get(SECRET).status

        return in_child(task)

    assert opened_by(7001, 7002) == 200
    assert opened_by(7002, 7001) == 403


def test_the_record_tells_the_peer(vault, role):
    role(bound_uids=[7001])
    assert may_read(vault, Peer(7001, 7002))
    line = [line for line in vault.audit_lines() if '"unix-app"' in json.dumps(line)][-1]
    text = json.dumps(line)
    assert SECRET in text
    assert "7001" in text


# 65534, and namespaces of users.


def test_a_process_that_runs_as_65534_is_shown_out(vault, role):
    role(bound_uids=[7001], bound_gids=[7001])
    told = request_as(Peer(NOBODY, NOBODY), vault, "GET", "sys/health")
    assert told.status is None, "closed without an answer"
    assert not may_read(vault, Peer(7001, NOBODY))
    assert may_read(vault, Peer(7001, 7001))


def test_65534_as_a_group_matches_nothing(vault, role):
    for field in ("bound_uids", "bound_gids", "bound_groups"):
        answer = vault.request("POST", "auth/unix/role/x", {field: [NOBODY]})
        assert answer.status == 400
        assert field in answer.errors[0]
    role(bound_groups=[7005])
    assert not may_read(vault, Peer(7001, 7001, groups=(NOBODY,)))


def test_root_of_a_namespace_is_who_it_is_outside(vault, role):
    role("admins", bound_uids=[0])
    peer = user(CLIENT)

    def ask_inside():
        return [os.getuid(), *ask(vault.socket_path, "GET", "auth/token/lookup-self")]

    uid, status, _ = as_root_of_a_namespace(peer, ask_inside)
    assert (uid, status) == (0, 403)
    role("players", bound_uids=[peer.uid])
    uid, status, body = as_root_of_a_namespace(peer, ask_inside)
    assert (uid, status) == (0, 200)
    assert body["data"]["uid"] == peer.uid
    assert body["data"]["role"] == "players"


def test_a_vault_in_a_namespace_takes_nobody_whom_it_cannot_tell(home, model):
    """There all users without a mapping are 65534; a role for one would be for all."""
    with open_vault(home, "inside", model, prefix=["unshare", "-U", "--map-root-user"]) as vault:
        assert vault.read("app/db") == {"password": "of the app"}
        for peer in (user(CLIENT), Peer(7001, 7001)):
            assert request_as(peer, vault, "GET", "sys/health").status is None
            assert request_as(peer, vault, "GET", SECRET, token=vault.root_token).status is None
        assert vault.request("POST", "auth/unix/role/x", {"bound_uids": [NOBODY]}).status == 400


# Units and containers.


@contextlib.contextmanager
def peer_in(path):
    with cgroup(path) as place:
        yield Peer(7001, 7001, cgroup=place)


def without_cgroups():
    """Whether this machine lets nobody make cgroups; then its processes are in no unit of ours."""
    if cgroup_root() is not None:
        return False
    print("cgroups version 2 can't be made here: only that a unit isn't granted is tried")
    return True


def test_a_unit_narrows_a_user(vault, role):
    role(bound_uids=[7001], bound_units=[UNIT])
    assert not may_read(vault, Peer(7001, 7001)), "not in that unit"
    if without_cgroups():
        return
    with peer_in(f"system.slice/{UNIT}") as peer:
        assert may_read(vault, peer)
        assert not may_read(vault, Peer(7002, 7001, cgroup=peer.cgroup)), "the unit alone is nothing"
        told = request_as(peer, vault, "GET", "auth/token/lookup-self").data
        assert told["meta"]["unit"] == UNIT
    with peer_in(f"system.slice/{UNIT}/below/it") as peer:
        assert may_read(vault, peer)
    with peer_in(f"system.slice/other-{UNIT}") as peer:
        assert not may_read(vault, peer)


def test_a_users_own_unit_with_a_borrowed_name_is_the_users(vault, role):
    """As `systemd-run --user --unit=…` makes it."""
    role(bound_uids=[7001], bound_units=[UNIT])
    borrowed = f"user.slice/user-7001.slice/user@7001.service/app.slice/{UNIT}"
    assert not may_read(vault, Peer(7001, 7001))
    if without_cgroups():
        return
    with peer_in(borrowed) as peer:
        assert not may_read(vault, peer)
        role("own", bound_uids=[7001], bound_units=["user@7001.service"])
        assert may_read(vault, peer)


def test_a_container_needs_a_role_that_names_it(vault, role):
    ident = f"{os.getpid():064x}"
    scope = f"docker-{ident}.scope"
    role(bound_uids=[7001])
    assert may_read(vault, Peer(7001, 7001))
    assert vault.request("POST", "auth/unix/role/x",
                         {"bound_uids": [7001], "allow_containers": True}).status == 400  # fmt: skip
    if without_cgroups():
        return
    for path in (f"system.slice/{scope}", f"docker/{ident}", f"kubepods.slice/cri-containerd-{ident}.scope",
                 f"machine.slice/libpod-{ident}.scope/container",
                 f"lxc.payload.{ident}/system.slice/app.service"):  # fmt: skip
        with peer_in(path) as peer:
            assert not may_read(vault, peer), path
    with peer_in(f"system.slice/{scope}") as peer:
        role("named", bound_uids=[7001], bound_units=[scope])
        assert not may_read(vault, peer), "named, but not as a container"
        role("boxed", bound_uids=[7001], bound_units=[scope], allow_containers=True)
        assert may_read(vault, peer)
        assert not may_read(vault, Peer(7002, 7001, cgroup=peer.cgroup))


def next_process_has(pid):
    """Whether the kernel could be told so; it is for who may restore processes."""
    try:
        pathlib.Path("/proc/sys/kernel/ns_last_pid").write_text(str(pid - 1))
        return True
    except OSError:
        return False


def fork_with_pid(pid, run, tries=50):
    """A child with this number, if the kernel gives it."""
    for _ in range(tries):
        if not next_process_has(pid):
            return None
        child = os.fork()
        if child == 0:
            try:
                run()
                signal.pause()
            finally:
                os._exit(0)
        if child == pid:
            return child
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    return None


def test_a_recycled_pid_is_nobodys_unit(vault, role):
    """Who connects and dies, so that another process, in the right unit, has its number when the
    vault looks: the number says nothing."""
    role(bound_uids=[7001])
    place = contextlib.nullcontext(None) if cgroup_root() is None else cgroup(f"system.slice/{UNIT}")
    with place as group:
        if group is not None:
            role(bound_uids=[7001], bound_units=[UNIT])
        member = Peer(7001, 7001, cgroup=group)
        assert may_read(vault, member), "alive, it is in"
        assert stale_request(vault, member) == 403


def stale_request(vault, successor):
    """The status that a connection gets of which the opener is gone before the vault accepts."""
    ours, theirs = socket.socketpair()
    os.kill(vault.pid, signal.SIGSTOP)
    opener = os.fork()
    if opener == 0:
        try:
            Peer(7001, 7001).become()
            connection = socket.socket(socket.AF_UNIX)
            connection.connect(str(vault.socket_path))
            socket.send_fds(theirs, [b"x"], [connection.fileno()])
        finally:
            os._exit(0)
    os.waitpid(opener, 0)
    _, (descriptor,), _, _ = socket.recv_fds(ours, 1, 1)
    heir = fork_with_pid(opener, successor.become)
    if heir is None:
        print("this kernel doesn't let anybody choose a number: the opener is gone, and has no heir")
    else:
        wait_until(lambda: f"Uid:\t{successor.uid}\t" in pathlib.Path(f"/proc/{heir}/status").read_text())
    os.kill(vault.pid, signal.SIGCONT)
    with socket.socket(fileno=descriptor) as connection:
        connection.settimeout(30)
        connection.sendall(f"GET /v1/{SECRET} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        status = int(connection.recv(4096).split()[1])
    if heir is not None:
        os.kill(heir, signal.SIGKILL)
        os.waitpid(heir, 0)
    return status


def wait_until(holds, seconds=20):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_who_looked_for_too_many_values_is_told_so_and_nobody_else(vault):
    body = {"values": ["short"] * 500}
    deadline = time.monotonic() + 120
    while vault.request("POST", "sys/leaks/check", body).status == 200:
        assert time.monotonic() < deadline, "it never ends"
    other = request_as(user(CLIENT), vault, "POST", "sys/leaks/check", body, token=vault.root_token)
    assert other.status == 200, other
