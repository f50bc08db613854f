"""A policy from its text to what it grants, and why."""

import contextlib
import json
import subprocess

import pytest

from harness import program

# Whatever a person may write: it comes back as it was.
TEXTS = {
    "plain": 'path "secret/data/app/*" { capabilities = ["read"] }',
    "comments": '# first\n// second\n/* third\n   line */\npath "secret/a" {\n  capabilities = ["read"] # why\n}\n',
    "white": '\n\n\t path   "secret/a"\t{\r\n capabilities=[ "read" ,]\r\n}\n\n   \n',
    "no end of line": 'path "secret/a" {\n  policy = "read"\n}',
    "json": '{"path": {"secret/a": {"capabilities": ["read"]}}}  \n',
    "letters": '# Grüße, 日本\npath "secret/\\u00e9" { capabilities = ["deny"] }\n',
}


@pytest.fixture(scope="module")
def root(shared_vault):
    shared_vault.put("app/db", {"password": "of the app"})
    shared_vault.put("other", {"a": "b"})
    return shared_vault.client


@pytest.fixture
def caller(shared_vault, root):
    with contextlib.ExitStack() as open_clients:

        def make(text, name="app"):
            written = root.post(f"sys/policies/acl/{name}", {"policy": text})
            assert written.status == 204, written
            made = root.post("auth/token/create", {"policies": [name]})
            client = shared_vault.new_client(made.json["auth"]["client_token"])
            return open_clients.enter_context(contextlib.closing(client))

        yield make


READ_APP = """
# Read, and nothing else.
path "secret/data/app/*" { capabilities = ["read"] }
path "secret/data/app/shut" { capabilities = ["deny"] }
"""


def coffer_bytes(vault, *arguments, stdin=b""):
    """Its output as it is: no line ending is changed on the way."""
    return subprocess.run([program("coffer"), *arguments], input=stdin, capture_output=True, check=True,
                          timeout=60, env=vault.command_environment()).stdout  # fmt: skip


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_comes_back_byte_for_byte(shared_vault, root, name):
    text = TEXTS[name]
    assert root.post("sys/policies/acl/text", {"policy": text}).status == 204
    assert root.get("sys/policies/acl/text").data == {"name": "text", "policy": text}
    assert root.get("sys/policy/text").data["rules"] == text
    assert coffer_bytes(shared_vault, "policy", "read", "text") == text.encode()
    coffer_bytes(shared_vault, "policy", "write", "again", "-", stdin=text.encode())
    assert root.get("sys/policies/acl/again").data["policy"] == text


def test_a_text_outlives_the_daemon(make_vault):
    vault = make_vault()
    vault.request("POST", "sys/policies/acl/text", {"policy": TEXTS["comments"]})
    vault.kill()
    vault.start()
    assert vault.request("GET", "sys/policies/acl/text").data["policy"] == TEXTS["comments"]


def test_a_policy_grants_what_it_says_and_no_more(caller):
    app = caller(READ_APP)
    assert app.get("secret/data/app/db").data["data"] == {"password": "of the app"}
    for method, path in (("GET", "secret/data/other"), ("POST", "secret/data/app/db"),
                         ("DELETE", "secret/data/app/db"), ("LIST", "secret/metadata/app"),
                         ("GET", "secret/data/app/shut"), ("GET", "secret/data/App/db"),
                         ("GET", "sys/policies/acl/app"), ("POST", "sys/policies/acl/app")):  # fmt: skip
        body = {"data": {"a": "b"}} if method == "POST" else None
        assert app.request(method, path, body).status == 403, (method, path)


def test_a_change_counts_at_the_next_request(root, caller):
    app = caller(READ_APP)
    assert app.get("secret/data/app/db").status == 200
    root.post("sys/policies/acl/app", {"policy": 'path "secret/data/other" {capabilities = ["read"]}'})
    assert app.get("secret/data/app/db").status == 403
    assert app.get("secret/data/other").status == 200
    assert root.delete("sys/policies/acl/app").status == 204
    assert app.get("secret/data/other").status == 403


def test_a_denied_caller_learns_an_id_and_nothing_more(caller):
    app = caller(READ_APP)
    answers = [app.get(path) for path in ("secret/data/app/shut", "secret/data/other", "nowhere/at/all")]
    ids = set()
    for answer in answers:
        assert answer.status == 403
        body = answer.json
        ids.add(body.pop("decision_id"))
        assert list(body) == ["errors"]
        for word in (b"shut", b"deny", b"denies", b"rule", b"app", b"policy"):
            assert word not in answer.body, word
    assert len(ids) == 3
    assert len({json.dumps(answer.errors) for answer in answers}) == 1
    for ident in ids:
        assert app.post("sys/policies/explain", {"decision_id": ident}).status == 403


