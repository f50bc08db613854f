"""C16: every documented field of every path, given what it can't be: 400 that names the field and
tells no value, nothing written, both lines in the log, and the daemon serves on."""

import json
import sqlite3
import urllib.parse

import api_page
import pytest
from audit_tail import AuditTail

CANARY = "typed-canary"
HUGE = 10**30
WRONG = {
    "string": [7, 1.5, True, [CANARY], {"a": CANARY}, [[[CANARY]]]],
    "integer": [CANARY, 1.5, True, [CANARY], {"a": CANARY}, HUGE, -HUGE, f"{HUGE}", -1],
    "boolean": [CANARY, 7, [CANARY], {"a": CANARY}],
    "duration": [CANARY, True, [CANARY], {"a": CANARY}, HUGE, f"{HUGE}h", f"1{CANARY}"],
    "object": [CANARY, 7, True, [CANARY]],
    "list": [7.5, True, {"a": CANARY}, [[CANARY]], [{"a": CANARY}]],
}
# In a query all are texts; a field of texts has no wrong type there.
WRONG_IN_QUERY = {"integer": [CANARY, "1.5", "true", "-1", f"{HUGE}", "1,2", "0x10"], "string": [CANARY],
                  "duration": [CANARY, "true", f"{HUGE}h", f"1{CANARY}"], "boolean": [CANARY, "7"]}
IN_QUERY = ("GET", "DELETE")  # these have no body

