"""What a response does beyond the secrets of KV: tokens that were made with the one that leaked, and passwords of
databases, by what gave them away."""

import json
import os
import shutil
import subprocess

import pytest
from databases import servers  # noqa: F401 - a fixture
from test_audit_signed import until
from test_orphans import go_back

RULES = """
path "secret/data/*" { capabilities = ["read"] }
path "database/static-creds/*" { capabilities = ["read"] }
path "auth/token/create" { capabilities = ["update"] }
path "auth/token/create-orphan" { capabilities = ["update", "sudo"] }
"""


def ok(answer, status=204):
    assert answer.status == status, answer.body
    return answer


def make(client, path="auth/token/create", **more):
    asked = {"policies": ["holder"], "no_default_policy": True, **more}
    return ok(client.post(path, asked), 200).json["auth"]


@pytest.fixture
def house(vault):
    ok(vault.client.post("sys/policies/acl/holder", {"policy": RULES}))
    vault.put("app", {"password": "k3J9xQ2mZ8rTw5Yp"})
    vault.put("other", {"password": "vB7nL4cX1sD6fG0h"})
    vault.leaked = make(vault.client, display_name="ci")
    return vault


@pytest.fixture
def database(house, servers):  # noqa: F811
    server = servers("postgresql")
    ok(house.client.post("sys/mounts/database", {"type": "database"}))
    ok(house.client.post("database/config/pg", server.config()))
    house.server = server
    return house


def static_role(vault, name="own", **more):
    role = {"db_name": "pg", "username": "app_owner", "rotation_period": "24h", **more}
    ok(vault.client.post(f"database/static-roles/{name}", {k: v for k, v in role.items() if v is not None}))
    return static_creds(vault, vault.new_client(vault.leaked["client_token"]), name)


def static_creds(vault, client=None, name="own"):
    data = ok((client or vault.client).get(f"database/static-creds/{name}"), 200).data
    return data["username"], data["password"]


def respond(vault, *arguments, status=0):
    done = vault.coffer("leak", "respond", *arguments)
    assert done.returncode == status, done.stdout + done.stderr
    return done


def steps(vault, name):
    report = ok(vault.client.get(f"sys/leaks/responses/{name}"), 200).data
    return [(step["act"], step["what"], step["outcome"]) for step in report["report"]["steps"]]


def asked_for(vault, path):
    lines = [line for line in vault.audit_lines() if "request" in line and line["type"] == "response"]
    return len([line for line in lines if line["request"]["path"] == path])


def test_what_was_done_with_tokens_that_it_made_is_told_and_ended(house):
    holder = house.new_client(house.leaked["client_token"])
    child = make(holder)
    grandchild = make(house.new_client(child["client_token"]))
    orphan = make(holder, "auth/token/create-orphan")
    bystander = make(house.client)
    for token, path in ((child, "app"), (grandchild, "other"), (orphan, "other"), (bystander, "app")):
        assert house.new_client(token["client_token"]).get(f"secret/data/{path}").status == 200
    accessor = house.leaked["accessor"]
    told = json.loads(respond(house, "-format=json", f"-token-accessor={accessor}").stdout)
    reads = {(a["path"], a["accessor"], a.get("made_by")) for a in told["accesses"] if a["operation"] == "read"}
    assert reads == {("secret/data/app", child["accessor"], accessor),
                     ("secret/data/other", grandchild["accessor"], child["accessor"]),
                     ("secret/data/other", orphan["accessor"], accessor)}  # fmt: skip
    made = {holder["accessor"]: holder.get("made_by") for holder in told["holders"]}
    assert made == {accessor: None, child["accessor"]: accessor, grandchild["accessor"]: child["accessor"],
                    orphan["accessor"]: accessor}  # fmt: skip
    respond(house, "-revoke", "-response=family", f"-token-accessor={accessor}")
    assert {outcome for _, _, outcome in steps(house, "family")} <= {"done", "gone already"}
    for token in (house.leaked, child, grandchild, orphan):
        assert house.new_client(token["client_token"]).get("secret/data/app").status == 403
    assert house.new_client(bystander["client_token"]).get("secret/data/app").status == 200


