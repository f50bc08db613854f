"""Classes of holes that Vault and OpenBao had (C1 to C10, C15), one at least each. C3, a deny that
a verb passes, is tests/unit/policy/matrix_test.cpp; C16 is test_wrong_types.py; C12 and C14 have
files of their own."""

import os
import re
import sqlite3

import api_page
import pytest
from test_wrong_types import NEEDED

EVERYTHING = """path "*" { capabilities = ["create", "read", "update", "patch", "delete", "list",
                                            "scan", "sudo"] }"""
POLICY = 'path "secret/data/app" { capabilities = ["read"] }'
HIDDEN = "hidden-canary"


def caged_rows():
    """Paths that hold a name of a thing that can be hidden."""
    tools = ("sys/tools", "sys/audit", "sys/remount", "sys/internal")
    return [row for row in api_page.rows() if row.rule[-1] in "*+" and not row.path.startswith(tools)]


def write_policy(vault, name, text):
    assert vault.client.post(f"sys/policies/acl/{name}", {"policy": text}).status == 204


def token_of(vault, *policies, **more):
    asked = {"policies": list(policies), "no_default_policy": True, **more}
    made = vault.client.post("auth/token/create", asked)
    assert made.status == 200, made.body
    return made.json["auth"]["client_token"]


def send(vault, method, path, token, body=None):
    kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
    headers = {"Content-Type": kind} if method in ("POST", "PUT", "PATCH") else None
    return vault.client.request(method, path, body, token=token, headers=headers)


# What docs/api writes for a name in a path.
PLACEHOLDER = "(PATH|NAME|ROLE|KEY|ID)"


@pytest.fixture(scope="module")
def stocked(shared_vault):
    """With a thing called `hidden` at every place, and who may do everything but touch these."""
    post = shared_vault.client.post
    api_page.enable_all(shared_vault.client)
    assert post("sys/mounts/hidden", {"type": "kv", "description": HIDDEN}).status == 204
    assert post("kv/hidden", {"value": HIDDEN}).status == 204
    assert post("kv/hidden/inner", {"value": HIDDEN}).status == 204
    shared_vault.put("hidden", {"value": HIDDEN})
    shared_vault.put("hidden/inner", {"value": HIDDEN})
    assert post("auth/token/roles/hidden", {"path_suffix": HIDDEN}).status == 204
    role = {"key_type": "ca", "allow_user_certificates": True, "allowed_users": HIDDEN}
    assert post("ssh/roles/hidden", role).status == 204
    seed = {"generate": True, "exported": False, "issuer": HIDDEN, "account_name": HIDDEN}
    assert post("totp/keys/hidden", seed).status == 204
    assert post("auth/unix/role/hidden", {"bound_uids": [4711], "token_policies": HIDDEN}).status == 204
    assert post("sys/leaks/responses/hidden", {"report": {"note": HIDDEN}}).status == 204
    write_policy(shared_vault, "hidden", f"{POLICY} # {HIDDEN}")
    write_policy(shared_vault, "everything", EVERYTHING)
    denies = {
        f'path "{re.sub(PLACEHOLDER, "hidden", row.path)}{end}" {{ capabilities = ["deny"] }}'
        for row in caged_rows()
        for end in ("", "/*")
    }
    write_policy(shared_vault, "caged", EVERYTHING + "\n".join(sorted(denies)))
    return shared_vault


def hidden_things(vault):
    paths = ["sys/mounts/hidden", "kv/hidden", "kv/hidden/inner", "secret/data/hidden",
             "secret/metadata/hidden", "secret/data/hidden/inner", "auth/token/roles/hidden",
             "auth/unix/role/hidden", "sys/policies/acl/hidden", "ssh/roles/hidden", "totp/keys/hidden",
             "sys/leaks/responses/hidden"]  # fmt: skip
    return [vault.client.get(path).data for path in paths]


# Other spellings of `hidden`: none of them may reach it, and none is another name.
SPELLINGS = [
    "./hidden", "../x/hidden", "x/../hidden", "x/%2e%2e/hidden", "x/%252e%252e/hidden", "x/..%2fhidden",
    "%2e/hidden", "/hidden", "%2fhidden", "hidden/", "hidden%2f", "hidden//", "hidden/.", "hidden/..",
    "hidden/%2e", "hidden.", "hidden%2e", "%68idden", "%2568idden", "hidden%00", "hidden%0a", "hidden%0d",
    "hidden%20", "%20hidden", "hidden%09", "%09hidden", "hidden%7f", "hidden\\", "hidden%5c", "x\\..\\hidden",
    "x%5c..%5chidden", "%c0%ae%c0%ae/hidden", "hi%c0%adden", "%ef%bd%88idden", "hidde%ef%bd%8e",
    "hid%c2%adden", "hidden%e2%80%8b", "hidden%u002f", "hidden%", "hidden%2", "hidden%zz", "hidden%25",
]  # fmt: skip
# Other names, where case and such count: what they are is not `hidden`.
OTHERS = ["HIDDEN", "Hidden", "hidden;x", "hidden%3bx", "hidden%23", "hidden%3fx", "hidden*", "hidden+", "hidde"]


