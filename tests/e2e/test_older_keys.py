"""A store or a backup from before keys were rotated: it is taken on, and no key of the time that is taken back
serves again."""

import json
import shutil
import subprocess

from harness import program
from test_audit_signed import audit, until
from test_rollback import accept, keep, new_root_token, put_back, refusal, types


def rotate_sign(vault):
    assert vault.request("POST", "sys/rotate/keyring/sign", {}).status in (200, 204)


def rotate_kek(vault):
    for options in ((), ("-watch",)):
        done = vault.coffer("operator", "rotate-key", *options)
        assert done.returncode == 0, done.stderr


def keys(vault, kind):
    """Their states, by version."""
    inventory = json.loads(vault.coffer("key", "list", "-format=json").stdout)
    listed = inventory["keys"] if isinstance(inventory, dict) and "keys" in inventory else inventory["data"]["keys"]
    return {int(key["version"]): key["state"] for key in listed if key["kind"] == kind}


def serves_the_old(vault):
    """With a new root token, and with a sign key that no time before had."""
    new_root_token(vault)
    vault.start()
    assert vault.read("a") == {"v": "old"}
    assert keys(vault, "sign")[3] == "active"


def stops_with_a_good_log(vault):
    vault.restart()
    assert vault.stop() == 0
    done = audit("verify", f"-key={vault.directory}/signer.pem", vault.audit_directory)
    assert done.returncode == 0, done.stdout


def test_a_store_of_before_the_sign_key_was_rotated_is_refused_and_taken_on(vault, directory):
    vault.put("a", {"v": "old"})
    copy = keep(vault, directory / "copy")
    vault.start()
    rotate_sign(vault)
    vault.put("a", {"v": "new"})
    assert vault.stop() == 0
    put_back(vault, copy, "store.db")
    said = refusal(vault)
    assert "the store is older than signer.pem" in said and "accept-restore" in said
    accepted = accept(vault)
    assert accepted.returncode == 0, accepted.stderr
    assert "the store is older than its audit log" in accepted.stdout
    serves_the_old(vault)
    assert "keys_renewed" in types(vault)
    stops_with_a_good_log(vault)


def test_a_foreign_signer_is_refused_and_not_taken_on(vault, directory):
    """Whether a sign key was rotated before or not."""
    vault.put("a", {"v": "1"})
    foreign = directory / "foreign.pem"
    made = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    private = subprocess.run(made, check=True, capture_output=True).stdout
    subprocess.run(["openssl", "pkey", "-pubout", "-out", foreign], check=True, input=private)
    pinned = vault.directory / "signer.pem"
    for rotated in (False, True):
        if rotated:
            before = pinned.read_bytes()
            rotate_sign(vault)
            until(lambda before=before: pinned.read_bytes() != before)
        assert vault.stop() == 0
        true = pinned.read_bytes()
        shutil.copyfile(foreign, pinned)
        said = refusal(vault)
        assert "signer.pem is a key that neither the token nor the store knows" in said
        assert "older than signer.pem" not in said and "accept-restore" not in said
        accepted = accept(vault)
        assert accepted.returncode != 0 and "neither the token nor the store" in accepted.stderr
        assert pinned.read_bytes() == foreign.read_bytes()
        assert "restore_accepted" not in types(vault)
        pinned.write_bytes(true)
        vault.start()
        assert vault.read("a") == {"v": "1"}


def test_store_log_and_signer_of_before_are_refused_by_the_anchor(vault, directory):
    """It is signed by a key that the older keyring doesn't know of."""
    copy = keep(vault, directory / "copy")
    vault.start()
    rotate_sign(vault)
    assert vault.stop() == 0
    put_back(vault, copy, "store.db", "signer.pem", "audit")
    assert "the store is older than the token's anchor" in refusal(vault)


def test_a_backup_of_before_the_sign_key_was_rotated_is_restored(vault, directory):
    vault.put("a", {"v": "old"})
    backup, signer = directory / "backup", directory / "signer.pem"
    assert vault.coffer("operator", "backup", str(backup)).returncode == 0
    shutil.copy(vault.directory / "signer.pem", signer)
    rotate_sign(vault)
    until(lambda: (vault.directory / "signer.pem").read_bytes() != signer.read_bytes())
    vault.put("a", {"v": "new"})
    assert vault.stop() == 0
    restore = [program("coffer"), "operator", "backup", "restore", f"-dir={vault.directory}"]
    run = {"capture_output": True, "text": True, "timeout": 60, "check": False}
    assert subprocess.run([*restore, str(backup)], **run).returncode == 1
    done = subprocess.run([*restore, f"-signer={signer}", str(backup)], **run)
    assert done.returncode == 0, done.stderr
    assert "signer.pem.before-restore" in done.stdout
    serves_the_old(vault)
    stops_with_a_good_log(vault)


def test_a_kek_of_the_time_that_is_taken_back_serves_no_more(vault, directory):
    """Not even one that was marked as compromised then, which the older store can't know."""
    vault.put("a", {"v": "old"})
    copy = keep(vault, directory / "copy")
    vault.start()
    rotate_kek(vault)
    marked = vault.coffer("key", "mark-compromised", "-kind=kek", "-version=2", "-reason=stolen")
    assert marked.returncode == 0, marked.stderr
    rotate_kek(vault)
    assert vault.stop() == 0
    put_back(vault, copy, "store.db")
    refusal(vault)
    assert accept(vault).returncode == 0
    new_root_token(vault)
    vault.start()
    assert vault.read("a") == {"v": "old"}
    assert vault.request("GET", "sys/key-status").data["term"] == 4
    (line,) = [line for line in vault.audit_lines() if line["type"] == "keys_renewed"]
    assert line["detail"].startswith("kek 4: made now")
    vault.put("b", {"v": "1"})
    vault.restart()
    assert vault.read("b") == {"v": "1"}