def test_what_the_readers_of_a_secret_had_with_tokens_that_they_made(house):
    holder = house.new_client(house.leaked["client_token"])
    assert holder.get("secret/data/app").status == 200
    child = make(holder)
    assert house.new_client(child["client_token"]).get("secret/data/other").status == 200
    told = json.loads(respond(house, "-format=json", "secret/app").stdout)
    also = [(a["path"], a["made_by"]) for a in told["also_accessed"] if a["accessor"] == child["accessor"]]
    assert also == [("secret/data/other", house.leaked["accessor"])]


def test_a_users_requests_count_once_with_his_own_tokens(house):
    """Those of his token are his by his number already."""
    child = make(house.new_client(house.leaked["client_token"]))
    reader = house.new_client(child["client_token"])
    for _ in range(3):
        assert reader.get("secret/data/app").status == 200
    told = json.loads(respond(house, "-format=json", f"-uid={os.getuid()}").stdout)
    mine = [a for a in told["accesses"] if a["accessor"] == child["accessor"]]
    assert [(a["path"], a["count"], a["made_by"]) for a in mine] == [("secret/data/app", 3, house.leaked["accessor"])]


def test_versions_are_destroyed_by_a_list(house):
    for n in (2, 3):
        house.put("app", {"password": f"k3J9xQ2mZ8rTw5Y{n}"})
    respond(house, "-destroy=1,3", "-destroy=2", "-response=list", "secret/app")
    assert steps(house, "list") == [("destroy", "secret/data/app", "done")]
    versions = house.client.get("secret/metadata/app").data["versions"]
    assert [versions[n]["destroyed"] for n in ("1", "2", "3")] == [True, True, True]


@pytest.mark.parametrize("wrong", ["1,x", "1;2"])
def test_what_is_no_list_of_versions_is_refused(house, wrong):
    done = respond(house, f"-destroy={wrong}", "-response=wrong", "secret/app", status=1)
    assert "-destroy must be numbers" in done.stderr
    assert house.client.get("sys/leaks/responses/wrong").status == 404


def as_token(vault, token, *arguments):
    return vault.coffer("leak", "respond", *arguments, COFFER_TOKEN=token)


def alive(vault, token, client=None):
    about = {"accessor": token["accessor"]}
    return (client or vault.client).post("auth/token/lookup-accessor", about).status == 200


def test_what_was_refused_is_gone_on_with_by_one_who_may(house):
    assert house.new_client(house.leaked["client_token"]).get("secret/data/app").status == 200
    rules = 'path "sys/leaks/*" { capabilities = ["create", "read", "update", "sudo"] }\n'
    rules += 'path "auth/token/lookup-accessor" { capabilities = ["update"] }\n'
    rules += 'path "secret/metadata/*" { capabilities = ["read", "list"] }'
    ok(house.client.post("sys/policies/acl/responder", {"policy": rules}))
    poor = make(house.client, policies=["responder", "default"], no_default_policy=False)["client_token"]
    command = ("-revoke", "-lock=1", "-response=partial", "secret/app")
    done = as_token(house, poor, *command)
    assert done.returncode == 2 and "2 steps were refused" in done.stderr, done.stdout + done.stderr
    assert not ok(house.client.get("sys/leaks/responses/partial"), 200).data["signed"]
    assert alive(house, house.leaked)
    for other in (("-revoke", "-lock=1", "-response=partial", "secret/other"), ("-revoke", "-response=partial", "secret/app")):
        done = respond(house, *other, status=1)
        assert "about something else, or was begun with other flags" in done.stderr
    respond(house, *command)
    outcomes = [(act, outcome) for act, _, outcome in steps(house, "partial")]
    assert outcomes == [("lock", "done"), ("revoke", "done")]
    assert not alive(house, house.leaked) and house.read("app") is None
    assert ok(house.client.get("sys/leaks/responses/partial"), 200).data["signed"]
    done = respond(house, "-revoke", "-lock=1", "-response=partial", "secret/other", status=1)
    assert "Response partial is signed" not in done.stdout