@pytest.mark.parametrize("row", caged_rows(), ids=str)
def test_c01_no_other_spelling_of_a_path_passes_a_deny(stocked, row):
    before = hidden_things(stocked)
    token = token_of(stocked, "caged")
    body = NEEDED.get(str(row), {"value": "x"}) if row.method in ("POST", "PATCH") else None
    prefix = re.sub(PLACEHOLDER + "$", "", row.path)
    assert send(stocked, row.method, f"{prefix}hidden", token, body).status == 403
    for name in SPELLINGS:
        answer = send(stocked, row.method, prefix + name, token, body)
        assert answer.status in (400, 403, 404), (name, answer)
        assert HIDDEN not in answer.body.decode(), name
    for name in OTHERS:
        answer = send(stocked, row.method, prefix + name, token, body)
        assert answer.status < 500 and HIDDEN not in answer.body.decode(), (name, answer)
    assert hidden_things(stocked) == before


NAMES_THAT_LEAVE_THEIR_PLACE = ["../root", "a/../root", "./root", "a//b", "/root", "root/", "a\\b", "a%2fb",
                                "a\u0000b", "a\nb", "ｒｏｏｔ", "ro\u200bot", "a*", "a+", "", " "]  # fmt: skip


@pytest.mark.parametrize("name", NAMES_THAT_LEAVE_THEIR_PLACE)
@pytest.mark.parametrize(
    ("path", "field", "more"),
    [
        ("auth/token/create", "policies", {}),
        ("auth/token/roles/c01", "allowed_policies", {}),
        ("auth/token/roles/c01", "disallowed_policies", {}),
        ("auth/unix/role/c01", "token_policies", {"bound_uids": [4711]}),
    ],
)
def test_c01_names_in_fields_have_one_form(stocked, path, field, more, name):
    answer = stocked.client.post(path, {field: [name], **more})
    assert answer.status == 400, answer.body


@pytest.mark.parametrize("to", ["a/../sys", "../sys", "sys/x", "SYS/../sys", "/", "", "a//b", "a%2fb", "auth/x",
                                "identity", "cubbyhole", "a\u0000", "ａ", "kv", "kv/below"])  # fmt: skip
def test_c01_a_mount_goes_only_where_a_mount_may_be(stocked, to):
    before = stocked.client.get("sys/mounts").data
    assert stocked.client.post("sys/remount", {"from": "hidden", "to": to}).status == 400
    assert stocked.client.get("sys/mounts").data == before


FORMS_OF_ROOT = ["root", "ROOT", "Root", " root", "root ", "\troot", "root\n", "\u000broot", " ROOT ", "rOOt\r\n"]
FORMS_OF_NOTHING = ["ｒｏｏｔ", "root\u0000", "ro\u00adot", "root\u00a0", "\u2003root", "ro ot", "root.", "röot"]


@pytest.mark.parametrize("form", FORMS_OF_ROOT + FORMS_OF_NOTHING)
def test_c02_root_in_any_form_is_root(stocked, form):
    operator = token_of(stocked, "everything")
    for policies in ([form], ["everything", form], form, f"everything,{form}"):
        answer = send(stocked, "POST", "auth/token/create", operator, {"policies": policies})
        got = answer.json["auth"]["policies"] if answer.status == 200 else []
        # "root." is a name of its own, and " ROOT " in a list of one string is trimmed to root.
        assert "root" not in [name.strip().lower() for name in got], answer.body
        assert answer.status == 400 or form == "root.", answer.body
    if form in FORMS_OF_ROOT:
        made = stocked.client.post("auth/token/create", {"policies": [form]}).json["auth"]
        assert made["policies"] == ["root"]


def test_c02_names_of_policies_are_one_in_fields_and_spelled_one_way_in_paths(stocked):
    made = stocked.client.post("auth/token/create", {"policies": [" HIDDEN "], "no_default_policy": True})
    assert made.json["auth"]["policies"] == ["hidden"]
    for method in ("GET", "POST", "DELETE"):
        for path in ("sys/policies/acl/HIDDEN", "sys/policy/Hidden"):
            body = {"policy": POLICY} if method == "POST" else None
            assert send(stocked, method, path, stocked.root_token, body).status == 400


