"""Ceremonies of a running vault: the plan's programs are the real ones, and the audit log's checkpoints
before and after are in the report."""

import base64
import json
import shutil
import subprocess
import time

import pytest

from ceremony_kit import Ceremony
from harness import DevVault, program
from test_ceremony_run import chained


@pytest.fixture(scope="module")
def vault(tmp_path_factory):
    vault = DevVault(tmp_path_factory.mktemp("vault") / "v").start()
    vault.put("app", {"password": "old"})
    deadline = time.monotonic() + 20
    while not list(vault.audit_directory.glob("*.checkpoints")):
        assert time.monotonic() < deadline, "the log isn't signed"
        time.sleep(0.05)
    yield vault
    vault.close()


class OfVault(Ceremony):
    """For the token of a vault that is there."""

    def __init__(self, directory, vault, programs):
        super().__init__(directory)
        self.environment = {
            **vault.command_environment(),
            "SOFTHSM2_CONF": str(vault.directory / "token/softhsm2.conf"),
        }
        keys = vault.client.get("sys/key-inventory").data
        token = vault.client.get("sys/token").data
        del self.plan["keys"]
        self.plan.update(
            purpose="what is due on the vault",
            acts=list(programs),
            programs=programs,
            vault=keys["vault"],
            token={**self.plan["token"], "label": token["label"], "serial": token["serial"]},
            audit_checkpoints=str(vault.audit_directory),
        )
        pin = directory / "secrets/user-pin"
        shutil.copy(vault.directory / "pin", pin)
        pin.chmod(0o400)


def states_of_the_kek(vault):
    keys = vault.client.get("sys/key-inventory").data["keys"]
    return {key["version"]: key["state"] for key in keys if key["kind"] == "kek"}


def facts(ceremony, step):
    (found,) = (x["facts"] for x in ceremony.lines() if x["type"] == "done" and x["step"] == step)
    return found


def notes(vault):
    """{(size, root): checkpoint} of all that the daemon left beside its log."""
    found = {}
    for path in vault.audit_directory.glob("*.checkpoints"):
        for note in path.read_text().split("\n\n\n"):
            for text in note.replace("\n\n\u2014", "\0\u2014").split("\n\n"):
                lines = text.replace("\0", "\n\n").strip("\n").split("\n")
                if len(lines) > 3:
                    found[(lines[1], lines[2])] = "\n".join(lines) + "\n"
    return found