def test_a_refusal_that_was_signed_is_no_success(house):
    rules = 'path "sys/leaks/*" { capabilities = ["create", "read", "update", "sudo"] }\n'
    rules += 'path "secret/metadata/*" { capabilities = ["read", "list"] }'
    ok(house.client.post("sys/policies/acl/responder", {"policy": rules}))
    poor = make(house.client, policies=["responder"])["client_token"]
    assert as_token(house, poor, "-lock=1", "-response=left", "secret/app").returncode == 2
    ok(house.client.post("sys/leaks/responses/left/sign", {}), 200)
    done = respond(house, "-lock=1", "-response=left", "secret/app", status=2)
    assert "Response left is signed" in done.stdout and "1 step was refused" in done.stderr


def test_versions_that_are_not_there_stop_it_before_anything_is_done(house):
    assert house.new_client(house.leaked["client_token"]).get("secret/data/app").status == 200
    for flag in ("-lock=99", "-destroy=1,99"):
        done = respond(house, "-revoke", flag, "-response=typo", "secret/app", status=2)
        assert "has no version 99: nothing was done" in done.stderr
    done = respond(house, "-revoke", "-lock=1", "-response=typo", "secret/nope", status=2)
    assert "There is no secret at secret/data/nope" in done.stderr
    assert house.client.get("sys/leaks/responses/typo").status == 404
    assert alive(house, house.leaked)


def test_who_responds_does_not_end_what_his_token_comes_from(house):
    rules = 'path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }'
    ok(house.client.post("sys/policies/acl/all", {"policy": rules}))
    boss, thief = [make(house.client, policies=["all"]) for _ in range(2)]
    responder = make(house.new_client(boss["client_token"]), policies=["all"])
    for token in (boss, thief):
        assert house.new_client(token["client_token"]).get("secret/data/app").status == 200
    done = as_token(house, responder["client_token"], "-revoke", "-lock=1", "-response=own", "secret/app")
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{boss['accessor']} is one that the token in use comes from" in done.stderr
    assert steps(house, "own") == [("lock", "secret/data/app", "done"), ("revoke", thief["accessor"], "done")]
    assert [alive(house, token) for token in (boss, responder, thief)] == [True, True, False]
    report = ok(house.client.get("sys/leaks/responses/own"), 200).data
    assert report["signed"]
    # The writer, root, has it as well.
    assert boss["accessor"] in {kept["accessor"] for kept in report["report"]["kept"]}
    assert len(report["report"]["kept"]) == 2


def test_who_read_it_before_its_mount_was_moved(house):
    post = house.client.post
    ok(post("sys/mounts/old", {"type": "kv", "options": {"version": "2"}}))
    ok(post("old/data/x", {"data": {"password": "k3J9xQ2mZ8rTw5Yp"}}), 200)
    ok(post("old/rotation/x", {"rotator": "generate", "period": "30d"}), 200)
    ok(post("sys/policies/acl/old", {"policy": 'path "old/data/*" { capabilities = ["read"] }'}))
    reader = make(house.client, policies=["old"])
    assert house.new_client(reader["client_token"]).get("old/data/x").status == 200
    ok(post("sys/remount", {"from": "old", "to": "between"}), 200)
    house.kill()
    house.start()
    ok(house.client.post("sys/remount", {"from": "between", "to": "new/place"}), 200)
    told = json.loads(respond(house, "-format=json", "new/place/x").stdout)
    reads = [(a["path"], a["path_today"], a["accessor"]) for a in told["accesses"] if a["operation"] == "read"]
    assert reads == [("old/data/x", "new/place/data/x", reader["accessor"])]
    respond(house, "-revoke", "-rotate", "-response=moved", f"-token-accessor={reader['accessor']}")
    outcomes = [(act, outcome) for act, _, outcome in steps(house, "moved")]
    assert outcomes == [("revoke", "done"), ("rotate", "done")]
    assert house.client.get("new/place/data/x").data["metadata"]["version"] == 2