TEMPLATES = ["{{identity.entity.name}}", "{{identity.entity.id}}", "{{identity.groups.names.x.id}}", "{{}}",
             "{{ }}", "x{{identity.entity.aliases.auth_unix_1.name}}y"]  # fmt: skip


@pytest.mark.parametrize("template", TEMPLATES)
def test_c04_templates_are_refused_and_nothing_is_written(stocked, template):
    for path in ("sys/policies/acl/c04", "sys/policy/c04"):
        text = f'path "secret/data/{template}/*" {{ capabilities = ["read"] }}'
        assert stocked.client.post(path, {"policy": text}).status == 400
        assert stocked.client.get(path).status == 404


@pytest.mark.parametrize("name", ["*", "+", "a*", "{{identity.entity.id}}"])
def test_c04_a_name_with_signs_of_a_pattern_is_that_name_alone(stocked, name):
    """As the path of a request it matches nothing but itself."""
    write_policy(stocked, "c04-one", 'path "secret/data/one" { capabilities = ["read"] }')
    token = token_of(stocked, "c04-one")
    assert send(stocked, "GET", f"secret/data/{name}", token).status == 403


def root_tokens(vault):
    def policies(accessor):
        told = vault.client.post("auth/token/lookup-accessor", {"accessor": accessor})
        return told.data["policies"]

    accessors = vault.client.list("auth/token/accessors").data["keys"]
    return {accessor for accessor in accessors if "root" in policies(accessor)}


def test_c05_no_way_to_root_for_who_may_do_everything(stocked):
    before = root_tokens(stocked)
    operator = token_of(stocked, "everything")

    def post(path, **body):
        return send(stocked, "POST", path, operator, body)

    assert post("auth/token/create", policies=["root"]).status == 400
    assert post("auth/token/create-orphan", policies=["root"]).status == 400
    assert post("auth/token/create", no_parent=True, policies=["root"]).status == 400
    for field in ("allowed_policies", "allowed_policies_glob"):
        role = post("auth/token/roles/c05", **{field: ["root"], "orphan": True})
        if role.status == 204:
            assert post("auth/token/create/c05", policies=["root"]).status == 400
            assert post("auth/token/create/c05").status in (200, 400)
    assert post("auth/unix/role/c05", bound_uids=[4711], token_policies=["root"]).status == 400
    assert post("auth/unix/role/c05", bound_uids=[4711], policies="ROOT").status == 400
    for path in ("sys/policies/acl/root", "sys/policy/root", "sys/policies/acl/response-wrapping"):
        assert post(path, policy=EVERYTHING).status == 400
        assert send(stocked, "DELETE", path, operator).status == 400
    assert root_tokens(stocked) == before


def test_c05_what_is_taken_away_is_gone_for_the_next_request(vault):
    vault.put("app", {"a": "b"})
    write_policy(vault, "app", POLICY)
    token = token_of(vault, "app")
    assert send(vault, "GET", "secret/data/app", token).status == 200
    write_policy(vault, "app", 'path "secret/data/other" { capabilities = ["read"] }')
    assert send(vault, "GET", "secret/data/app", token).status == 403
    write_policy(vault, "app", POLICY)
    assert send(vault, "GET", "secret/data/app", token).status == 200
    assert vault.client.delete("sys/policies/acl/app").status == 204
    assert send(vault, "GET", "secret/data/app", token).status == 403

    write_policy(vault, "app", POLICY)
    for bound in ({"bound_uids": [os.geteuid()]}, {"bound_gids": [os.getegid()]}):
        role = {**bound, "token_policies": "app"}
        assert vault.client.post("auth/unix/role/me", role).status == 204
        assert send(vault, "GET", "secret/data/app", None).status == 200
        assert vault.client.post("auth/unix/role/me", {next(iter(bound)): [4711]}).status == 204
        assert send(vault, "GET", "secret/data/app", None).status == 403
        assert vault.client.delete("auth/unix/role/me").status == 204


def test_c05_what_comes_later_inherits_nothing(stocked):
    write_policy(stocked, "c05", 'path "secret/data/c05" { capabilities = ["read", "update"] }')
    token = token_of(stocked, "c05")
    stocked.put("c05/below", {"a": "b"})
    stocked.put("c05more", {"a": "b"})
    assert stocked.client.post("sys/mounts/secrets", {"type": "kv-v2"}).status == 204
    for path in ("secret/data/c05/below", "secret/data/c05more", "secret/metadata/c05",
                 "secret/subkeys/c05", "secrets/data/c05"):  # fmt: skip
        assert send(stocked, "GET", path, token).status == 403, path


