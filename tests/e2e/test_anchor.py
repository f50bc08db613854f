"""Store and log put back together, logs cut or replaced, two copies at work: what the token knows."""

import contextlib
import json
import pathlib
import re
import shutil
import subprocess
import tempfile
import time

import pytest

from configured import copy_of, empty_out, model_with
from harness import program
from test_rollback import put_back, refusal


@pytest.fixture(scope="module")
def model():
    with model_with(("a", {"v": "old"})) as directory:
        yield directory


@pytest.fixture
def vault(model):
    with copy_of(model) as made:
        yield made


def anchor(vault):
    return vault.request("GET", "sys/audit/status").data["anchor"]


def start(vault):
    """Until the token knows of it."""
    vault.start()
    deadline = time.monotonic() + 20
    while anchor(vault)["written_at"] is None:
        assert time.monotonic() < deadline, (anchor(vault), vault.log)
        time.sleep(0.02)
    return vault


def stop(vault):
    assert vault.stop() == 0, vault.log


@contextlib.contextmanager
def copy_with_the_same_token(vault):
    with tempfile.TemporaryDirectory(prefix="coffer-") as scratch:
        files = shutil.copytree(vault.directory, pathlib.Path(scratch) / "files",
                                ignore=shutil.ignore_patterns("*.sock"))  # fmt: skip
        with copy_of(files) as copy:
            copy.settings["token"]["softhsm2_conf"] = vault.settings["token"]["softhsm2_conf"]
            copy.write()
            yield copy