def test_all_of_many_readers_are_ended_and_the_report_is_signed(house, tmp_path):
    """More than one step of the search tells of, and a report that is far over what a token is given to work on."""
    tokens = [make(house.client, display_name=f"reader-{number}") for number in range(1010)]
    for token in tokens:
        assert house.new_client(token["client_token"]).get("secret/data/app").status == 200
    respond(house, "-revoke", "-response=many", f"-report={tmp_path}/many.txt", "secret/app")
    assert len([outcome for act, _, outcome in steps(house, "many") if outcome == "done"]) == 1010
    for token in [*tokens[::25], *tokens[1000:]]:
        assert house.new_client(token["client_token"]).get("secret/data/app").status == 403
    report = ok(house.client.get("sys/leaks/responses/many"), 200).data
    assert report["signed"] and len(report["document"]) > 200_000
    (tmp_path / "signed.pem").write_text(report["public_key"])
    checked = subprocess.run(["openssl", "dgst", "-sha256", "-verify", "signed.pem", "-signature", "many.txt.sig",
                              "many.txt"], cwd=tmp_path, capture_output=True, text=True, check=False)  # fmt: skip
    assert checked.returncode == 0, checked.stderr


def test_a_root_token_is_revoked_only_where_that_is_said(house):
    rules = 'path "*" { capabilities = ["create", "read", "update", "delete", "list", "sudo"] }'
    ok(house.client.post("sys/policies/acl/all", {"policy": rules}))
    other = make(house.client, "auth/token/create-orphan", policies=["root"])
    responder = make(house.client, "auth/token/create-orphan", policies=["all"])["client_token"]
    assert house.new_client(other["client_token"]).get("secret/data/other").status == 200
    root = house.client.get("auth/token/lookup-self").data
    done = as_token(house, responder, "-revoke", "-response=kept", "secret/other")
    assert done.returncode == 0, done.stderr
    assert f"{other['accessor']} is root's, and -revoke-root isn't given" in done.stderr
    assert alive(house, other) and steps(house, "kept") == []
    done = as_token(house, responder, "-revoke", "-revoke-root", "-response=all", "secret/other")
    assert done.returncode == 0, done.stderr
    client = house.new_client(responder)
    assert [alive(house, token, client) for token in (other, root)] == [False, False]


def test_a_secret_without_versions_is_not_written_over(house):
    ok(house.client.post("sys/mounts/plain", {"type": "kv"}))
    ok(house.client.post("plain/app", {"password": "k3J9xQ2mZ8rTw5Yp"}))
    respond(house, "-destroy=1", "plain/app", status=1)
    assert house.client.get("plain/app").data == {"password": "k3J9xQ2mZ8rTw5Yp"}


def test_a_static_role_that_was_read_is_rotated_once(database):
    user, password = static_role(database)
    accessor = database.leaked["accessor"]
    command = ("-rotate", "-response=static", f"-token-accessor={accessor}")
    respond(database, *command)
    assert steps(database, "static") == [("rotate", "database/static-creds/own", "done")]
    assert not database.server.logs_in(user, password)
    now = static_creds(database)
    assert database.server.logs_in(*now)
    respond(database, *command)
    assert static_creds(database) == now
    assert asked_for(database, "database/rotate-role/own") == 1


@pytest.mark.parametrize("subject", ["path", "uid"])
def test_a_static_role_is_rotated_by_its_path_and_by_who_read_it(database, subject):
    user, password = static_role(database)
    given = {"path": "database/static-creds/own", "uid": f"-uid={os.getuid()}"}[subject]
    told = json.loads(respond(database, "-format=json", given).stdout)
    assert "database/static-creds/own" in [a["path"] for a in told["accesses"]]
    if subject == "path":
        assert "holder" in told["could_read"]["policies"]
    respond(database, "-rotate", "-revoke", "-response=whole", given)
    assert ("rotate", "database/static-creds/own", "done") in steps(database, "whole")
    assert ("revoke", database.leaked["accessor"], "done") in steps(database, "whole")
    assert not database.server.logs_in(user, password)
    assert database.server.logs_in(*static_creds(database))


def test_of_two_users_in_turn_both_are_rotated(database):
    leaked = static_role(database, alternate_username="app_twin")
    respond(database, "-rotate", "-response=two", "database/static-creds/own")
    assert steps(database, "two") == [("rotate", "database/static-creds/own", "done")] * 2
    assert not database.server.logs_in(*leaked), "one rotation would have left it"
    assert database.server.logs_in(*static_creds(database))


