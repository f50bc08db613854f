"""When something leaked: values are found, who had them is told, and what ends it is done and signed.
The commands of docs/leak-response.md run as they stand."""

import json
import os
import re
import secrets
import subprocess
import time

import memory_scan
import pytest
from databases import servers  # noqa: F401 - a fixture
from harness import ROOT, bin_dir, program

VALUE = "k3J9xQ2mZ8rTw5Yp"
PAGE = ROOT / "docs/leak-response.md"


def token_of(vault, *policies, **more):
    asked = {"policies": list(policies), "no_default_policy": True, **more}
    return vault.client.post("auth/token/create", asked).json["auth"]


@pytest.fixture
def leaked(vault):
    """secret/app was read by a token that also read secret/other."""
    vault.put("app", {"password": VALUE})
    vault.put("other", {"password": "vB7nL4cX1sD6fG0h"})
    rules = 'path "secret/data/*" { capabilities = ["read"] }'
    assert vault.client.post("sys/policies/acl/reader", {"policy": rules}).status == 204
    vault.reader = token_of(vault, "reader", display_name="ci")
    with_token = vault.new_client(vault.reader["client_token"])
    assert with_token.get("secret/data/app").status == 200
    assert with_token.get("secret/data/other").status == 200
    return vault


def test_a_value_is_found_in_a_tree_and_never_shown_or_logged(vault, tmp_path):
    vault.put("deep/app", {"users": [{"password": VALUE}], "note": "short"})
    (tmp_path / "src").mkdir()
    (tmp_path / "src/config.py").write_text(f'\nPASSWORD = "{VALUE}"\n')
    (tmp_path / "src/z").mkdir()
    (tmp_path / "src/z/dsn").write_text(f"{VALUE}\n\npostgresql://app:x@db/app\n{VALUE}\n")
    (tmp_path / "clean.txt").write_text("nothing of ours stands here\n")
    done = vault.coffer("leak", "check", tmp_path)
    assert done.returncode == 3, done.stderr
    assert f"{tmp_path}/src/config.py:2: secret/data/deep/app version 1 /users/0/password" in done.stdout
    found = [line.split(": ")[0] for line in done.stdout.splitlines() if "version 1" in line]
    assert found == [f"{tmp_path}/src/{at}" for at in ("config.py:2", "z/dsn:1", "z/dsn:4")], "each place, once"
    assert "1 of them is stored here" in done.stdout
    assert VALUE not in done.stdout + done.stderr + json.dumps(vault.audit_lines()) + vault.log
    assert vault.coffer("leak", "check", tmp_path / "clean.txt").returncode == 0
    status, said = vault.verify_audit()
    assert status == 0, said


def test_a_value_alone_on_its_line_is_found_in_a_history(vault, tmp_path):
    """The command of the page: a diff puts a sign before each line, an editor a mark before the first."""
    vault.put("app", {"password": VALUE})
    for number, mark in enumerate((b"", b"\xef\xbb\xbf")):
        tree = tmp_path / str(number)
        tree.mkdir()

        def git(*command, tree=tree):
            who = ["-c", "user.name=a", "-c", "user.email=a@b"]
            return subprocess.run(["git", "-C", tree, *who, *command], check=True, capture_output=True, text=True).stdout

        def check(text):
            return vault.coffer("leak", "check", "-", stdin=text)

        git("init", "-q")
        (tree / "password").write_bytes(mark + VALUE.encode() + b"\n")
        git("add", ".")
        git("commit", "-qm", "one")
        assert check(git("log", "-p", "--all")).returncode == 3
        git("rm", "-q", "password")
        git("commit", "-qm", "two")
        assert check(git("show", "HEAD")).returncode == 3, "where it was taken away"
        done = check(git("log", "-p", "--all"))
        assert done.returncode == 3, done.stderr
        assert done.stdout.count("secret/data/app version 1 /password") == 2
        assert VALUE not in done.stdout + done.stderr


