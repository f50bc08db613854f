"""coffer doctor on a running vault: things are broken one after another, and each is named with its fix."""

import json
import os
import re
import shutil
import subprocess
import time

import pytest

from configured import copy_of, model_with
from harness import ROOT


@pytest.fixture(scope="module")
def vault():
    with model_with(("app", {"n": 1})) as model, copy_of(model) as vault:
        vault.start()
        yield vault


def examine(vault, *more):
    """{check: finding}, what wasn't examined, and the exit status."""
    done = vault.coffer("doctor", "-format=json", *more)
    assert done.stdout, done.stderr
    seen = json.loads(done.stdout)
    for finding in seen["findings"]:
        assert finding["severity"] in ("info", "warning", "error") and finding["what"] and finding["fix"]
    return {one["check"]: one for one in seen["findings"]}, seen["not_examined"], done.returncode


def options(vault):
    return f"-config={vault.config_path}", f"-audit={vault.audit_directory}", f"-key={vault.directory}/signer.pem"


def test_an_installation_without_trouble_has_only_what_tests_bring_along(vault):
    found, unseen, status = examine(vault, *options(vault))
    assert unseen == []
    # It runs as root outside of its unit, with a token of files, and is a minute old.
    assert set(found) - {"clock.unsynchronised", "process.swapped"} == {
        "process.root", "process.new_privileges", "process.no_seccomp", "process.capabilities", "token.only_one",
        "token.software", "audit.no_witness", "backup.none", "drill.none", "root.fresh",
    }  # fmt: skip
    assert status == 4


def test_modes_of_files_are_named(vault):
    store = vault.directory / "store.db"
    os.chmod(store, 0o644)
    os.chmod(vault.socket_path, 0o666)
    found, _, status = examine(vault, *options(vault))
    os.chmod(store, 0o600)
    os.chmod(vault.socket_path, 0o600)
    assert status == 4 and found["config"]["what"].startswith("vault.store: ") and "store.db" in found["config"]["what"]
    assert "socket.everybody" in found


def test_another_key_in_the_pinned_ones_file_is_named(vault, tmp_path):
    pinned = vault.directory / "signer.pem"
    kept = shutil.copy(pinned, tmp_path / "kept.pem")
    private = ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    made = subprocess.run(private, check=True, capture_output=True).stdout
    foreign = subprocess.run(["openssl", "pkey", "-pubout"], check=True, capture_output=True, input=made).stdout
    asked = (f"-config={vault.config_path}", f"-audit={vault.audit_directory}", f"-key={kept}")
    try:
        pinned.write_bytes(foreign)
        found, _, status = examine(vault, *asked)
        assert found["signer.foreign"]["severity"] == "error" and status == 4 and "config" not in found
        pinned.write_text("junk")
        found, _, _ = examine(vault, *asked)
        assert found["signer.unreadable"]["what"].startswith(f"{pinned} isn't")
        assert found["config"]["what"].startswith(f"vault.signer: {pinned} isn't")
        pinned.unlink()
        found, _, _ = examine(vault, *asked)
        assert "signer.missing" in found
    finally:
        shutil.copy(kept, pinned)
    found, _, _ = examine(vault, *asked)
    assert not any(check.startswith("signer.") for check in found)


def test_an_empty_pin_file_is_named(vault):
    pin = vault.directory / "pin"
    right = pin.read_text()
    mode = pin.stat().st_mode
    try:
        os.truncate(pin, 0)
        found, _, _ = examine(vault, *options(vault))
        assert found["config"]["what"] == f"token.pin_file: {pin} holds no PIN"
    finally:
        pin.write_text(right)
        os.chmod(pin, mode)


def test_backups_and_drills_are_named(vault):
    assert vault.client.post("sys/backup", {}).status == 200
    while vault.client.get("sys/backup").data["state"] == "running":
        pass
    vault.client.post("sys/drills", {"passed": False})
    found, _, _ = examine(vault)
    assert "backup.none" not in found and "backup.old" not in found
    assert found["drill.failed"]["severity"] == "error"
    (backup,) = (vault.directory / "backups").glob("*.cfbk")
    (info,) = vault.client.list("sys/backup").data["key_info"].values()
    assert info["bytes"] == backup.stat().st_size and info["created"] == vault.client.get("sys/backup").data["created"]
    whole = backup.read_bytes()
    # The day that its head tells counts, and no name: 2020.
    backup.write_bytes(whole[:41] + (1577836800 * 10**9).to_bytes(8, "big") + whole[49:])
    empty = backup.with_name("20990101t000000z-aaaa.cfbk")
    empty.touch()
    vault.client.post("sys/drills", {"passed": True})
    found, _, _ = examine(vault)
    assert "backup.old" in found and "drill.failed" not in found and "drill.none" not in found
    assert found["backup.damaged"]["what"].startswith(empty.name)
    empty.unlink()
    found, _, _ = examine(vault, "-backup-days=36500")
    assert "backup.old" not in found and "backup.damaged" not in found
    backup.write_bytes(whole[:100])
    found, _, _ = examine(vault)
    assert "backup.damaged" in found and "backup.none" in found
    backup.write_bytes(whole)
    for days in ("-backup-days=-1", "-drill-days=36501", "-backup-days=9223372036854775807"):
        refused = vault.coffer("doctor", days)
        assert refused.returncode == 1 and f"{days.split('=')[0]} must be 0 to 36500" in refused.stderr