def test_a_static_role_that_a_secret_rotates_is_rotated_by_it(database):
    leaked = static_role(database, rotation_period=None, rotated_by="secret/db", alternate_username="app_twin")
    database.put("db", {"host": "h", "password": "of old"})
    rotation = {"rotator": "database", "static_role": "database/static-roles/own", "period": "30d"}
    ok(database.client.post("secret/rotation/db", rotation), 200)
    respond(database, "-rotate", "-response=fed", f"-token-accessor={database.leaked['accessor']}")
    assert steps(database, "fed") == [("rotate", "secret/data/db", "done")] * 2
    assert not database.server.logs_in(*leaked)
    assert database.read("db")["password"] == static_creds(database)[1]


@pytest.mark.parametrize("path", ["secret/db", "database/static-creds/own"])
def test_who_read_a_password_at_its_other_path_is_found_and_revoked(database, path):
    for name in ("secret/data/db", "database/static-creds/own"):
        rule = f'path "{name}" {{ capabilities = ["read"] }}'
        ok(database.client.post(f"sys/policies/acl/{name.split('/')[0]}", {"policy": rule}))
    static_role(database, rotation_period=None, rotated_by="secret/db")
    database.put("db", {"host": "h"})
    rotation = {"rotator": "database", "static_role": "database/static-roles/own", "period": "30d"}
    ok(database.client.post("secret/rotation/db", rotation), 200)
    both = [make(database.client, policies=[mount]) for mount in ("secret", "database")]
    of_secret, of_role = (database.new_client(one["client_token"]) for one in both)
    ok(of_secret.get("secret/data/db"), 200)
    ok(of_role.get("database/static-creds/own"), 200)
    told = json.loads(respond(database, "-format=json", path).stdout)
    assert {told["could_read"]["path"], told["could_read_there"]["path"]} == {
        "secret/data/db", "database/static-creds/own"}  # fmt: skip
    respond(database, "-revoke", "-response=both", path)
    assert of_secret.get("secret/data/db").status == 403
    assert of_role.get("database/static-creds/own").status == 403


def test_a_response_that_rotated_a_static_role_does_not_twice(database):
    """As if the command had died between the rotation and what was recorded of it."""
    static_role(database)
    before = database.client.get("database/static-roles/own").data["last_vault_rotation"]
    intended = [{"act": "rotate", "what": "database/static-creds/own", "request": "database/rotate-role/own",
                 "body": "{}", "watch": "database/static-roles/own", "at_once": True, "rotated_before": before,
                 "outcome": "intended"}]  # fmt: skip
    ok(database.client.post("sys/leaks/responses/cut", {"report": {"steps": intended}}))
    ok(database.client.post("database/rotate-role/own"))
    now = static_creds(database)
    respond(database, "-rotate", "-response=cut", "database/static-creds/own")
    assert static_creds(database) == now
    assert steps(database, "cut") == [("rotate", "database/static-creds/own", "done")]


def test_the_responders_policy_decides_about_static_roles(database):
    user, password = static_role(database)
    rules = 'path "sys/leaks/*" { capabilities = ["create", "read", "update", "sudo"] }\n'
    rules += 'path "database/static-roles/" { capabilities = ["list"] }'
    ok(database.client.post("sys/policies/acl/responder", {"policy": rules}))
    token = ok(database.client.post("auth/token/create", {"policies": ["responder"]}), 200).json["auth"]["client_token"]
    done = database.coffer("leak", "respond", "-rotate", "-response=poor", "database/static-creds/own",
                           COFFER_TOKEN=token)  # fmt: skip
    assert done.returncode == 2, done.stderr
    assert "can't be read" in done.stderr and "1 step was refused" in done.stderr
    assert steps(database, "poor") == [("rotate", "database/static-creds/own", "refused: 403")]
    assert database.server.logs_in(user, password)


