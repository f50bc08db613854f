"""A store that isn't the one that the vault left: put back older, or changed a row at a time."""

import shutil
import sqlite3
import struct
import subprocess
import time

import pytest

from harness import program

REFUSED = 1


def keep(vault, directory):
    """A copy of the stopped vault's store, and its log."""
    assert vault.stop() == 0
    shutil.copytree(vault.directory, directory, ignore=shutil.ignore_patterns("*.sock"))
    return directory


def put_back(vault, copy, *names):
    for name in names:
        target = vault.directory / name
        if target.is_dir():
            shutil.rmtree(target)
            shutil.copytree(copy / name, target)
        else:
            shutil.copy2(copy / name, target)


def refusal(vault):
    """Starts it; gives what it ended with."""
    vault.start(wait=False)
    assert vault.wait_end(30) == REFUSED, vault.log
    return vault.log


def accept(vault):
    return subprocess.run([program("cofferd"), "accept-restore", "--dir", str(vault.directory)],
                          capture_output=True, text=True, timeout=60, check=False)  # fmt: skip


def accept_with_client(vault, *flags):
    return subprocess.run([program("coffer"), "operator", "accept-restore", *flags],
                          capture_output=True, text=True, timeout=60, check=False)  # fmt: skip


def new_root_token(vault):
    made = subprocess.run([program("cofferd"), "root-token", "--dir", str(vault.directory)],
                          capture_output=True, text=True, timeout=60, check=True)  # fmt: skip
    vault.keep_root_token(made.stdout.strip())


def change(vault, sql, *values):
    """As someone would who can write the file."""
    with sqlite3.connect(vault.store_path) as store:
        changed = store.execute(sql, values).rowcount
    store.close()
    return changed


def rows(vault):
    with sqlite3.connect(f"file:{vault.store_path}?mode=ro", uri=True) as store:
        found = {key: (version, value)
                 for key, version, value in store.execute("SELECT key, version, value FROM rows")}  # fmt: skip
    store.close()
    return found


def types(vault):
    return [line["type"] for line in vault.audit_lines()]


def test_an_older_store_is_refused_until_it_is_accepted(vault, directory):
    vault.put("a", {"v": "old"})
    old_token = vault.client.post("auth/token/create", {"policies": ["default"]}).json["auth"]["client_token"]
    copy = keep(vault, directory / "copy")
    vault.start()
    vault.put("a", {"v": "new"})
    assert vault.stop() == 0
    put_back(vault, copy, "store.db")

    said = refusal(vault)
    assert "the store is older than its audit log: it stands at commit" in said
    assert "accept-restore" in said

    accepted = accept(vault)
    assert accepted.returncode == 0, accepted.stderr
    assert "the store is older than its audit log" in accepted.stdout
    assert "the kek was rotated" in accepted.stdout
    assert vault.verify_audit()[0] == 0
    assert "restore_accepted" in types(vault)

    again = accept(vault)
    assert again.returncode == 1
    assert "there is nothing to accept" in again.stderr

    before = vault.root_token
    new_root_token(vault)
    vault.start()
    assert vault.read("a") == {"v": "old"}
    for void in (before, old_token):
        assert vault.request("GET", "auth/token/lookup-self", token=void).status == 403
    assert vault.request("GET", "sys/restore").data["paused"] is True
    assert vault.request("GET", "sys/key-status").data["term"] == 2
    vault.put("a", {"v": "newer"})
    vault.restart()
    assert vault.read("a") == {"v": "newer"}


def test_the_client_has_a_store_accepted(vault, directory):
    vault.put("a", {"v": "old"})
    copy = keep(vault, directory / "copy")
    vault.start()
    vault.put("a", {"v": "new"})
    here = f"-dir={vault.directory}"
    running = accept_with_client(vault, here)
    assert running.returncode == 1
    assert "locked" in running.stderr and "another" in running.stderr
    assert vault.stop() == 0
    put_back(vault, copy, "store.db")
    for flags in ((), (here, "-config=/etc/coffer/coffer.toml")):
        assert "one of -config=TOML and -dir=DIR is needed" in accept_with_client(vault, *flags).stderr

    accepted = accept_with_client(vault, here)
    assert accepted.returncode == 0, accepted.stderr
    assert "accepted: the store is older than its audit log" in accepted.stdout
    assert "restore_accepted" in types(vault)
    new_root_token(vault)
    vault.start()
    assert vault.read("a") == {"v": "old"}


def forge_mark(vault, sequence):
    """What a restore leaves in clear: it takes no key to write one."""
    now = time.time_ns()
    mark = struct.pack(">BQQQ", 1, now, now, sequence) + bytes(32)
    newest = max(version for version, _ in rows(vault).values())
    assert change(vault, "INSERT INTO rows(key, version, value) VALUES(CAST('coffer/restored' AS BLOB), ?1, ?2)",
                  newest, mark) == 1  # fmt: skip


@pytest.mark.parametrize("sequence", [1, 2**63])
def test_a_forged_mark_of_a_restore_brings_no_older_store_in(vault, directory, sequence):
    copy = keep(vault, directory / "copy")
    vault.start()
    vault.put("a", {"v": "new"})
    assert vault.stop() == 0
    put_back(vault, copy, "store.db")
    forge_mark(vault, sequence)
    for names in ((), ("audit",)):  # against the log; then against the token's anchor alone
        put_back(vault, copy, *names)
        said = refusal(vault)
        assert "says that it was restored from a backup, which cofferd root-token takes on" in said
        assert "the store is older than" in said
    before = vault.root_token
    new_root_token(vault)
    vault.start()
    assert vault.request("GET", "auth/token/lookup-self", token=before).status == 403
    assert vault.request("GET", "sys/restore").data["paused"] is True
    assert "restore_taken_on" in types(vault)