def test_a_drill_that_was_held_is_on_record(vault):
    (backup,) = (vault.directory / "backups").glob("*.cfbk")
    drill = ["operator", "backup", "drill", f"-config={vault.config_path}", "-record"]
    held = vault.coffer(*drill, backup)
    assert held.returncode == 0, held.stderr
    before = vault.client.get("sys/drills").data["drills"]
    assert before[0]["passed"]
    broken = vault.directory / "broken.cfbk"
    broken.write_bytes(backup.read_bytes()[:-40])
    failed = vault.coffer(*drill, broken)
    after = vault.client.get("sys/drills").data["drills"]
    assert failed.returncode == 1 and "ends too early" in failed.stderr, failed.stderr
    assert after[1:] == before and not after[0]["passed"]


def test_keys_and_rotation_are_named(vault):
    vault.client.post("sys/cryptoperiods/audit", {"warn": "876000h"})
    vault.client.post("sys/rotate/config", {"enabled": False})
    found, _, _ = examine(vault)
    assert "audit 1" in found["key.ending"]["what"] and "-key=audit" in found["key.ending"]["fix"]
    assert "kek.rotation_off" in found
    vault.client.delete("sys/cryptoperiods/audit")
    vault.client.post("sys/rotate/config", {"enabled": True})
    found, _, _ = examine(vault)
    assert "key.ending" not in found and "kek.rotation_off" not in found


def test_an_edited_audit_log_is_named(vault, tmp_path):
    copy = tmp_path / "audit"
    shutil.copytree(vault.audit_directory, copy)
    segment = min(copy.glob("*.jsonl"))
    segment.write_text(segment.read_text().replace('"type":"request"', '"type":"requesT"', 1))
    found, _, status = examine(vault, f"-audit={copy}")
    assert segment.name in found["audit.bad"]["what"] and status == 4


def test_who_may_not_read_is_told_what_was_not_examined(vault):
    made = vault.client.post("auth/token/create", {"policies": ["default"]}).json["auth"]["client_token"]
    done = vault.coffer("doctor", "-format=json", COFFER_TOKEN=made)
    seen = json.loads(done.stdout)
    assert any(one.startswith("sys/key-inventory: 403") for one in seen["not_examined"])
    # A timer whose token has ended isn't green for ever.
    (found,) = (one for one in seen["findings"] if one["check"] == "doctor.not_examined")
    assert found["severity"] == "warning" and "sys/token: 403; and " in found["what"]
    assert done.returncode in (3, 4)


def test_a_log_that_isnt_the_vaults_is_named(vault, tmp_path):
    copy = tmp_path / "audit"
    shutil.copytree(vault.audit_directory, copy)
    before = vault.client.get("sys/audit/status").data["signed_lines"]
    end = time.monotonic() + 30
    while vault.client.get("sys/audit/status").data["signed_lines"] <= before + 2:
        assert time.monotonic() < end
        time.sleep(0.1)
    found, _, status = examine(vault, f"-audit={copy}")
    assert status == 4 and "the vault has signed" in found["audit.other_log"]["what"]
    found, _, _ = examine(vault, f"-audit={vault.audit_directory}")
    assert "audit.other_log" not in found


def test_the_policy_of_the_page_is_enough(vault):
    page = (ROOT / "docs/operations.md").read_text()
    policy = re.search(r"A policy for it:\n\n```\n(.+?)```", page, re.DOTALL).group(1)
    vault.client.post("sys/policies/acl/doctor", {"policy": policy})
    asked = {"policies": ["doctor"], "no_default_policy": True}
    made = vault.client.post("auth/token/create", asked).json["auth"]["client_token"]
    done = vault.coffer("doctor", "-format=json", *options(vault), COFFER_TOKEN=made)
    seen = json.loads(done.stdout)
    assert seen["not_examined"] == [] and "root.fresh" in [one["check"] for one in seen["findings"]]


def test_wrong_pins_that_others_tried_are_named(vault):
    assert "token.pin_tries_few" not in examine(vault)[0]
    environment = {**os.environ, "SOFTHSM2_CONF": vault.settings["token"]["softhsm2_conf"]}
    tried = subprocess.run(["pkcs11-tool", "--module", "/usr/lib/softhsm/libsofthsm2.so", "--login", "--pin", "00000000",
                            "-O"], env=environment, capture_output=True, check=False)  # fmt: skip
    assert tried.returncode != 0
    assert vault.client.get("sys/token").data["pin_tries"] == "few"
    assert examine(vault)[0]["token.pin_tries_few"]["severity"] == "warning"


def test_a_sealed_vault_and_none_at_all_are_told(vault):
    vault.client.post("sys/seal", {})
    found, unseen, status = examine(vault)
    assert "vault.sealed" in found and status == 4
    assert "sys/rotate/signers: the vault is sealed" in examine(vault, *options(vault))[1]
    for path in ("sys/token", "sys/key-inventory", "sys/backup", "sys/drills", "sys/host-info", "sys/clock",
                 "sys/audit/status", "auth/token/accessors"):  # fmt: skip
        assert f"{path}: the vault is sealed" in unseen
    vault.stop()
    done = vault.coffer("doctor")
    assert done.returncode == 2 and "doctor" not in done.stdout