# What else a request needs for the field in question to be what is wrong with it.
POLICY = 'path "a" { capabilities = ["read"] }'
NEEDED = {
    "POST secret/data/PATH": {"data": {"a": "b"}},
    "PATCH secret/data/PATH": {"data": {"a": "b"}},
    "POST sys/mounts/PATH": {"type": "kv"},
    "POST sys/auth/PATH": {"type": "kv"},
    "POST secret/rotation/PATH": {"rotator": "generate", "period": "1h"},
    "POST sys/remount": {"from": "nosuch", "to": "elsewhere"},
    "POST sys/policies/acl/NAME": {"policy": POLICY},
    "POST sys/policy/NAME": {"policy": POLICY},
    "POST sys/policies/explain": {"operation": "read", "path": "a", "policies": ["default"]},
    "POST sys/capabilities-self": {"paths": ["a"]},
    "POST sys/capabilities": {"paths": ["a"], "token": "TOKEN"},
    "POST sys/capabilities-accessor": {"paths": ["a"], "accessor": "ACCESSOR"},
    "POST sys/tools/hash": {"input": "YWJj"},
    "POST sys/tools/hash/ALGORITHM": {"input": "YWJj"},
    "POST sys/tools/random/BYTES": {},
    "POST auth/token/renew": {"token": "TOKEN"},
    "POST sys/leaks/check": {"values": ["a"]},
    "POST sys/leaks/accesses": {"uid": 1},
    "POST sys/leaks/responses/NAME": {"report": {}},
    "POST auth/token/renew-accessor": {"accessor": "ACCESSOR"},
    "POST ssh/roles/ROLE": {"key_type": "ca", "allow_user_certificates": True},
    "POST ssh/sign/ROLE": {"public_key": api_page.SSH_KEY, "valid_principals": "u", "key_id": "k"},
    "POST ssh/issue/ROLE": {"key_type": "ed25519", "valid_principals": "u"},
    "POST sys/key-inventory/mark-compromised": {"kind": "kek", "version": 99, "reason": "a test"},
    "POST database/orphans/NAME/revoke": {"usernames": ["v-a"]},
    "POST totp/keys/NAME": {"key": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"},
    "POST auth/unix/role/NAME": {"bound_uids": [4711]},
    "POST sys/leases/renew": {"lease_id": "a/b/c"},
    "POST sys/leases/revoke": {"lease_id": "a/b/c"},
    "POST sys/renew": {"lease_id": "a/b/c"},
    "POST sys/revoke": {"lease_id": "a/b/c"},
}
INSTEAD_OF = {"path": "paths", "rules": "policy", "accessor": "policies"}
# The exec rotator's own, which a development vault hasn't: tests/unit/programs gives it wrong types.
ELSEWHERE = {("POST secret/rotation/PATH", "program")}
CASES = [(row, field) for row in api_page.rows() for field in row.fields if (str(row), field) not in ELSEWHERE]


@pytest.fixture(scope="module")
def stocked(shared_vault):
    api_page.enable_all(shared_vault.client)
    shared_vault.put("inventory", {"a": "b"})
    made = shared_vault.client.post("auth/token/create", {"policies": ["default"]}).json["auth"]
    shared_vault.known = {"TOKEN": made["client_token"], "ACCESSOR": made["accessor"]}
    return shared_vault


def written(vault):
    """Changes whenever anything is committed by anyone but this connection."""
    return vault.probe.execute("PRAGMA data_version").fetchone()[0]


def test_the_probe_sees_a_commit(stocked):
    with sqlite3.connect(f"file:{stocked.store_path}?mode=ro", uri=True) as stocked.probe:
        before = written(stocked)
        stocked.put("other", {"a": "b"})
        assert written(stocked) != before


def body_with(vault, row, field, value):
    body = {k: vault.known.get(v, v) if isinstance(v, str) else v
            for k, v in NEEDED.get(str(row), {}).items()}  # fmt: skip
    if "decision_id" == field:
        body = {}
    if not (field == "accessor" and "paths" in body):
        body.pop(INSTEAD_OF.get(field), None)
    holder, _, leaf = field.rpartition(".")
    inner = body.setdefault(holder, {}) if holder else body
    inner[leaf] = value
    return body


def path_of(row):
    names = {"SOURCE": "all", "BYTES": "8", "ALGORITHM": "sha2-256"}
    if row.path.startswith("sys/audit-hash"):
        names["PATH"] = "file"
    return row.concrete(**names)


def send(vault, row, field, value):
    path = path_of(row)
    if row.method in IN_QUERY:
        query = urllib.parse.urlencode({field: value})
        return vault.client.request(row.method, f"{path}?{query}")
    kind = "application/merge-patch+json" if row.method == "PATCH" else "application/json"
    body = body_with(vault, row, field, value)
    return vault.client.request(row.method, path, body, headers={"Content-Type": kind})


def wrong_values(row, field):
    kind = row.fields[field]
    values = (WRONG_IN_QUERY if row.method in IN_QUERY else WRONG)[kind]
    if field == "options.cas":  # -1 is a number that no version has
        values = [value for value in values if value != -1]
    if field == "versions":  # one number is a list of one
        values = [*values, -1, 0, [0], [-1], [HUGE], [1.5]]
    return values


def refused(vault, row, field, values):
    """Each of them; gives what that put into the log, or None if meanwhile something was committed."""
    before, log = written(vault), AuditTail(vault)
    for value in values:
        answer = send(vault, row, field, value)
        text = answer.body.decode()
        assert answer.status == 400, (value, text)
        assert field.rpartition(".")[2] in text, (value, text)
        assert CANARY not in text and str(HUGE) not in text, (value, text)
    return log.new_request_lines() if written(vault) == before else None


@pytest.mark.parametrize(("row", "field"), CASES, ids=lambda x: str(x))
def test_c16_wrong_types(stocked, row, field):
    values = wrong_values(row, field)
    with sqlite3.connect(f"file:{stocked.store_path}?mode=ro", uri=True) as stocked.probe:
        # The vault's own work commits now and then too; a request that did would each time.
        rounds = (refused(stocked, row, field, values) for _ in range(3))
        logged = next((lines for lines in rounds if lines is not None), None)
    assert logged is not None, "each time something was committed"
    assert [line["type"] for line in logged] == ["request", "response"] * len(values)
    assert CANARY not in json.dumps(logged)
    assert stocked.client.get("sys/health").status == 200


@pytest.mark.parametrize(("row", "field"), CASES, ids=lambda x: str(x))
def test_c16_values_of_half_a_megabyte(stocked, row, field):
    """Whatever becomes of it, the answer doesn't repeat it and the daemon isn't hurt."""
    if row.method in IN_QUERY:
        return  # the request line has 4 KiB
    long = CANARY + "x" * (512 * 1024)
    answer = send(stocked, row, field, long)
    assert answer.status in (200, 204, 400, 403, 404, 413), answer.body[:200]
    if answer.status >= 400:
        assert len(answer.body) < 1024 and CANARY not in answer.body.decode()
    assert stocked.client.get("sys/health").status == 200


def test_c16_null_is_the_same_as_not_there(stocked):
    for row, field in CASES:
        if row.method not in ("POST", "PATCH"):
            continue
        if row.path in ("sys/init", "sys/unseal") or row.method == "PATCH":
            continue
        with_null = send(stocked, row, field, None)
        body = body_with(stocked, row, field, None)
        holder, _, leaf = field.rpartition(".")
        del (body[holder] if holder else body)[leaf]
        without = stocked.client.post(path_of(row), body)
        assert with_null.status == without.status, (row, field, with_null.body, without.body)