def check_log(vault, ceremony, tmp_path):
    """That both checkpoints of the report are of this log, by its verifier and the pinned key."""
    known = notes(vault)
    for step in ("audit-before", "audit-after"):
        noted = facts(ceremony, step)
        assert len(base64.b64decode(noted["root"])) == 32
        (tmp_path / step).write_text(known[(noted["size"], noted["root"])])
    done = subprocess.run(
        [program("coffer-audit"), "verify", f"-key={vault.directory}/signer.pem",
         f"-checkpoint={tmp_path}/audit-before", f"-checkpoint={tmp_path}/audit-after", vault.audit_directory],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode in (0, 3), (done.stdout, done.stderr)
    report = (ceremony.out / "report").read_text()
    for step in ("audit-before", "audit-after"):
        assert facts(ceremony, step)["root"] in report


def test_a_rotation_and_a_drill_are_held_by_the_vaults_own_programs(vault, tmp_path):
    backup = tmp_path / "vault.cfbk"
    assert vault.coffer("operator", "backup", backup).returncode == 0
    coffer, cofferd = program("coffer"), program("cofferd")
    ceremony = OfVault(tmp_path, vault, {
        "rotate": [str(coffer), "operator", "rotate-key"],
        "restore-drill": [str(cofferd), "drill", "--dir", str(vault.directory), str(backup)],
    })  # fmt: skip
    ceremony.whole()
    found = ceremony.verify(f"-sign-key={vault.directory}/signer.pem")
    assert found["good"], found
    for act in ceremony.plan["acts"]:
        assert facts(ceremony, act)["exit-status"] == "0"
    assert "opened" in (ceremony.out / "restore-drill.output").read_text()
    assert states_of_the_kek(vault) == {1: "deactivated", 2: "active"}
    assert vault.read("app") == {"password": "old"}
    before, after = (int(facts(ceremony, f"audit-{when}")["size"]) for when in ("before", "after"))
    changes = [line for line in vault.audit_lines()
               if line.get("request", {}).get("path") == "sys/rotate"]  # fmt: skip
    assert len(changes) == 2 and all(before < line["seq"] <= after for line in changes)
    check_log(vault, ceremony, tmp_path)

    # A log that was another, or shrank, shows in the transcript itself.
    for change in ({"origin": "another"}, {"size": "1"}):
        lines = ceremony.lines()
        for line in lines:
            if line["type"] == "done" and line["step"] == "audit-after":
                line["facts"].update(change)
        copy = tmp_path / f"changed-{next(iter(change))}"
        shutil.copytree(ceremony.out, copy)
        (copy / "transcript").write_text(chained(lines))
        problems = ceremony.verify(out=copy)["problems"]
        assert any("audit log" in problem for problem in problems), problems


def test_a_retirement_is_in_the_report_that_the_newer_keys_sign(vault, tmp_path):
    while vault.client.get("sys/rotate/status").data["phase"] != "done":
        time.sleep(0.1)
    coffer = str(program("coffer"))
    ceremony = OfVault(tmp_path, vault, {"retire": [coffer, "operator", "rotate-key", "-retire=1"]})
    ceremony.plan.update(key_version=2, sign_version=1)
    ceremony.whole()
    assert ceremony.verify(f"-sign-key={vault.directory}/signer.pem")["good"]
    assert states_of_the_kek(vault) == {1: "destroyed", 2: "active"}
    (retired,) = (x for x in vault.audit_lines()
                  if x["type"] == "response" and x["request"]["path"] == "sys/rotate/retire")  # fmt: skip
    assert int(facts(ceremony, "audit-before")["size"]) < retired["seq"] <= int(facts(ceremony, "audit-after")["size"])
    check_log(vault, ceremony, tmp_path)


def test_a_program_that_fails_ends_the_ceremony_until_it_can(vault, tmp_path):
    ceremony = OfVault(tmp_path, vault, {"retire": [str(program("coffer")), "operator", "rotate-key", "-retire=77"]})
    ceremony.plan.update(key_version=2, sign_version=1)
    stopped = ceremony.run(rehearsal=False)
    assert stopped.returncode == 1 and "exit status" in stopped.stderr
    assert [line["type"] for line in ceremony.lines()][-2:] == ["failed", "aborted"]
    assert "77" in (ceremony.out / "retire.output").read_text() or (ceremony.out / "retire.output").stat().st_size


def test_a_store_that_was_put_back_is_accepted_in_a_ceremony(vault, tmp_path):
    accept = [str(program("cofferd")), "accept-restore", "--dir", str(vault.directory)]
    ceremony = OfVault(tmp_path, vault, {"accept-restore": accept})
    ceremony.plan.update(key_version=vault.client.get("sys/key-status").data["term"], sign_version=1)
    assert vault.stop() == 0
    shutil.copy2(vault.store_path, tmp_path / "store.db")
    vault.start()
    vault.put("app", {"password": "new"})
    assert vault.stop() == 0
    shutil.copy2(tmp_path / "store.db", vault.store_path)
    ceremony.whole()
    found = ceremony.verify(f"-sign-key={vault.directory}/signer.pem")
    assert found["good"], found
    assert "the kek was rotated" in (ceremony.out / "accept-restore.output").read_text()
    made = subprocess.run([program("cofferd"), "root-token", "--dir", str(vault.directory)],
                          capture_output=True, text=True, timeout=60, check=True)  # fmt: skip
    vault.keep_root_token(made.stdout.strip())
    vault.start()
    assert vault.read("app") == {"password": "old"}
    check_log(vault, ceremony, tmp_path)
    kinds = [line["type"] for line in vault.audit_lines()]
    assert "restore_accepted" in kinds
    assert json.loads(ceremony.lines()[0]["facts"]["format"]) == 1
