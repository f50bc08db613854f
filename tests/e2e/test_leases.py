"""sys/leases on a real daemon: the commands of docs/leases.md that need no target, and what each answers."""

import re

from harness import ROOT

UNKNOWN = "database/creds/app/2f6a614c4aa30c7bb2a1c3d8"


def test_the_commands_about_what_is_pending_run_as_they_stand(vault):
    page = (ROOT / "docs/leases.md").read_text()
    commands = re.findall(r"^    coffer (read sys/leases\S*)$", page, re.M)
    assert len(commands) == 2
    for command in commands:
        done = vault.coffer(*command.split())
        assert done.returncode == 0, (command, done.stderr)


def test_the_lease_commands_are_understood(vault):
    looked_up = vault.coffer("lease", "lookup", UNKNOWN)
    assert (looked_up.returncode, "invalid lease" in looked_up.stderr) == (2, True)
    renewed = vault.coffer("lease", "renew", "-increment=1h", UNKNOWN)
    assert (renewed.returncode, "lease not found" in renewed.stderr) == (2, True)
    assert vault.coffer("lease", "revoke", UNKNOWN).returncode == 0
    assert vault.coffer("lease", "revoke", "-sync", UNKNOWN).returncode == 0
    assert vault.coffer("lease", "revoke", "-prefix", "database").returncode == 0
    assert vault.coffer("lease", "top").stdout == "Leases in all: 0\n"
    assert vault.coffer("lease", "top", "-limit=3").stdout == "Leases in all: 0\n"


def test_tokens_are_said_to_be_no_leases(vault):
    for path in ("revoke-prefix/auth", "revoke-prefix/auth/token/create", "revoke-force/auth/"):
        for body in ({}, {"sync": True}) if "prefix" in path else ({},):
            refused = vault.client.request("PUT", f"sys/leases/{path}", body)
            assert refused.status == 400 and "tokens are no leases" in refused.errors[0], refused.body


def test_answers_have_vaults_statuses(vault):
    client = vault.client
    assert client.post("sys/leases/tidy", {}).status == 202
    assert client.get("sys/leases/count").data == {"lease_count": 0, "counts": {}}
    assert client.get("sys/leases/pending").data == {"paused": False, "targets": {}}
    assert client.request("LIST", "sys/leases/lookup/database").status == 404
    assert client.request("PUT", "sys/revoke-prefix/database", {}).status == 204
    for path in ("sys/leases/renew", "sys/renew"):
        assert client.request("PUT", path, {"lease_id": UNKNOWN}).json["errors"] == ["lease not found"]