@pytest.mark.parametrize("subject", ["accessor", "path"])
def test_leases_of_tokens_that_a_restore_made_void_are_shown_and_ended(database, subject):
    """Nothing else ends them: such a token can't be revoked any more."""
    role = {"db_name": "pg", "creation_statements": database.server.creation}
    ok(database.client.post("database/roles/pg", role))
    ok(database.client.post("sys/policies/acl/creds", {"policy": 'path "database/creds/*" { capabilities = ["read"] }'}))
    reader = make(database.client, policies=["holder", "creds"])
    child = make(database.new_client(reader["client_token"]), policies=["creds"])
    ok(database.new_client(reader["client_token"]).get("secret/data/app"), 200)
    users = []
    for token in (reader, child):
        data = ok(database.new_client(token["client_token"]).get("database/creds/pg"), 200).data
        users.append((data["username"], data["password"]))
    assert database.stop() == 0
    copy = shutil.copy2(database.store_path, database.directory / "copy.db")
    database.start()
    go_back(database, copy)
    released = database.coffer("operator", "backup", "release")
    assert released.returncode == 0, released.stderr
    assert "sys/leases/revoke-owned" in released.stdout
    given = {"accessor": f"-token-accessor={reader['accessor']}", "path": "secret/app"}[subject]
    told = json.loads(respond(database, "-format=json", given).stdout)
    left = {one["accessor"]: one.get("lease_count") for one in told["holders"] if not one["alive"]}
    assert (left[reader["accessor"]], left[child["accessor"]]) == (1, 1)
    assert "-revoke ends them" in respond(database, given).stdout
    assert [database.server.logs_in(*user) for user in users] == [True, True]
    respond(database, "-revoke", "-response=void", given)
    for token in (reader, child):
        assert ("end leases of", token["accessor"], "done") in steps(database, "void")
    until(lambda: not any(database.server.logs_in(*user) for user in users), 60)
    respond(database, "-revoke", "-response=void", given)
    assert asked_for(database, "sys/leases/revoke-owned") == 2


def test_a_token_is_no_accessor_and_what_nothing_knows_is_not_gone(house):
    token = house.leaked["client_token"]
    wrong = {f"-token-accessor={token}": 1, "-token-accessor=typo123": 1, "-uid=4294967296": 1,
             f"-token-accessor={'x' * 24}": 2, "-unit=no-such.service": 2, "-uid=4294967294": 2}  # fmt: skip
    for subject, status in wrong.items():
        for effects in ((), ("-revoke", "-response=wrong")):
            done = respond(house, *effects, subject, status=status)
            assert token not in done.stdout + done.stderr
            assert "gone" not in done.stdout and "signed" not in done.stdout
    assert house.client.get("sys/leaks/responses/wrong").status == 404
    refused = house.client.post("sys/leaks/accesses", {"accessors": [token]})
    assert refused.status == 400 and token not in refused.errors[0]
    report = {"subject": {"token_accessor": token}}
    refused = house.client.post("sys/leaks/responses/wrong", {"report": report})
    assert refused.status == 400 and token not in refused.errors[0]
    assert house.client.get("sys/leaks/responses/wrong").status == 404


def test_who_may_not_look_up_tokens_is_not_told_that_they_are_gone(house):
    ok(house.new_client(house.leaked["client_token"]).get("secret/data/app"), 200)
    rules = 'path "sys/leaks/*" { capabilities = ["create", "read", "update", "sudo"] }\n'
    rules += 'path "sys/internal/ui/mounts/*" { capabilities = ["read"] }\n'
    rules += 'path "secret/*" { capabilities = ["list"] }'
    ok(house.client.post("sys/policies/acl/responder", {"policy": rules}))
    for no_default in (True, False):
        poor = make(house.client, policies=["responder"], no_default_policy=no_default)["client_token"]
        done = as_token(house, poor, "secret/app")
        assert done.returncode == 2 and "gone" not in done.stdout, done.stdout + done.stderr
        assert "which tokens are alive isn't told" in done.stderr
        done = as_token(house, poor, "-revoke", "-response=blind", "secret/app")
        assert done.returncode == 2 and "nothing was done" in done.stderr
    assert house.client.get("sys/leaks/responses/blind").status == 404
    assert alive(house, house.leaked)
