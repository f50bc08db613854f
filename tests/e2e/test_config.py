"""`cofferd --config`: what it takes, what it refuses to start with, and as whom it runs."""

import contextlib
import os
import pathlib
import re
import shutil
import stat
import subprocess
import time

import pytest

from configured import CLIENT, GROUP, USER, ConfiguredVault, copy_of, empty_out, health_as, ids, model_with
from harness import ROOT, program


@pytest.fixture(scope="module")
def model():
    """The development vault that all are copied from."""
    with model_with(("app/db", {"password": "from the model"})) as directory:
        yield directory


@pytest.fixture
def vault(model):
    with copy_of(model) as made:
        yield made


def status_of(pid):
    lines = pathlib.Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: value.split() for name, _, value in (line.partition(":") for line in lines)}


def initialise(vault):
    """Makes the vault, keeps its root token where the harness looks, and mounts secret/."""
    with contextlib.closing(vault.new_client(token="")) as client:
        assert client.get("sys/health").status == 501
        made = client.request("PUT", "sys/init", {})
        assert made.status == 200, made
        assert client.request("PUT", "sys/init", {}).status == 400
    vault.keep_root_token(made.json["root_token"])
    mounted = vault.request("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
    assert mounted.status == 204, mounted


# Starting.


def test_serves_what_the_configuration_names(vault):
    vault.start()
    assert vault.read("app/db") == {"password": "from the model"}
    vault.put("more", {"a": "b"})
    vault.restart()
    assert vault.read("more") == {"a": "b"}
    assert vault.verify_audit()[0] == 0


def test_makes_a_new_vault_on_a_token_with_no_keys_yet(vault):
    empty_out(vault)
    vault.start()
    initialise(vault)
    vault.put("first", {"a": "b"})
    assert vault.read("first") == {"a": "b"}


def test_keeps_each_thing_where_it_is_told_to(vault):
    elsewhere = vault.directory.parent / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    shutil.move(vault.audit_directory, elsewhere / "log")
    shutil.move(vault.directory / "signer.pem", vault.directory / "pinned.pem")
    vault.settings["vault"].update(audit=str(elsewhere / "log"), signer="pinned.pem")
    vault.write()
    vault.start()
    assert vault.read("app/db") is not None
    assert not vault.audit_directory.exists()


def test_check_says_good_and_starts_nothing(vault):
    before = [line["seq"] for line in vault.audit_lines()]
    done = vault.run("--check")
    assert (done.returncode, done.stdout) == (0, "the configuration is good\n"), done.stderr
    assert [line["seq"] for line in vault.audit_lines()] == before
    assert not vault.socket_path.exists()


def test_check_names_all_that_is_wrong_and_no_value(vault):
    vault.settings["vault"]["cache_age_seconds"] = 100000
    vault.settings["token"]["pin"] = "31415926"
    vault.settings["token"]["uri"] = "pkcs11:token=t?pin-value=31415926"
    vault.write()
    for told in (vault.refused("--check"), vault.refused()):
        for key in ("vault.cache_age_seconds", "token.pin", "token.uri"):
            assert f" error {vault.config_path}:" in told
            assert f" {key}: " in told, key
        assert "31415926" not in told


@pytest.mark.parametrize(
    "arguments",
    [["--config"], ["--check"], ["dev", "--config", "x"], ["--config", "x", "--dir", "y"],
     ["dev", "--dir", "x", "--check"], ["--config", "x", "--cache-age", "1"], []],
)  # fmt: skip
def test_a_wrong_command_line_is_status_64(arguments):
    done = subprocess.run([program("cofferd"), *arguments], capture_output=True, check=False)
    assert done.returncode == 64, done.stderr


# Who it runs as.


def test_refuses_to_run_as_root_unless_told(vault):
    vault.settings["process"] = {}
    vault.write()
    assert "started as root" in vault.refused()
    assert not vault.socket_path.exists()


def test_becomes_its_user_for_good(vault):
    vault.belong_to(USER)
    vault.start()
    uid, gid = ids(USER)
    status = status_of(vault.pid)
    assert status["Uid"] == [str(uid)] * 4
    assert status["Gid"] == [str(gid)] * 4
    groups = set(map(int, status["Groups"]))
    assert 0 not in groups and len(groups) == 2, groups
    for capabilities in ("CapInh", "CapPrm", "CapEff"):
        assert int(status[capabilities][0], 16) == 0, capabilities
    assert status["NoNewPrivs"] == ["1"]
    # Not dumpable: what is in /proc belongs to root.
    assert os.stat(f"/proc/{vault.pid}/environ").st_uid == 0
    assert vault.read("app/db") is not None
    for path in vault.directory.rglob("*"):
        assert path.lstat().st_uid == uid, path


def test_every_thread_is_the_user(vault):
    vault.belong_to(USER)
    vault.start()
    uid, _ = ids(USER)
    threads = list(pathlib.Path(f"/proc/{vault.pid}/task").iterdir())
    assert len(threads) > 2
    for thread in threads:
        assert status_of(f"{vault.pid}/task/{thread.name}")["Uid"] == [str(uid)] * 4


def test_takes_the_group_that_it_is_told(vault):
    vault.belong_to(USER)
    vault.settings["process"]["group"] = GROUP
    vault.write()
    vault.start()
    assert vault.socket_path.stat().st_gid == int(status_of(vault.pid)["Gid"][0])
    assert vault.socket_path.group() == GROUP


@pytest.mark.parametrize(
    "process",
    [{"user": "no-such-user-here"}, {"user": USER, "group": "no-such-group-here"}, {"user": "root"},
     {"group": GROUP}],
)  # fmt: skip
def test_refuses_users_that_it_cannot_or_should_not_become(vault, process):
    vault.settings["process"] = process
    vault.write()
    assert "process." in vault.refused()


def test_only_root_can_become_another(vault):
    vault.belong_to("backup")
    uid, gid = ids(USER)
    told = vault.refused(prefix=["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"])
    assert "only root can become it" in told


def test_a_user_can_start_its_own(vault):
    vault.belong_to(USER)
    vault.settings["process"] = {}
    vault.write()
    uid, gid = ids(USER)
    vault.command_prefix = ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups"]
    vault.start()
    assert vault.read("app/db") is not None


def test_refuses_a_configuration_that_its_user_cannot_read_again(vault):
    vault.belong_to(USER)
    os.chmod(vault.config_path, 0o600)
    assert "cannot open" in vault.refused()


# Owners and modes.


def test_makes_files_that_nobody_else_can_read_whatever_the_umask(vault):
    shutil.rmtree(vault.audit_directory)
    for path in vault.directory.glob("store.db*"):
        path.unlink()
    for path in (vault.directory / "token/objects").rglob("*.object"):
        if path.name != "token.object":
            path.unlink()
    (vault.directory / "signer.pem").unlink()
    (vault.directory / "root-token").unlink()
    vault.command_prefix = ["sh", "-c", 'umask 000 && exec "$0" "$@"']
    vault.start()
    initialise(vault)
    vault.put("a", {"b": "c"})
    public = {vault.directory / "signer.pem"}
    for path in [*vault.directory.rglob("*"), vault.directory]:
        if path == vault.log_path or path in public or "token" in path.parts:
            continue
        assert stat.S_IMODE(path.lstat().st_mode) & 0o077 == 0, path
    assert stat.S_IMODE((vault.directory / "signer.pem").stat().st_mode) & 0o022 == 0


@pytest.mark.parametrize("name", ["store.db", "signer.pem", "pin", "audit"])
@pytest.mark.parametrize("spoil", ["mode", "owner"])
def test_refuses_a_file_that_others_could_have_changed(vault, name, spoil):
    path = vault.directory / name
    if spoil == "mode":
        os.chmod(path, 0o777 if path.is_dir() else 0o666)
    else:
        os.chown(path, *ids(CLIENT))
    told = vault.refused()
    assert str(path) in told
    assert not vault.socket_path.exists()


def test_refuses_a_segment_of_the_log_that_others_can_write(vault):
    segment = next(vault.audit_directory.glob("audit-*.jsonl"))
    os.chmod(segment, 0o660)
    assert segment.name in vault.refused()


def test_refuses_a_directory_that_others_can_look_into(vault):
    os.chmod(vault.directory, 0o750)
    assert f"vault.directory: {vault.directory} must not be open" in vault.refused()


def test_refuses_a_link_in_place_of_its_directory(vault):
    link = vault.directory.parent / "link"
    link.symlink_to(vault.directory)
    vault.settings["vault"]["directory"] = str(link)
    vault.write()
    assert "and no link" in vault.refused()


def test_refuses_a_configuration_that_others_could_have_written(vault):
    os.chmod(vault.config_path, 0o664)
    assert "can be written" in vault.refused()
    os.chmod(vault.config_path, 0o644)
    os.chown(vault.config_path, *ids(CLIENT))
    assert "belongs to neither root nor this user" in vault.refused()
    os.chown(vault.config_path, 0, 0)
    os.chmod(vault.etc, 0o777)
    assert str(vault.etc) in vault.refused()


def test_root_takes_no_orders_from_the_user_that_it_would_become(vault):
    vault.belong_to(USER)
    os.chown(vault.config_path, *ids(USER))
    assert "belongs to neither root nor this user" in vault.refused()


def test_refuses_a_module_that_others_could_have_put_there(vault):
    places = vault.directory.parent / "modules"
    places.mkdir(mode=0o755)
    module = places / "module.so"
    shutil.copy(vault.settings["token"]["module"], module)
    vault.settings["token"]["module"] = str(module)
    vault.write()
    os.chmod(module, 0o755)
    assert vault.run("--check").returncode == 0
    os.chmod(module, 0o775)
    assert "token.module: " in vault.refused()
    os.chmod(module, 0o755)
    os.chown(module, *ids(CLIENT))
    assert "token.module: " in vault.refused()
    os.chown(module, 0, 0)
    os.chmod(places, 0o777)
    assert "token.module: " in vault.refused()
    os.chmod(places, 0o755)
    link = places / "link.so"
    link.symlink_to("/tmp/no-module-here.so")
    vault.settings["token"]["module"] = str(link)
    vault.write()
    assert "token.module: " in vault.refused()


def test_refuses_a_module_that_is_none(vault):
    vault.settings["token"]["module"] = str(vault.directory / "pin")
    vault.write()
    assert vault.refused(code=1)


# Sockets.


def test_each_socket_lets_in_whom_it_should(vault):
    vault.belong_to(USER)
    run = vault.directory.parent / "run"
    run.mkdir(mode=0o755)
    os.chmod(run, 0o755)
    os.chown(run, *ids(USER))
    vault.settings["listener"] += [
        {"path": str(run / "all.sock"), "mode": "0666"},
        {"path": str(run / "web.sock"), "mode": "0660", "group": GROUP},
    ]
    vault.write()
    vault.start()
    assert health_as(CLIENT, run / "all.sock") == 200
    assert health_as(CLIENT, run / "web.sock") is None
    assert health_as(USER, run / "web.sock") == 200
    assert (run / "web.sock").group() == GROUP
    assert stat.S_IMODE((run / "web.sock").stat().st_mode) == 0o660
    vault.close()
    assert list(run.iterdir()) == [], "its sockets go with it"


def test_gives_a_socket_to_no_group_that_it_is_not_in(vault):
    vault.belong_to(USER)
    vault.settings["listener"][0]["group"] = CLIENT
    vault.write()
    assert "listener[0].group: " in vault.refused()


@pytest.mark.parametrize("kind", ["file", "link", "directory"])
def test_leaves_alone_what_is_in_the_place_of_its_socket(vault, kind):
    path = vault.socket_path
    precious = vault.directory.parent / "precious"
    if kind == "file":
        path.write_text("precious")
    elif kind == "link":
        path.symlink_to(precious)
    else:
        path.mkdir()
    assert "left alone" in vault.refused(code=1)
    assert path.is_symlink() if kind == "link" else path.exists()
    assert not precious.exists()


def test_a_second_daemon_does_not_take_the_socket_of_the_first(vault, model):
    vault.start()
    other = ConfiguredVault(vault.directory.parent / "other", vault.directory.parent / "etc2", model)
    other.settings["listener"][0]["path"] = str(vault.socket_path)
    other.write()
    assert "another process listens there" in other.refused(code=1)
    assert vault.read("app/db") is not None


def test_refuses_a_socket_directory_that_others_can_write(vault):
    run = vault.directory.parent / "run"
    run.mkdir()
    os.chmod(run, 0o777)
    vault.settings["listener"][0]["path"] = str(run / "coffer.sock")
    vault.write()
    assert "listener[0].path: " in vault.refused()


# The unit.

UNIT = ROOT / "scripts/systemd/cofferd.service"


def systemd_groups():
    """@group: its system calls and groups, as systemd-analyze lists them."""
    listed = subprocess.run(
        ["systemd-analyze", "syscall-filter", "--no-pager"],
        capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    groups, name = {}, None
    for line in listed.splitlines():
        word = line.strip()
        if line.startswith("@"):
            name = word
            groups[name] = set()
        elif name and word and not word.startswith("#"):
            groups[name].add(word)
    return groups


def allowed_calls(unit=UNIT):
    """What the unit's SystemCallFilter= lines leave."""
    groups = systemd_groups()

    def expand(word):
        if not word.startswith("@"):
            return {word}
        return set().union(*(expand(part) for part in groups[word]))

    allowed = set()
    for line in unit.read_text().splitlines():
        key, _, value = line.partition("=")
        if key != "SystemCallFilter":
            continue
        words = set().union(*(expand(word) for word in value.lstrip("~").split()))
        allowed = allowed - words if value.startswith("~") else allowed | words
    return allowed


def calls_in(trace):
    """Of a file that strace wrote."""
    return set(re.findall(r"^\d+ +(\w+)\(", trace.read_text(), re.M))


def test_the_unit_allows_every_system_call_that_is_made(vault):
    vault.belong_to(USER)
    trace = vault.directory / "trace"
    vault.command_prefix = ["strace", "-f", "-u", USER, "-o", str(trace)]
    vault.start()
    vault.put("a", {"b": "c"})
    vault.settings["listener"].append(
        {"path": str(vault.directory / "b.sock"), "mode": "0660", "group": GROUP}
    )
    vault.write()
    daemon = int(trace.read_text().split(None, 1)[0])
    os.kill(daemon, 1)
    deadline = time.monotonic() + 20
    while not vault.events("config_reloaded") and time.monotonic() < deadline:
        time.sleep(0.02)
    assert (vault.directory / "b.sock").group() == GROUP
    os.kill(daemon, 15)
    assert vault.wait_end() == 0
    made = calls_in(trace)
    assert {"connect", "accept4", "fdatasync", "chmod"} <= made | {"accept", "accept4"}
    assert made - allowed_calls() == set()


def test_the_unit_is_as_hardened_as_it_says():
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=15", "--no-pager", str(UNIT)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-400:] + done.stderr


def test_the_units_are_read_by_systemd_without_a_complaint(directory):
    # A copy whose program is there.
    for name in ("cofferd.service", "cofferd.socket"):
        text = (ROOT / "scripts/systemd" / name).read_text()
        (directory / name).write_text(text.replace("/usr/bin/cofferd", program("cofferd")))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(directory / "cofferd.service"),
         str(directory / "cofferd.socket")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "cofferd" not in done.stderr, done.stderr