def test_c06_an_error_leaves_no_token_and_no_row(stocked):
    assert stocked.client.post("auth/token/roles/c06", {"allowed_policies": "a"}).status == 204
    counted = token_of(stocked, "everything", num_uses=100)
    bad = [
        {"policies": ["root", "default"]}, {"policies": "a,../b"}, {"ttl": "-1s"}, {"ttl": "x"}, {"num_uses": -1},
        {"id": "mine"}, {"type": "batch"}, {"entity_alias": "x"}, {"meta": {"a": 1}}, {"meta": {"a": "x" * 600}},
        {"display_name": "x" * 200}, {"explicit_max_ttl": -5}, {"period": "x"}, {"renewable": "perhaps"},
    ]  # fmt: skip
    with sqlite3.connect(f"file:{stocked.store_path}?mode=ro", uri=True) as probe:

        def commits():
            return probe.execute("PRAGMA data_version").fetchone()[0]

        before = commits()
        for body in bad:
            for path in ("create", "create-orphan", "create/c06"):
                answer = stocked.client.post(f"auth/token/{path}", body)
                assert answer.status == 400 and "auth" not in answer.json, (path, body, answer.body)
        for path, body in (("create/nosuch", {}), ("create/c06", {"policies": "b"})):
            assert stocked.client.post(f"auth/token/{path}", body).status == 400
        assert send(stocked, "POST", "auth/token/create", "hvs.nosuch", {}).status == 403
        assert commits() == before
        tokens = set(stocked.client.list("auth/token/accessors").data["keys"])
        # A use is counted, and nothing else happens.
        assert send(stocked, "POST", "auth/token/create", counted, {}).status == 400
        assert commits() != before
    assert set(stocked.client.list("auth/token/accessors").data["keys"]) == tokens


def outcome(answer):
    """What two answers must have in common: ids of requests differ."""
    text = re.sub(r'"(decision_id|request_id)":"[^"]+"', "", answer.body.decode())
    headers = sorted(name for name, _ in answer.headers.items())
    return answer.status, text, headers


@pytest.mark.parametrize("row", [r for r in api_page.rows() if r.path not in ("sys/seal",)], ids=str)
def test_c06_every_way_to_say_the_same_is_decided_alike(stocked, row):
    """POST and PUT, X-Vault-Token and Bearer; with a token that may nothing and one that is none."""
    path = row.concrete()
    body = {} if row.method in ("POST", "PATCH") else None
    kind = "application/merge-patch+json" if row.method == "PATCH" else "application/json"
    methods = ["POST", "PUT"] if row.method == "POST" else [row.method]
    for token in (token_of(stocked, "nothing"), "hvs.nosuch"):
        seen = set()
        for method in methods:
            for carrier in ({"X-Vault-Token": token}, {"Authorization": f"Bearer {token}"}):
                answer = stocked.client.request(
                    method, path, body, token=None, headers={**carrier, "Content-Type": kind}
                )
                assert row.open or answer.status == 403, answer.body
                seen.add(str(outcome(answer)[::2] if row.open else outcome(answer)))
        assert len(seen) == 1, seen


@pytest.mark.parametrize(
    ("method", "name", "body"),
    [
        ("POST", "root", {"policy": POLICY}), ("DELETE", "root", None), ("DELETE", "default", None),
        ("POST", "UPPER", {"policy": POLICY}), ("GET", "UPPER", None), ("POST", "c06", {"policy": "path {"}),
        ("POST", "c06", {}), ("POST", "c06", {"policy": POLICY, "ttl": "1h"}), ("GET", "nosuch", None),
        ("POST", "c06", {"policy": 7}), ("POST", "a*", {"policy": POLICY}), ("POST", "c06", {"rules": POLICY}),
        ("DELETE", "c06", None), ("POST", "response-wrapping", {"policy": POLICY}),
    ],
)  # fmt: skip
def test_c06_both_forms_of_a_policys_path_do_the_same(stocked, method, name, body):
    new = send(stocked, method, f"sys/policies/acl/{name}", stocked.root_token, body)
    old = send(stocked, method, f"sys/policy/{name}", stocked.root_token, body)
    assert outcome(new) == outcome(old)


