"""A bundle whose log isn't the vault's, or is cut: it must not look as good as a whole one."""

import json
import re
import shutil
import subprocess

from harness import program
from test_evidence import audit, evidence_of, files_of, signer, vault, wait_until  # noqa: F401


def test_a_log_that_isnt_the_vaults_or_was_cut_is_bad(vault, signer, tmp_path):
    """A copy of before is good in itself, and shows nothing of what was done since."""
    log = tmp_path / "audit"
    shutil.copytree(vault.audit_directory, log)
    before = vault.client.get("sys/audit/status").data["signed_lines"]
    vault.put("app/later", {"n": 1})
    wait_until(lambda: vault.client.get("sys/audit/status").data["signed_lines"] > before + 2)
    out = tmp_path / "old.tar"
    done = evidence_of(vault, out, f"-audit={log}", f"-key={signer}", code=4)
    assert re.search(r"BAD: the audit log: it ends with line \d+, and the vault has signed \d+", done.stderr)
    told = json.loads(audit("verify-evidence", f"-key={signer}", "-format=json", out, code=2))
    (found,) = (one for one in told["contents"] if one["name"] == "audit log")
    assert not found["good"] and "it isn't the vault's log, or it was cut" in found["what"]


def test_what_a_program_printed_before_it_failed_is_not_taken_for_the_whole(vault, signer, tmp_path):
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("coffer", "coffer-ceremony"):
        shutil.copy(program(name), programs / name)
    stub = programs / "coffer-audit"
    stub.write_text(f"""#!/bin/sh
[ "$1" = search ] || exec {program("coffer-audit")} "$@"
{program("coffer-audit")} "$@" | head -n 1
exit 1
""")
    stub.chmod(0o755)
    for _ in range(3):
        vault.new_client(token="hvs.nobody").get("secret/data/app/db")
    out = tmp_path / "cut.tar"
    done = subprocess.run(
        [programs / "coffer", "evidence", f"-out={out}", f"-audit={vault.audit_directory}", f"-key={signer}"],
        env=vault.command_environment(), capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 3, (done.stdout, done.stderr)
    assert "Without audit/denied.json: coffer-audit ended with 1" in done.stderr
    assert "audit/denied.json" not in files_of(out)