def test_an_operator_is_told_by_the_id_what_decided(shared_vault, root, caller):
    app = caller(READ_APP)
    denied = app.get("secret/data/app/shut")
    told = root.post("sys/policies/explain", {"decision_id": denied.json["decision_id"]}).data
    assert told["allowed"] is False
    assert told["rule"] == "secret/data/app/shut"
    assert told["policy"] == "app"
    assert told["why"] == "the rule denies"
    assert told["operation"] == "read"
    assert told["path"] == "secret/data/app/shut"
    assert told["caller"]["policies"] == ["app", "default"]
    done = shared_vault.coffer("policy", "why", f"-decision={denied.json['decision_id']}")
    assert done.returncode == 0, done.stderr
    assert "the rule denies" in done.stdout
    lines = json.dumps(shared_vault.audit_lines())
    assert denied.json["decision_id"] in lines, "and it is on the record"


def test_no_rule_at_all_is_told_too(root, caller):
    denied = caller(READ_APP).post("secret/data/other", {"data": {}})
    told = root.post("sys/policies/explain", {"decision_id": denied.json["decision_id"]}).data
    assert (told["rule"], told["why"]) == ("", "no rule matches")
    unknown = "00000000-0000-4000-8000-000000000000"
    assert root.post("sys/policies/explain", {"decision_id": unknown}).status == 404
    assert root.post("sys/policies/explain", {"decision_id": "x"}).status == 400
    assert root.post("sys/policies/explain", {"decision_id": {"a": 1}}).status == 400


def test_what_explains_is_what_decides(root, caller):
    """Each question asked of both: the vault itself, and who explains."""
    app = caller(READ_APP)
    for method, operation, path in (
        ("GET", "read", "secret/data/app/db"), ("GET", "read", "secret/data/app/shut"),
        ("GET", "read", "secret/data/other"), ("LIST", "list", "secret/metadata/app"),
        ("GET", "read", "auth/token/lookup-self"), ("LIST", "list", "auth/token/accessors"),
    ):  # fmt: skip
        question = {"operation": operation, "path": path, "policies": ["app", "default"]}
        told = root.post("sys/policies/explain", question).data
        assert told["allowed"] is (app.request(method, path).status != 403), path


def test_a_caller_knows_its_own_capabilities(root, caller):
    app = caller(READ_APP)
    paths = ["secret/data/app/db", "secret/data/app/shut", "secret/data/other", "auth/token/lookup-self"]
    told = app.post("sys/capabilities-self", {"paths": paths}).data
    assert [told[path] for path in paths] == [["read"], ["deny"], ["deny"], ["read"]]
    assert root.post("sys/capabilities-self", {"path": "anything"}).data["capabilities"] == ["root"]
    accessor = app.get("auth/token/lookup-self").data["accessor"]
    told = root.post("sys/capabilities-accessor", {"accessor": accessor, "paths": paths}).data
    assert told["secret/data/app/db"] == ["read"]
    assert app.post("sys/capabilities-accessor", {"accessor": accessor, "paths": paths}).status == 403


def test_a_wrong_text_changes_nothing_and_names_the_line(root):
    assert root.post("sys/policies/acl/kept", {"policy": READ_APP}).status == 204
    for text in ('path "a" {\n  capabilities = ["reed"]\n}', 'path "a" {\n  capabilites = ["read"]\n}',
                 'path "a" {\n  capabilities = ["read"\n}', '{"path": 1}', "path",
                 'path "a" {\n capabilities = ["read"]\n capabilities = ["list"]\n}'):  # fmt: skip
        answer = root.post("sys/policies/acl/kept", {"policy": text})
        assert answer.status == 400, text
    assert root.get("sys/policies/acl/kept").data["policy"] == READ_APP
    answer = root.post("sys/policies/acl/kept", {"policy": '\n\npath "a" {\n  capabilities = ["reed"]\n}'})
    assert "line 4" in answer.errors[0]


def test_names_have_one_form(root):
    for name, status in (("mixed", 204), ("Mixed", 400), ("MIXED", 400)):  # C2: no second path to it
        assert root.post(f"sys/policies/acl/{name}", {"policy": TEXTS["plain"]}).status == status
    keys = root.list("sys/policies/acl").data["keys"]
    assert [key for key in keys if key.lower() == "mixed"] == ["mixed"]
    for name in ("root", "ROOT"):
        assert root.post(f"sys/policies/acl/{name}", {"policy": TEXTS["plain"]}).status == 400
        assert root.delete(f"sys/policies/acl/{name}").status == 400
    assert root.delete("sys/policies/acl/default").status == 400


def test_cases_are_held_against_policies(shared_vault, root, directory):
    assert root.post("sys/policies/acl/app", {"policy": READ_APP}).status == 204
    file = directory / "cases.json"
    cases = [
        {"policies": ["app"], "operation": "read", "path": "secret/data/app/db", "expect": "allow"},
        {"policies": ["app"], "operation": "read", "path": "secret/data/app/shut", "expect": "deny"},
        {"policies": ["app"], "operation": "update", "path": "secret/data/app/db", "expect": "deny"},
    ]
    file.write_text(json.dumps(cases))
    done = shared_vault.coffer("policy", "test", file)
    assert (done.returncode, done.stdout.count("\nok ")) == (0, 3), done.stdout + done.stderr
    cases[1]["expect"] = "allow"
    file.write_text(json.dumps(cases))
    done = shared_vault.coffer("policy", "test", file)
    assert done.returncode == 1
    assert "not ok 2" in done.stdout