def test_c08_a_life_of_no_or_absurd_length_is_never_endless(stocked):
    longest = 768 * 3600
    for field in ("ttl", "explicit_max_ttl", "period"):
        for value in (0, "0", "0s", "", 1, "1", longest - 1, longest, longest + 1, 2**31, "99999h"):
            answer = stocked.client.post("auth/token/create", {"policies": "app", field: value})
            if value == "" and answer.status == 400:
                continue
            assert answer.status == 200, (field, value, answer.body)
            assert 0 < answer.json["auth"]["lease_duration"] <= longest, (field, value)
        for value in (-1, "-1s", 2**32, 2**63 - 1, 2**63, 2**64, "9223372036854775807h", "1e9", "0x10", "inf", "-0.5s"):
            answer = stocked.client.post("auth/token/create", {"policies": "app", field: value})
            if answer.status == 200:
                assert 0 < answer.json["auth"]["lease_duration"] <= longest, (field, value)
            else:
                assert answer.status == 400, (field, value, answer.body)


def test_c08_a_renewal_at_the_end_of_the_longest_life_adds_nothing(stocked):
    token = token_of(stocked, "everything", ttl="30s", explicit_max_ttl="60s")
    for increment in (1, 59, 60, 61, 3600, 2**31):
        answer = send(stocked, "POST", "auth/token/renew-self", token, {"increment": increment})
        assert answer.status == 200 and 0 < answer.json["auth"]["lease_duration"] <= 60, answer.body
    for increment in (-1, "-1s", 2**62, 2**64, "x"):
        assert send(stocked, "POST", "auth/token/renew-self", token, {"increment": increment}).status == 400
    told = send(stocked, "GET", "auth/token/lookup-self", token).data
    assert 0 < told["ttl"] <= 60 and told["expire_time"]


def test_c10_a_token_that_is_none_and_one_that_may_not_are_one_answer(stocked):
    known = token_of(stocked, "nothing")
    revoked = token_of(stocked, "nothing")
    assert stocked.client.post("auth/token/revoke", {"token": revoked}).status == 204
    accessor = send(stocked, "POST", "auth/token/lookup", stocked.root_token, {"token": known}).data["accessor"]
    tokens = [known, revoked, known[:-1], known[:-1] + "A", known + "A", known.upper(), "hvs.nosuch", "x", accessor,
              "hvs." + "A" * 43, "s.old", "hvb.batch", None, "a" * 2000]  # fmt: skip
    for path in ("secret/data/hidden", "secret/data/nosuch", "nosuch/x", "sys/mounts", "auth/nosuch/x"):
        answers = {str(outcome(send(stocked, "GET", path, token))) for token in tokens}
        assert len(answers) == 1 and "(403" in answers.pop(), path


def test_c10_of_others_tokens_unknown_and_revoked_are_one_answer(stocked):
    made = stocked.client.post("auth/token/create", {"policies": "nothing"}).json["auth"]
    assert stocked.client.post("auth/token/revoke", {"token": made["client_token"]}).status == 204
    unknown = {"token": "hvs." + "A" * len(made["client_token"][4:]), "accessor": "A" * len(made["accessor"])}
    for path, field in (("lookup", "token"), ("renew", "token"), ("revoke", "token"), ("revoke-orphan", "token"),
                        ("lookup-accessor", "accessor"), ("renew-accessor", "accessor"),
                        ("revoke-accessor", "accessor")):  # fmt: skip
        revoked = {"token": made["client_token"], "accessor": made["accessor"]}
        answers = [stocked.client.post(f"auth/token/{path}", {field: of[field]}) for of in (unknown, revoked)]
        # As Vault: an accessor of nobody needs no revocation, and the answer has a warning.
        status = 200 if path == "revoke-accessor" else 403
        assert outcome(answers[0]) == outcome(answers[1]) and answers[0].status == status, path


def ask_open_paths_as_nobody(vault):
    for row in api_page.rows():
        if not row.open:
            continue
        for body in ({}, {"key": "wrong"}, {"pin": "wrong"}, {"reset": True}, {"secret_shares": 1}):
            sent = body if row.method == "POST" else None
            answer = send(vault, row.method, row.concrete(PATH="secret/hidden"), None, sent)
            assert answer.status in (200, 400, 403) and HIDDEN not in answer.body.decode(), answer.body


def test_c15_what_is_open_changes_nothing_for_who_is_nobody(stocked):
    before = hidden_things(stocked)
    with sqlite3.connect(f"file:{stocked.store_path}?mode=ro", uri=True) as probe:
        # The vault's own work commits now and then too; a request that did would each time.
        for _ in range(20):
            commits = probe.execute("PRAGMA data_version").fetchone()
            ask_open_paths_as_nobody(stocked)
            if probe.execute("PRAGMA data_version").fetchone() == commits:
                break
        else:
            raise AssertionError("each time something was committed")
    assert not stocked.client.get("sys/seal-status", token=None).json["sealed"]
    assert hidden_things(stocked) == before