def test_standard_input_may_be_longer_than_what_is_kept_of_it(vault, tmp_path):
    """Over 32 MiB: a value in the first line, the last, over a border of what is read at once, and in a long line."""
    key = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    vault.put("app", {"password": VALUE})
    vault.put("key", {"pem": key.read_text()})
    part = 64 << 10
    line = "b" * 1023 + "\n"
    text = f"password={VALUE}\n".ljust(part - 8, "\n") + f"{VALUE}\n"
    text = text.ljust(2 * part - 40, "\n") + key.read_text()
    text += line * (34 << 10) + "c" * (5 << 20) + f" {VALUE}\n" + f"last {VALUE}"
    assert len(text) > 32 << 20
    numbers = [number for number, one in enumerate(text.split("\n"), 1) if VALUE in one]
    (tmp_path / "long").write_text(text)
    for where, stdin in (("-", text), (tmp_path / "long", None)):
        done = vault.coffer("leak", "check", where, stdin=stdin)
        assert done.returncode == 3, done.stderr
        name = "standard input" if where == "-" else where
        found = [line for line in done.stdout.splitlines() if "secret/data/app" in line]
        assert found == [f"{name}:{number}: secret/data/app version 1 /password" for number in numbers]
        assert done.stdout.count("secret/data/key version 1 /pem") == 1, done.stdout
        assert ": 2 of them are stored here" in done.stdout
        assert "1 lines over 4 MiB were looked through in parts" in done.stderr
        assert VALUE not in done.stdout + done.stderr


def test_a_private_key_is_found_as_a_whole(vault, tmp_path):
    key = tmp_path / "key.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)
    vault.put("key", {"pem": key.read_text()})
    (tmp_path / "deploy.yaml").write_text("# deployed\r\n" + key.read_text().replace("\n", "\r\n"))
    done = vault.coffer("leak", "check", tmp_path / "deploy.yaml")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "secret/data/key version 1 /pem" in done.stdout
    as_json = tmp_path / "deploy.json"
    as_json.write_text(json.dumps({"key": key.read_text()}))
    assert vault.coffer("leak", "check", as_json).returncode == 3
    indented = tmp_path / "secret.yaml"
    indented.write_text("data:\n  key: |\n" + "".join(f"    {line}\n" for line in key.read_text().splitlines()))
    done = vault.coffer("leak", "check", indented)
    assert done.returncode == 3 and f"{indented}:3: " in done.stdout, done.stdout


def test_a_number_is_found_by_its_digits(vault, tmp_path):
    vault.put("card", {"nested": [{"number": 9182736455463728}]})
    (tmp_path / "dump.csv").write_text("anna,9182736455463728,2026\n")
    done = vault.coffer("leak", "check", tmp_path / "dump.csv")
    assert done.returncode == 3, done.stdout + done.stderr
    assert "secret/data/card version 1 /nested/0/number" in done.stdout


def test_fingerprints_outlive_a_restart_a_kill_and_a_rotation_of_their_key(vault):
    vault.put("app", {"password": VALUE})
    vault.kill()
    vault.start()
    assert vault.coffer("leak", "check", stdin=VALUE).returncode == 3
    assert vault.client.post("sys/rotate/keyring/fingerprint", {}).status == 200
    vault.restart()
    assert vault.coffer("leak", "check", stdin=VALUE).returncode == 3
    assert vault.client.post("secret/destroy/app", {"versions": [1]}).status == 204
    assert vault.coffer("leak", "check", stdin=VALUE).returncode == 0


def test_a_restored_vault_finds_what_its_backup_holds_and_no_more(vault):
    """Fingerprints come out of the backup with the values that they stand for."""
    later = "Qw8nM2vB5xZ1kL7j"
    vault.put("app", {"password": VALUE})
    backup = vault.directory / "then.cfbk"
    assert vault.coffer("operator", "backup", backup).returncode == 0
    assert vault.client.post("secret/destroy/app", {"versions": [1]}).status == 204
    vault.put("later", {"password": later})
    vault.stop()
    for words in (["restore", backup], ["root-token"]):
        done = subprocess.run([program("cofferd"), words[0], "--dir", vault.directory, *words[1:]], text=True,
                              capture_output=True, timeout=60, check=False)  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
    vault.root_token_path.write_text(next(line for line in done.stdout.splitlines() if line.startswith("hvs.")))
    vault.start()
    assert vault.coffer("leak", "check", stdin=VALUE).returncode == 3
    assert vault.coffer("leak", "check", stdin=later).returncode == 0
    vault.put("later", {"password": later})
    assert vault.coffer("leak", "check", stdin=later).returncode == 3
    assert vault.client.get("sys/leaks/status").data["unreadable"] == 0


