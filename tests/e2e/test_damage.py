"""Rows of the store that are damaged: what an operator is told of them, and that a store with some is taken on
whole or not at all."""

import json
import time

import pytest
from test_rollback import accept, change, new_root_token, refusal, rows, types

POLICY = 'path "secret/*" { capabilities = ["read"] }'


def ok(answer):
    assert answer.status in (200, 204), answer.body
    return answer


def new_rows(vault, *calls):
    """What those requests add to the store, while it is stopped: key and value by whether it is a secret."""
    before = set(rows(vault))
    vault.start()
    for method, path, body in calls:
        ok(vault.request(method, path, body))
    assert vault.stop() == 0
    added = {key: value for key, (_, value) in rows(vault).items() if key not in before}
    return ({k: v for k, v in added.items() if v.startswith(b"CFRW")},
            {k: v for k, v in added.items() if v.startswith(b"CFSR")})  # fmt: skip


def flip(vault, key, place=None):
    value = bytearray(rows(vault)[key][1])
    value[len(value) // 2 if place is None else place] ^= 1
    assert change(vault, "UPDATE rows SET value=?1 WHERE key=?2", bytes(value), key) == 1
    return bytes(value)


def findings(vault, check):
    found = json.loads(vault.coffer("doctor", "-format=json").stdout)["findings"]
    return [one["what"] for one in found if one["check"] == check]


def lacking(vault):
    return ok(vault.request("GET", "sys/restore")).data


@pytest.fixture
def stopped(vault):
    vault.put("app/a", {"v": "1"})
    vault.put("app/b", {"v": "1"})
    assert vault.stop() == 0
    return vault


# Of what each of these adds, whatever may not go.
NEEDED = {
    "a policy": ("POST", "sys/policies/acl/p", {"policy": POLICY}),
    "a mount": ("POST", "sys/mounts/more", {"type": "kv"}),
    "a token role": ("POST", "auth/token/roles/r", {"allowed_policies": ["default"]}),
    "a role of the unix peer": ("POST", "auth/unix/role/u", {"bound_uids": [7], "token_policies": []}),
    "a setting": ("POST", "sys/rotate/config", {"enabled": True, "max_operations": 2000000}),
    "a password policy": ("POST", "sys/policies/password/p",
                          {"policy": 'length = 20\nrule "charset" { charset = "abcdefghij" }'}),
}  # fmt: skip


@pytest.mark.parametrize("what", NEEDED)
def test_without_a_row_of_authority_nothing_is_changed(stopped, what):
    added, _ = new_rows(stopped, NEEDED[what])
    whole = stopped.store_path.read_bytes()
    refused = 0
    for key in added:
        flip(stopped, key)
        told, before = types(stopped).count("restore_accepted"), rows(stopped)
        done = accept(stopped)
        if done.returncode == 1:
            refused += 1
            assert "nothing was changed" in done.stderr and f"{what} (row {key.hex()})" in done.stderr
            assert rows(stopped) == before
            assert types(stopped).count("restore_accepted") == told
            assert f"1 row can't be opened: {what} (row {key.hex()})" in refusal(stopped)
        stopped.store_path.write_bytes(whole)
    assert refused


def test_the_count_of_wraps_is_needed_too(stopped):
    flip(stopped, b"coffer/wraps/00000001")
    before = rows(stopped)
    done = accept(stopped)
    assert done.returncode == 1 and "1 row can't be opened: coffer/wraps/00000001;" in done.stderr
    assert rows(stopped) == before


def test_the_keyring_is_refused_before_anything_is_written(stopped):
    flip(stopped, b"coffer/keyring")
    before = rows(stopped)
    assert accept(stopped).returncode == 1
    assert rows(stopped) == before and "restore_accepted" not in types(stopped)


def test_every_row_that_may_go_goes_and_the_vault_opens(stopped):
    """All rows there are, one at a time: it is refused and nothing is changed, or it is taken on and serves."""
    made, _ = new_rows(
        stopped,
        ("POST", "auth/token/create", {"policies": ["default"]}),
        ("POST", "sys/mounts/ssh", {"type": "ssh"}),
        ("POST", "ssh/config/ca", {"generate_signing_key": True}),
        ("POST", "sys/mounts/totp", {"type": "totp"}),
        ("POST", "totp/keys/k", {"generate": True, "issuer": "i", "account_name": "a"}),
        ("POST", "secret/rotation/app/a", {"rotator": "generate", "period": "24h"}),
    )
    assert made
    whole = stopped.store_path.read_bytes()
    went = 0
    for key, (_, value) in rows(stopped).items():
        if len(key) != 32 or not value.startswith(b"CFRW"):
            continue
        damaged = flip(stopped, key)
        done = accept(stopped)
        if done.returncode == 0:
            went += 1
            assert rows(stopped).get(key, (0, b""))[1] not in (value, damaged)
            assert f"(row {key.hex()})" in done.stdout and "rows that couldn't be opened and went: 1" in done.stdout
            new_root_token(stopped)
            stopped.start()
            assert lacking(stopped)["rows_lost"] == 1
            for path in ("secret/metadata/app", "secret/metadata", "sys/policies/acl", "ssh/roles", "totp/keys"):
                assert stopped.request("LIST", path).status in (200, 404), path
            assert stopped.request("GET", "sys/health").status == 200
            assert stopped.stop() == 0
        else:
            assert "nothing was changed" in done.stderr and key.hex() in done.stderr
        # Back to what it was: older than its log by now, and taken on as such.
        stopped.store_path.write_bytes(whole)
    assert went > 10
    assert stopped.verify_audit()[0] == 0


def test_a_key_whose_metadata_is_damaged_goes_and_the_others_are_served(stopped):
    added, secrets = new_rows(stopped, ("POST", "secret/data/app/c", {"data": {"v": "1"}}))
    (key,), secret = added, next(iter(secrets))
    flip(stopped, key)
    done = accept(stopped)
    assert done.returncode == 0, done.stderr
    named = f"a key in secret/app/ (row {key.hex()})"
    assert named in done.stdout and "secrets that no row speaks of any more: 1" in done.stdout
    told, = [line for line in stopped.audit_lines() if line["type"] == "restore_accepted"]
    assert f"1 row can't be opened: {named}" in json.dumps(told, ensure_ascii=False)
    aside, = stopped.directory.glob("store.db.damaged-*")
    assert aside.stat().st_mode & 0o777 == 0o600
    assert aside.read_text().split()[0] == key.hex()

    new_root_token(stopped)
    stopped.start()
    assert stopped.request("LIST", "secret/metadata/app").data["keys"] == ["a", "b"]
    assert stopped.read("app/a") == {"v": "1"}
    assert stopped.read("app/c") is None
    assert lacking(stopped)["rows_lost_named"] == [named]
    assert findings(stopped, "restore.rows_lost")
    assert secret in rows(stopped)
    stopped.put("app/c", {"v": "2"})
    assert stopped.read("app/c") == {"v": "2"}
    ok(stopped.request("POST", "sys/restore/release"))
    assert findings(stopped, "restore.rows_lost") == []
    stopped.restart()


@pytest.mark.parametrize("place", [None, -1, "gone"])
def test_a_secret_that_is_damaged_or_gone_is_named_until_it_is_destroyed(stopped, place):
    _, secrets = new_rows(stopped, ("POST", "secret/data/app/a", {"data": {"v": "2"}}))
    key, = secrets
    if place == "gone":
        assert change(stopped, "DELETE FROM rows WHERE key=?1", key) == 1
    else:
        flip(stopped, key, place)
    done = accept(stopped)
    assert done.returncode == 0, done.stderr
    name = "secret/app/a, version 2"
    assert "secrets that are damaged or not there: 1\n  " + name in done.stdout
    new_root_token(stopped)
    stopped.start()
    for _ in range(2):
        assert stopped.read("app/a", version=1) == {"v": "1"}
        assert lacking(stopped)["secrets_damaged_named"] == [name]
        assert stopped.request("GET", "sys/health").json["secrets_damaged"] == 1
        assert findings(stopped, "restore.damaged") == [f"{name} is damaged or not there"]
        stopped.restart()
    stopped.put("app/a", {"v": "3"})
    assert lacking(stopped)["secrets_damaged"] == 1
    ok(stopped.request("POST", "secret/destroy/app/a", {"versions": [2]}))
    assert lacking(stopped)["secrets_damaged"] == 0
    assert "secrets_damaged" not in stopped.request("GET", "sys/health").json
    assert findings(stopped, "restore.damaged") == []


def test_the_check_beside_serving_says_which_rows_cannot_be_opened(stopped):
    added, _ = new_rows(stopped, ("POST", "secret/data/app/c", {"data": {"v": "1"}}))
    key, = added
    flip(stopped, key)
    stopped.start()
    told = f"1 row can't be opened: a key in secret/app/ (row {key.hex()})"
    deadline = time.monotonic() + 30
    while told not in stopped.log:
        assert time.monotonic() < deadline, stopped.log
        time.sleep(0.05)
    assert stopped.request("GET", "sys/seal-status", token=None).json["sealed"]
    assert "store_tampered" in types(stopped)