def test_a_forged_mark_voids_all_tokens_and_is_on_record(vault):
    token = vault.client.post("auth/token/create", {"policies": ["default"]}).json["auth"]["client_token"]
    before = vault.root_token
    assert vault.stop() == 0
    forge_mark(vault, 0)
    vault.start()
    for void in (before, token):
        assert vault.request("GET", "auth/token/lookup-self", token=void).status == 403
    assert "restore_taken_on" in types(vault)


def test_a_forged_mark_is_no_excuse_for_lost_sums(vault):
    assert vault.stop() == 0
    assert change(vault, "DELETE FROM rows WHERE key=CAST('coffer/sums' AS BLOB)") == 1
    forge_mark(vault, 1)
    assert "the store has lost its row sums" in refusal(vault)
    made = subprocess.run([program("cofferd"), "root-token", "--dir", str(vault.directory)],
                          capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    assert made.returncode == REFUSED
    assert "lost its row sums" in made.stderr and "accept-restore" in made.stderr
    # With the log gone too, the token's anchor still knows.
    shutil.rmtree(vault.directory / "audit")
    assert "the store has lost its row sums: the token's anchor knows of commit" in refusal(vault)


def test_a_policy_that_is_put_back_is_refused_before_anything_is_served(vault):
    vault.client.post("sys/policies/acl/p", {"policy": 'path "secret/*" { capabilities = ["read"] }'})
    assert vault.stop() == 0
    wide = rows(vault)
    vault.start()
    vault.client.post("sys/policies/acl/p", {"policy": ""})
    vault.client.post("sys/policies/acl/p", {"policy": 'path "x" { capabilities = ["read"] }'})
    assert vault.stop() == 0
    now = rows(vault)
    put = 0
    for key, (version, value) in wide.items():
        if len(key) == 32 and now.get(key, (0, b""))[1] != value and key in now:
            put += change(vault, "UPDATE rows SET value=?1 WHERE key=?2", value, key)
    assert put > 0
    said = refusal(vault)
    assert "the store isn't as the vault left it: rows that say who may do what" in said


def test_a_token_that_was_taken_out_of_the_store_is_missed(vault):
    vault.client.post("auth/token/create", {"policies": ["default"]})
    assert vault.stop() == 0
    # The newest row of authority: whoever removes any of them is found, whichever it is.
    versions = sorted(((version, key) for key, (version, _) in rows(vault).items() if len(key) == 32),
                      reverse=True)  # fmt: skip
    removed = 0
    for version, key in versions:
        if version == versions[0][0]:
            removed += change(vault, "DELETE FROM rows WHERE key=?1", key)
    assert removed > 0
    assert "the store isn't as the vault left it" in refusal(vault)


def test_a_secret_that_is_put_back_seals_the_vault_that_serves(vault):
    vault.put("a", {"v": "leaked"})
    assert vault.stop() == 0
    leaked = rows(vault)
    vault.start()
    assert vault.client.request("PUT", "secret/destroy/a", {"versions": [1]}).status in (200, 204)
    assert vault.stop() == 0
    now = rows(vault)
    gone = {key: row for key, row in leaked.items() if key not in now and row[1].startswith(b"CFSR")}
    if not gone:
        gone = {key: row for key, row in leaked.items() if key not in now and len(key) == 32}
    assert gone
    for key, (version, value) in gone.items():
        change(vault, "INSERT INTO rows(key, version, value) VALUES(?1, ?2, ?3)", key, version, value)
    vault.start()
    deadline = time.monotonic() + 20
    while not vault.request("GET", "sys/seal-status", token=None).json["sealed"]:
        assert time.monotonic() < deadline, vault.log
        time.sleep(0.05)
    assert "rows were changed, put back or taken away" in vault.log
    vault.stop()
    assert "store_tampered" in types(vault)
    assert vault.verify_audit()[0] == 0
    accepted = accept(vault)
    assert accepted.returncode == 0, accepted.stderr
    new_root_token(vault)
    vault.start()
    vault.put("b", {"v": "1"})
    vault.restart()


@pytest.mark.parametrize("sql", ["DELETE FROM rows WHERE key=CAST('coffer/sums' AS BLOB)",
                                 "UPDATE meta SET sequence=sequence+1"])  # fmt: skip
def test_without_its_sums_a_store_is_refused(vault, sql):
    vault.put("a", {"v": "1"})
    assert vault.stop() == 0
    assert change(vault, sql) == 1
    said = refusal(vault)
    assert "lost its row sums" in said or "its sums are of another commit" in said


def test_each_commit_is_told_of_in_the_log_and_a_killed_daemon_starts_again(vault):
    for i in range(20):
        vault.put(f"k{i}", {"v": str(i)})
    vault.kill()
    vault.start()
    lines = [line for line in vault.audit_lines() if line["type"] == "store"]
    sequences = [line["store"]["sequence"] for line in lines]
    assert len(sequences) >= 20
    assert sequences == sorted(sequences)
    assert all(len(line["store"]["commitment"]) == 64 for line in lines)
    assert vault.read("k7") == {"v": "7"}


def test_a_seal_and_an_unseal_go_on_with_the_same_sums(vault):
    for i in range(5):
        vault.put("a", {"v": str(i)})
        assert vault.coffer("operator", "seal").returncode == 0
        assert vault.coffer("operator", "unseal").returncode == 0, vault.log
    assert vault.read("a") == {"v": "4"}
    vault.restart()