def test_no_value_can_be_read_from_the_store(vault):
    vault.put("app", {"password": VALUE})
    vault.stop()
    stored = b"".join(p.read_bytes() for p in vault.directory.rglob("store.db*"))
    assert VALUE.encode() not in stored


def test_too_many_checks_are_429_for_a_while_and_the_command_waits(vault):
    """250,000 at once and 2,500 a second: a request that takes under 0.2 s empties what is left."""
    vault.put("app", {"password": VALUE})
    body = {"values": ["short"] * 500}
    deadline = time.monotonic() + 120
    while (answer := vault.client.post("sys/leaks/check", body)).status == 200:
        assert time.monotonic() < deadline, "it never ends"
    assert answer.status == 429
    assert answer.errors == ["too many values in a short time: 2500 a second come back, up to 250000"]
    done = vault.coffer("leak", "check", stdin=VALUE)
    assert done.returncode == 3, done.stderr
    while vault.client.post("sys/leaks/check", body).status == 429:
        assert time.monotonic() < deadline, "nothing comes back"
        time.sleep(0.05)


def test_it_is_told_who_had_it_and_what_else(leaked):
    done = leaked.coffer("leak", "respond", "-format=json", "secret/app")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    accessor = leaked.reader["accessor"]
    assert "reader" in told["could_read"]["policies"]
    assert accessor in [token["accessor"] for token in told["could_read"]["tokens"]]
    reads = [a for a in told["accesses"] if a["accessor"] == accessor]
    assert [(a["path"], a["operation"], a["count"]) for a in reads] == [("secret/data/app", "read", 1)]
    assert reads[0]["uid"] == os.getuid()
    request = reads[0]["last_request"]
    assert any(line.get("request", {}).get("id") == request for line in leaked.audit_lines())
    assert [a["path"] for a in told["also_accessed"] if a["accessor"] == accessor] == ["secret/data/other"]
    by_token = json.loads(leaked.coffer("leak", "respond", "-format=json", f"-token-accessor={accessor}").stdout)
    assert {a["path"] for a in by_token["accesses"]} == {"secret/data/app", "secret/data/other"}
    by_user = json.loads(leaked.coffer("leak", "respond", "-format=json", f"-uid={os.getuid()}").stdout)
    assert {"secret/data/app", "secret/data/other"} <= {a["path"] for a in by_user["accesses"]}


def test_showing_changes_nothing(leaked):
    assert leaked.coffer("leak", "respond", "secret/app").returncode == 0
    assert leaked.new_client(leaked.reader["client_token"]).get("secret/data/app").status == 200
    assert leaked.client.list("sys/leaks/responses").status == 404


