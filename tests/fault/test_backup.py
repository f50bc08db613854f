"""Backups under load, damaged ones, wrong keys, and kill -9 in the middle of making and of restoring
(failure tests D18). COFFER_ROUNDS says how often the kills are repeated."""

import os
import pathlib
import random
import shutil
import subprocess
import threading
import time

import pytest

from conftest import end, new_directory
from harness import DevVault, program

ROUNDS = int(os.environ.get("COFFER_ROUNDS", "12"))
SEED = int(os.environ.get("COFFER_SEED", "1"))
WRITES_A_SECOND = 200


class Writers(threading.Thread):
    """Writes counters at a steady rate; `acked` is what was acknowledged."""

    def __init__(self, vault):
        super().__init__()
        self.vault, self.acked, self.over = vault, {}, threading.Event()

    def run(self):
        client = self.vault.new_client()
        began, written = time.monotonic(), 0
        while not self.over.is_set():
            key = f"load/{written % 50}"
            answer = client.post(f"secret/data/{key}", {"data": {"n": written}})
            assert answer.status == 200, answer.body
            self.acked[key] = written
            written += 1
            time.sleep(max(0, began + written / WRITES_A_SECOND - time.monotonic()))


def offline(vault, *arguments, code=0):
    done = subprocess.run(
        [program("cofferd"), arguments[0], "--dir", str(vault.directory), *map(str, arguments[1:])],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == code, (arguments, done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def new_root_token(vault):
    token = offline(vault, "root-token").splitlines()
    (token,) = [line for line in token if line.startswith("hvs.")]
    vault.root_token_path.write_text(token)


def backup(vault, path, *flags, code=0):
    done = vault.coffer("operator", "backup", *flags, path)
    assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
    return done.stdout + done.stderr


def verify(vault, path, signer=None):
    signer = signer or vault.directory / "signer.pem"
    return vault.coffer("operator", "backup", "verify", f"-signer={signer}", path).returncode


@pytest.fixture(scope="module")
def kept():
    """A vault of some secrets, stopped, and its backup."""
    vault = DevVault(new_directory()).start()
    for n in range(40):
        vault.put(f"app/{n}", {"value": "x" * 500, "n": n})
    vault.kept = vault.directory / "kept.cfbk"
    backup(vault, vault.kept)
    assert vault.stop() == 0
    yield vault
    end(vault)


def test_under_load_it_holds_every_write_that_was_acknowledged_before(vault):
    writers = Writers(vault)
    writers.start()
    try:
        while len(writers.acked) < 50:
            time.sleep(0.01)
        before = dict(writers.acked)
        path = vault.directory / "load.cfbk"
        backup(vault, path)
    finally:
        writers.over.set()
        writers.join()
    assert verify(vault, path) == 0
    assert vault.stop() == 0
    assert "opened" in offline(vault, "drill", path)
    offline(vault, "restore", path)
    new_root_token(vault)
    vault.start()
    for key, n in before.items():
        found = vault.read(key)["n"]
        assert n <= found <= writers.acked[key], key
    status, said = vault.verify_audit()
    assert status == 0, said


def test_cut_at_each_four_kilobytes_it_is_refused(kept, directory):
    whole = kept.kept.read_bytes()
    path = directory / "cut"
    sizes = [*range(0, len(whole), 4096), len(whole) - 1]
    assert len(sizes) > 8
    for size in sizes:
        path.write_bytes(whole[:size])
        assert verify(kept, path) == 2, size
    path.write_bytes(whole + b"\0")
    assert verify(kept, path) == 2


def test_with_any_bit_flipped_it_is_refused(kept, directory):
    whole = kept.kept.read_bytes()
    path, draw = directory / "flipped", random.Random(SEED)
    for at in [*range(0, 100), *(draw.randrange(len(whole)) for _ in range(150))]:
        changed = bytearray(whole)
        changed[at] ^= 1 << draw.randrange(8)
        path.write_bytes(changed)
        assert verify(kept, path) == 2, at
    store = (kept.directory / "store.db").read_bytes()
    path.write_bytes(whole[:5000] + b"\1" + whole[5001:])
    assert "error" in offline(kept, "restore", path, code=1)
    assert (kept.directory / "store.db").read_bytes() == store, "the store wasn't touched"


def test_of_another_vault_it_is_refused(kept, vault, directory):
    path = directory / "other.cfbk"
    backup(vault, path)
    assert verify(vault, path) == 0
    assert verify(kept, path) == 2, "signed by another key"
    assert "another key" in offline(kept, "restore", path, code=1)
    # With the other vault's pin, but this one's token, nothing in it opens.
    vault.stop()
    assert "error" in offline(kept, "drill", "--signer", vault.directory / "signer.pem", path, code=1)


def test_one_store_has_one_daemon(vault, directory):
    path = directory / "one.cfbk"
    backup(vault, path)
    assert "locked" in offline(vault, "restore", path, code=1)
    assert "locked" in offline(vault, "root-token", code=1)
    second = subprocess.run([program("cofferd"), *vault.arguments()], capture_output=True, text=True,
                            timeout=60, check=False)  # fmt: skip
    assert second.returncode == 1 and "locked" in second.stderr
    assert "opened" in offline(vault, "drill", path), "a drill needs no stop"
    vault.put("a", {"b": "c"})


def test_tokens_from_before_are_void_and_what_reaches_outside_waits(vault, directory):
    path = directory / "tokens.cfbk"
    vault.put("a", {"k": "then"})
    old = vault.client.post("auth/token/create", {"policies": ["root"]}).json["auth"]
    old_root = vault.root_token
    backup(vault, path)
    vault.put("a", {"k": "now"})
    vault.stop()
    said = offline(vault, "restore", path)
    assert "before-restore-" in said
    vault.start(wait=False)
    assert vault.wait_end(30) != 0, "log and token know of later: somebody has to say that it is meant"
    assert "cofferd root-token takes on" in vault.log
    new_root_token(vault)
    vault.start()
    for token in (old_root, old["client_token"]):
        assert vault.client.get("secret/data/a", token=token).status == 403
    assert vault.read("a") == {"k": "then"}
    assert old["accessor"] not in vault.client.list("auth/token/accessors").data["keys"]
    state = vault.client.get("sys/restore").data
    assert state["restored"] and state["paused"]
    vault.restart()
    assert vault.client.get("sys/restore").data["paused"], "until it is released"
    done = vault.coffer("operator", "backup", "release")
    assert done.returncode == 0, done.stderr
    assert not vault.client.get("sys/restore").data["paused"]
    assert vault.coffer("operator", "backup", "release").returncode == 2
    vault.restart()
    assert not vault.client.get("sys/restore").data["paused"]
    assert vault.client.get("secret/data/a", token=old_root).status == 403, "void for ever"
    kinds = [line["type"] for line in vault.audit_lines()]
    for kind in ("restore", "restore_taken_on", "root_token"):
        assert kinds.count(kind) == 1, kind
    assert "backup_done" in kinds
    status, said = vault.verify_audit()
    assert status == 0, said


def test_a_restore_on_another_host_opens_everything(kept, make_vault):
    other = make_vault(start=False)
    other.directory.mkdir(mode=0o700, exist_ok=True)
    for name in ("token", "pin"):
        source = kept.directory / name
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, other.directory / name)
    conf = other.directory / "token/softhsm2.conf"
    conf.write_text(conf.read_text().replace(str(kept.directory), str(other.directory)))
    said = offline(other, "restore", "--signer", kept.directory / "signer.pem", kept.kept)
    assert "before-restore" not in said
    new_root_token(other)
    other.start()
    for n in range(40):
        assert other.read(f"app/{n}")["n"] == n


def test_a_drill_names_what_does_not_open(kept):
    said = offline(kept, "drill", kept.kept)
    assert "and 40 secrets" in said
    # The token's key is gone: nothing opens, and it says so.
    away = kept.directory / "token-away"
    (kept.directory / "token").rename(away)
    try:
        offline(kept, "drill", kept.kept, code=1)
    finally:
        shutil.rmtree(kept.directory / "token", ignore_errors=True)
        away.rename(kept.directory / "token")
    assert not list(pathlib.Path("/dev/shm").glob("coffer-drill-*"))


def test_killed_while_it_makes_a_backup_it_leaves_a_whole_one_or_none(vault):
    draw = random.Random(SEED)
    for n in range(200):
        vault.put(f"app/{n}", {"value": "x" * 900})
    for _ in range(ROUNDS):
        assert vault.client.post("sys/backup").status == 200
        time.sleep(draw.uniform(0, 0.05))
        vault.kill()
        vault.start()
        left = sorted((vault.directory / "backups").glob("*"))
        assert all(path.suffix == ".cfbk" for path in left), left
        for path in left:
            assert verify(vault, path) == 0, path
    assert vault.client.post("sys/backup").status == 200
    status, said = vault.verify_audit()
    assert status == 0, said


def test_killed_while_it_restores_it_leaves_the_old_store_or_the_new(vault, directory):
    path, draw = directory / "b.cfbk", random.Random(SEED)
    for n in range(300):
        vault.put(f"app/{n}", {"value": "x" * 900, "state": "backup"})
    backup(vault, path)
    vault.put("app/0", {"state": "later"})
    seen = set()
    for _ in range(ROUNDS):
        if vault.running:
            vault.kill()  # with its write-ahead log left behind
        run = subprocess.Popen(
            [program("cofferd"), "restore", "--dir", str(vault.directory), str(path)],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        time.sleep(draw.uniform(0, 0.15))
        run.kill()
        run.wait()
        new_root_token(vault)
        vault.start()
        state = vault.read("app/0")["state"]
        if state == "backup":
            assert vault.client.get("sys/restore").data["restored"]
        assert vault.read("app/299")["state"] == "backup"
        seen.add(state)
        vault.put("app/0", {"state": "later"})
    assert seen <= {"backup", "later"}, "one or the other, whole"
    status, said = vault.verify_audit()
    assert status == 0, said


def test_the_file_is_not_overwritten_and_not_left_half(vault, directory):
    path = directory / "there"
    path.write_text("mine")
    assert "File exists" in backup(vault, path, code=1)
    assert path.read_text() == "mine"
    denied = vault.coffer("operator", "backup", directory / "new", COFFER_TOKEN="hvs.nosuch",
                          COFFER_TOKEN_PATH="/nonexistent")  # fmt: skip
    assert denied.returncode == 2 and not (directory / "new").exists()


def test_to_standard_output_it_is_the_same_file(vault, directory):
    with open(directory / "out", "wb") as out:
        done = subprocess.run([program("coffer"), "operator", "backup", "-"], stdout=out, timeout=60,
                              env=vault.command_environment(), check=False)  # fmt: skip
    assert done.returncode == 0
    assert verify(vault, directory / "out") == 0
    assert not list((vault.directory / "backups").iterdir()), "the daemon's copy has gone"