def accept(vault):
    done = subprocess.run([program("cofferd"), "accept-restore", *vault.arguments()], text=True,
                          capture_output=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    made = subprocess.run([program("cofferd"), "root-token", *vault.arguments()], text=True,
                          capture_output=True, timeout=60, check=True)  # fmt: skip
    vault.keep_root_token(made.stdout.strip())
    return done.stdout


def read_often(vault, times):
    for _ in range(times):
        assert vault.read("a") is not None


def test_store_and_log_that_were_put_back_together_are_refused(vault, model):
    start(vault)
    vault.put("a", {"v": "new"})
    stop(vault)
    put_back(vault, model, "store.db", "audit")
    assert "the store is older than the token's anchor: it stands at commit" in refusal(vault)
    assert "the store is older than the token's anchor" in accept(vault)
    start(vault)
    assert vault.read("a") == {"v": "old"}
    vault.restart()
    assert vault.read("a") == {"v": "old"}
    assert vault.verify_audit()[0] == 0


def test_a_log_that_was_cut_is_refused(vault, model):
    start(vault)
    read_often(vault, 20)
    stop(vault)
    put_back(vault, model, "audit")
    assert "the audit log is older than the token's anchor" in refusal(vault)
    accept(vault)
    start(vault)
    vault.restart()


def test_a_log_that_is_gone_is_refused(vault):
    """And so it is gone on with where one was cut or replaced: set aside, it stays bad, and a new one is good."""
    start(vault)
    stop(vault)
    shutil.move(vault.audit_directory, vault.directory / "audit-cut")
    assert "the audit log is older than the token's anchor, which knows of" in refusal(vault)
    accept(vault)
    start(vault)
    read_often(vault, 5)
    stop(vault)
    done = subprocess.run([program("coffer-audit"), "verify", f"-key={vault.directory}/signer.pem", vault.audit_directory],
                          capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_log_with_other_lines_is_refused(vault, model):
    with copy_of(model) as other:  # with a token of its own
        start(vault)
        start(other)
        read_often(vault, 5)
        read_often(other, 40)
        stop(vault)
        stop(other)
        put_back(vault, other.directory, "audit")
        said = refusal(vault)
        # What each committed when it was opened is told in the log, and looked at first.
        assert "isn't the one that the audit log knows" in said or "isn't the one of which the token" in said


def test_a_copy_is_refused_beside_the_one_at_work(vault):
    with copy_with_the_same_token(vault) as copy:
        start(vault)
        assert "is older than the token's anchor" in refusal(copy)
        assert vault.read("a") == {"v": "old"}


def test_of_two_copies_at_work_the_one_that_finds_the_others_anchor_is_sealed(vault):
    start(vault)
    with copy_with_the_same_token(vault) as copy:
        start(copy)
        deadline = time.monotonic() + 40
        rule = 'path "a" { capabilities = ["read"] }'
        for n in range(10_000):
            if vault.request("GET", "sys/seal-status", token=None).json["sealed"]:
                break
            assert time.monotonic() < deadline, vault.log
            vault.client.post(f"sys/policies/acl/p{n}", {"policy": rule})
            time.sleep(0.2)
        assert "a second copy of this vault is at work" in vault.log
        assert copy.read("a") == {"v": "old"}
        stop(copy)
    stop(vault)
    assert len(vault.events("second_copy")) == 1
    # It wrote on beside the other: which of the two is right, people say.
    assert "the token's anchor" in refusal(vault) or "the token knows" in vault.log
    # What the sealed one was told to do works.
    assert "all tokens are void" in vault.log
    accept(vault)
    start(vault)
    assert vault.read("a") == {"v": "old"}


def init(vault, *flags):
    """A daemon that runs with nothing in it makes its vault."""
    done = vault.coffer("operator", "init", "-no-recovery", *flags, "-format=json", COFFER_TOKEN_PATH="/nonexistent")
    assert done.returncode == 0, done.stderr
    made = json.loads(done.stdout)
    vault.keep_root_token(made["root_token"])
    return made


def test_who_made_the_vault_compares_at_the_next_unsealing(vault):
    empty_out(vault)
    vault.settings["vault"]["auto_unseal"] = False
    vault.write()
    vault.start()
    init(vault)
    vault.client.post("sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
    vault.put("a", {"v": "old"})
    assert vault.coffer("operator", "seal").returncode == 0
    with copy_with_the_same_token(vault) as copy:
        start(copy)
        for n in range(5):
            copy.put("a", {"v": str(n)})
        stop(copy)
    refused = vault.coffer("operator", "unseal")
    assert refused.returncode != 0
    assert "the store is older than the token's anchor: it stands at commit" in refused.stderr
    assert vault.request("GET", "sys/seal-status", token=None).json["sealed"] is True


def test_what_the_token_knew_of_adopted_keys_is_of_the_past(vault):
    start(vault)
    old = vault.request("GET", "sys/seal-status", token=None).json["cluster_id"]
    stop(vault)
    for path in [*vault.directory.glob("store.db*"), vault.directory / "signer.pem"]:
        path.unlink()
    shutil.rmtree(vault.audit_directory)
    vault.root_token_path.unlink()
    vault.start()
    assert init(vault, f"-adopt={old}")["adopted"] is True
    assert anchor(vault)["written_at"] is not None
    for _ in range(2):  # at once, and by a process of its own
        assert vault.coffer("operator", "seal").returncode == 0
        assert vault.coffer("operator", "unseal").returncode == 0, vault.log
        vault.restart()
    assert vault.events("token_put_back") == []


def test_a_killed_vault_starts_again(vault):
    start(vault)
    for n in range(5):
        vault.put("a", {"v": str(n)})
        vault.kill()
        vault.start()
    start_again = anchor(vault)
    assert start_again["supported"] is True
    assert vault.read("a") == {"v": "4"}
    assert vault.coffer("operator", "seal").returncode == 0
    assert vault.coffer("operator", "unseal").returncode == 0, vault.log
    assert vault.read("a") == {"v": "4"}


def anchors_of(vault):
    """The files of the two data objects: nothing else was written since the keys."""
    objects = [path for path in (vault.directory / "token").rglob("*.object") if path.name != "token.object"]
    return sorted(objects, key=lambda path: path.stat().st_mtime_ns)[-2:]


def test_a_token_that_was_put_back_alone_is_told(vault, tmp_path):
    start(vault)
    stop(vault)
    shutil.copytree(vault.directory / "token", tmp_path / "token")
    start(vault)
    vault.put("a", {"v": "new"})
    stop(vault)
    assert vault.events("token_put_back") == []
    put_back(vault, tmp_path, "token")
    start(vault)
    said, = vault.events("token_put_back")
    assert re.search(r"the token holds anchor number \d+, of commit \d+, and the audit log tells that it was "
                     r"given number \d+, of commit \d+$", said), said  # fmt: skip
    held, given = (int(n) for n in re.findall(r"number (\d+)", said))
    assert held < given and "put back" in vault.log
    assert vault.read("a") == {"v": "new"}
    vault.restart()
    assert len(vault.events("token_put_back")) == 1
    assert vault.verify_audit()[0] == 0


def test_a_token_that_lost_its_anchors_is_told(vault):
    start(vault)
    stop(vault)
    for path in anchors_of(vault):
        path.unlink()
    start(vault)
    said, = vault.events("token_put_back")
    assert said.startswith("the token holds no anchor, and the audit log tells")
    for _ in range(2):
        vault.kill()
        start(vault)
    assert len(vault.events("token_put_back")) == 1