def test_a_response_ends_it_and_its_report_verifies(leaked, tmp_path):
    report = tmp_path / "report.txt"
    command = ("leak", "respond", "-revoke", "-destroy=1", "-response=one", f"-report={report}", "secret/app")
    done = leaked.coffer(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert leaked.new_client(leaked.reader["client_token"]).get("secret/data/app").status == 403
    assert leaked.read("app") is None
    verify(leaked, report)
    label, text = report.read_text().splitlines()
    assert label == "coffer leak report v1"
    content = json.loads(text)
    assert content["name"] == "one"
    assert [(s["act"], s["outcome"]) for s in content["report"]["steps"]] == [("destroy", "done"), ("revoke", "done")]
    again = leaked.coffer(*command)
    assert again.returncode == 0 and json.loads(report.read_text().splitlines()[1]) == content
    paths = [line["request"]["path"] for line in leaked.audit_lines() if line["type"] == "response"]
    assert paths.count("auth/token/revoke-accessor") == 1 and paths.count("secret/destroy/app") == 1


def verify(vault, report, expected=0):
    done = subprocess.run(["openssl", "dgst", "-sha256", "-verify", vault.directory / "signer.pem", "-signature",
                           f"{report}.sig", report], capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == expected, done.stdout + done.stderr


def test_a_report_that_was_changed_does_not_verify(leaked, tmp_path):
    report = tmp_path / "report.txt"
    assert leaked.coffer("leak", "respond", "-lock=1", f"-report={report}", "secret/app").returncode == 0
    verify(leaked, report)
    report.write_text(report.read_text().replace('"lock"', '"l0ck"'))
    verify(leaked, report, expected=1)
    assert leaked.client.post("secret/undelete/app", {"versions": [1]}).status == 204
    assert leaked.read("app") == {"password": VALUE}, "locked, not lost"


def test_a_response_that_was_cut_short_goes_on(leaked, tmp_path):
    """As if the command had died between the revocation and what was recorded of it."""
    accessor = leaked.reader["accessor"]
    steps = [{"act": "revoke", "what": accessor, "request": "auth/token/revoke-accessor",
              "body": json.dumps({"accessor": accessor}), "outcome": "intended"}]  # fmt: skip
    assert leaked.client.post("sys/leaks/responses/two", {"report": {"steps": steps}}).status == 204
    assert leaked.client.post("auth/token/revoke-accessor", {"accessor": accessor}).status == 204
    leaked.kill()
    leaked.start()
    done = leaked.coffer("leak", "respond", "-revoke", "-response=two", "secret/app")
    assert done.returncode == 0, done.stderr
    report = leaked.client.get("sys/leaks/responses/two").data
    assert report["signed"] and report["report"]["steps"][0]["outcome"] == "gone already"


def test_a_secret_that_has_a_rotator_is_rotated(leaked):
    assert leaked.coffer("rotation", "set", "secret/app", "rotator=generate", "period=30d").returncode == 0
    done = leaked.coffer("leak", "respond", "-rotate", "-response=four", "secret/app")
    assert done.returncode == 0, done.stderr
    report = leaked.client.get("sys/leaks/responses/four").data["report"]
    assert [(s["act"], s["outcome"]) for s in report["steps"]] == [("rotate", "done")]
    new = leaked.read("app")["password"]
    assert new != VALUE, "done is said when it is"
    assert leaked.coffer("leak", "check", stdin=new).returncode == 3
    by_token = leaked.coffer("leak", "respond", "-rotate", "-response=five", f"-token-accessor={leaked.reader['accessor']}")
    assert by_token.returncode == 0, by_token.stderr
    steps = leaked.client.get("sys/leaks/responses/five").data["report"]["steps"]
    assert {(s["what"], s["outcome"]) for s in steps} == {("secret/data/app", "done"), ("secret/data/other", "has no rotator")}


def test_a_secret_is_rotated_before_its_version_is_destroyed(leaked):
    leaked.put("app", {"password": VALUE, "user": "web", "host": "db1"})
    assert leaked.coffer("rotation", "set", "secret/app", "rotator=generate", "period=30d").returncode == 0
    done = leaked.coffer("leak", "respond", "-rotate", "-destroy=1", "-destroy=2", "-response=six", "secret/app")
    assert done.returncode == 0, done.stderr
    new = leaked.read("app")
    assert new.pop("password") != VALUE
    assert new == {"user": "web", "host": "db1"}
    steps = leaked.client.get("sys/leaks/responses/six").data["report"]["steps"]
    assert [(s["act"], s["outcome"]) for s in steps] == [("rotate", "done"), ("destroy", "done")]
    versions = leaked.client.get("secret/metadata/app").data["versions"]
    assert [versions[n]["destroyed"] for n in ("1", "2", "3")] == [True, True, False]


def test_a_response_that_asked_for_a_rotation_asks_no_second_time(leaked):
    """As if the command had died between the rotation and what was recorded of it."""
    assert leaked.coffer("rotation", "set", "secret/app", "rotator=generate", "period=30d").returncode == 0
    steps = [{"act": "rotate", "what": "secret/data/app", "request": "secret/rotate/app", "body": "{}",
              "watch": "secret/rotation/app", "rotated_before": "", "outcome": "intended"}]  # fmt: skip
    assert leaked.client.post("sys/leaks/responses/seven", {"report": {"steps": steps}}).status == 204
    assert leaked.client.post("secret/rotate/app", {}).status == 200
    deadline = time.monotonic() + 30
    while (new := leaked.read("app")) == {"password": VALUE}:
        assert time.monotonic() < deadline, "it isn't rotated"
        time.sleep(0.1)
    done = leaked.coffer("leak", "respond", "-rotate", "-response=seven", "secret/app")
    assert done.returncode == 0, done.stderr
    assert leaked.read("app") == new


def test_a_rotation_that_does_not_end_keeps_the_version_it_needs(leaked):
    """Its only version is deleted: there is nothing to make a new one from."""
    leaked.put("app", {"password": VALUE, "user": "web"})
    assert leaked.coffer("rotation", "set", "secret/app", "rotator=generate", "period=30d").returncode == 0
    policy = 'path "sys/leaks/*" { capabilities = ["create", "read", "update", "sudo"] }\n'
    policy += 'path "secret/rotate/*" { capabilities = ["create", "update"] }\n'
    policy += 'path "secret/destroy/*" { capabilities = ["update"] }'
    assert leaked.client.post("sys/policies/acl/responder", {"policy": policy}).status == 204
    token = token_of(leaked, "responder", "default")["client_token"]
    done = leaked.coffer("leak", "respond", "-rotate", "-destroy=2", "-response=eight", "secret/app", COFFER_TOKEN=token)
    assert done.returncode == 2, done.stdout
    assert "can't be followed: secret/rotation/app can't be read" in done.stderr
    assert not leaked.client.get("secret/metadata/app").data["versions"]["2"]["destroyed"]
    assert not leaked.client.get("sys/leaks/responses/eight").data["signed"]


def test_leases_of_peers_are_ended_and_nobody_elses(leaked, servers):  # noqa: F811
    """Who called without a token has none to be revoked. Who never had the secret keeps his login."""
    redis = servers("redis")
    post = leaked.client.post
    assert post("sys/mounts/database", {"type": "database"}).status == 204
    assert post("database/config/redis", redis.config()).status == 204
    assert post("database/roles/app", {"db_name": "redis", "creation_statements": redis.creation}).status == 204
    creds = 'path "database/creds/app" { capabilities = ["read"] }'
    rules = {"creds": creds, "peer": creds + 'path "secret/data/app" { capabilities = ["read"] }'}
    for name, policy in rules.items():
        assert post(f"sys/policies/acl/{name}", {"policy": policy}).status == 204
    assert post("auth/unix/role/peer", {"bound_uids": [os.getuid()], "token_policies": ["peer"]}).status == 204
    peer = leaked.new_client(None)
    bystander = leaked.new_client(token_of(leaked, "creds")["client_token"])
    assert peer.get("secret/data/app").status == 200
    had, keeps = [client.get("database/creds/app").data["username"] for client in (peer, bystander)]
    assert set(redis.users()) == {had, keeps}
    shown = json.loads(leaked.coffer("leak", "respond", "-format=json", "secret/app").stdout)
    assert [(p["lease_count"], len(p["lease_ids"])) for p in shown["peers"]] == [(1, 1)]
    done = leaked.coffer("leak", "respond", "-revoke", "-response=peers", "secret/app")
    assert done.returncode == 0, done.stderr
    steps = leaked.client.get("sys/leaks/responses/peers").data["report"]["steps"]
    assert ("end leases of", shown["peers"][0]["accessor"], "done") in [(s["act"], s["what"], s["outcome"]) for s in steps]
    deadline = time.monotonic() + 30
    while redis.users() != [keeps]:
        assert time.monotonic() < deadline, redis.users()
        time.sleep(0.1)
    assert leaked.client.post("sys/leases/owned", {"accessor": shown["peers"][0]["accessor"]}).data["lease_count"] == 0


def test_the_responders_policy_decides(leaked):
    rules = 'path "sys/leaks/*" { capabilities = ["create", "read", "update", "list", "sudo"] }'

    def respond(policy):
        assert leaked.client.post("sys/policies/acl/responder", {"policy": policy}).status == 204
        token = token_of(leaked, "responder", "default")["client_token"]
        command = ("leak", "respond", "-revoke", "-destroy=1", "-response=three", "secret/app")
        return leaked.coffer(*command, COFFER_TOKEN=token)

    done = respond(rules)
    assert done.returncode == 2, "not even the mount may be seen"
    assert "finding the mount of secret/app" in done.stderr
    assert leaked.client.get("sys/leaks/responses/three").status == 404
    rules += 'path "secret/metadata/*" { capabilities = ["list"] }'
    done = respond(rules)
    assert done.returncode == 2 and "to know which tokens are alive" in done.stderr, done.stderr
    assert leaked.client.get("sys/leaks/responses/three").status == 404, "nothing was begun"
    done = respond(rules + 'path "auth/token/lookup-accessor" { capabilities = ["update"] }')
    assert done.returncode == 2 and "2 steps were refused" in done.stderr, done.stderr
    assert "whether these versions exist isn't known" in done.stderr
    report = leaked.client.get("sys/leaks/responses/three").data
    assert not report["signed"], "somebody who may can go on"
    steps = [(s["act"], s["outcome"]) for s in report["report"]["steps"]]
    assert steps == [("destroy", "refused: 403"), ("revoke", "refused: 403")]
    assert leaked.read("app") == {"password": VALUE}
    assert leaked.new_client(leaked.reader["client_token"]).get("secret/data/app").status == 200


def test_the_log_is_gone_over_in_steps(leaked):
    """8 MiB of log take several requests, and all of it counts."""
    filler = {"values": [secrets.token_hex(8) for _ in range(500)]}
    reader = leaked.new_client(leaked.reader["client_token"])
    for _ in range(130):
        assert leaked.client.post("sys/leaks/check", filler).status == 200
    assert reader.get("secret/data/app").status == 200
    first = leaked.client.post("sys/leaks/accesses", {"path": "secret/data/app"}).data
    assert not first["done"]
    told = json.loads(leaked.coffer("leak", "respond", "-format=json", "secret/app").stdout)
    counts = [a["count"] for a in told["accesses"] if a["accessor"] == leaked.reader["accessor"]]
    assert counts == [2]


def test_the_commands_of_the_page(leaked, tmp_path):
    """As they stand, in the order of the page."""
    scripts = re.findall(r"^```\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    assert len(scripts) == 7
    (tmp_path / "src").mkdir()
    (tmp_path / "src/env").write_text(f"PASSWORD={VALUE}\n")
    for command in (["init", "-q"], ["add", "."], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "x"]):
        subprocess.run(["git", "-C", tmp_path / "src", *command], check=True)
    (tmp_path / "signer.pem").write_bytes((leaked.directory / "signer.pem").read_bytes())
    environment = leaked.command_environment()
    environment["PATH"] = f"{bin_dir()}:{environment['PATH']}"
    said = []
    for script in scripts:
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, env=environment, text=True,
                              capture_output=True, timeout=120, check=False)  # fmt: skip
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        said.append(done.stdout)
    assert said[1].count("secret/data/app version 1 /password") == 2
    assert "Verified OK" in said[-1]
    assert leaked.read("app") is None, "it is locked"


def test_neither_values_nor_candidates_stay_in_memory(vault):
    """Of what zxcvbn looked at too."""
    stored, asked = ("Kq7zR2vWm4Xt", "Hn3bD8sLp6Jy")
    vault.put("app", {"password": stored})
    assert vault.coffer("leak", "check", stdin=stored).returncode == 3
    assert vault.coffer("leak", "check", stdin=asked).returncode == 0
    for _ in range(20):
        vault.put("other", {"password": "x"})
    assert memory_scan.find(vault.pid, {"stored": stored.encode(), "asked": asked.encode()}) == []
