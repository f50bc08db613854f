"""What is found beside versions of KV secrets: passwords of databases, seeds of codes, and values that are made
and not in force yet. Against a real PostgreSQL."""

import json
import time

import pytest
from databases import ADMIN, servers  # noqa: F401 - a fixture

SEED = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXQ"
ROOT_PASSWORD = "Xk7-Qm2_Rt9.Vw4+Zb6:Jc3"


@pytest.fixture
def server(servers):  # noqa: F811
    return servers("postgresql")


@pytest.fixture
def house(vault, server):
    server.resume()
    server.reset_admin()
    ok(vault.request("POST", "sys/mounts/database", {"type": "database"}))
    ok(vault.request("POST", "database/config/pg", server.config()))
    return vault


def ok(answer, status=204):
    assert answer.status == status, answer.body
    return answer


def eventually(said, seconds=60):
    deadline = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def found(vault, text):
    """Where the values in a text are stored, as the command says it; it never says one."""
    done = vault.coffer("leak", "check", stdin=text)
    places = sorted(line.split(": ", 1)[1] for line in done.stdout.splitlines() if line.startswith("standard input:"))
    assert done.returncode == (3 if places else 0), done.stdout + done.stderr
    assert text.strip() not in done.stdout + done.stderr
    return places


def static_password(vault, path="database/static-creds/own"):
    return ok(vault.request("GET", path), 200).data["password"]


def test_a_static_roles_password_is_found_until_it_is_rotated(house):
    role = {"db_name": "pg", "username": "app_owner", "rotation_period": "24h"}
    ok(house.request("POST", "database/static-roles/own", role))
    first = static_password(house)
    assert found(house, f"PGPASSWORD={first}\n") == ["database/static-creds/own /password"]
    ok(house.request("POST", "database/rotate-role/own"))
    second = static_password(house)
    assert found(house, first) == [], "it logs in no more"
    assert found(house, second) == ["database/static-creds/own /password"]
    house.kill()
    house.start()
    assert found(house, second) == ["database/static-creds/own /password"]
    ok(house.request("POST", "sys/remount", {"from": "database", "to": "moved"}), 200)
    eventually(lambda: found(house, second) == ["moved/static-creds/own /password"])
    ok(house.request("DELETE", "moved/static-roles/own"))
    assert found(house, second) == []
    said = json.dumps(house.audit_lines()) + house.log
    assert first not in said and second not in said


def test_a_mount_that_goes_takes_its_passwords_along(house):
    role = {"db_name": "pg", "username": "app_owner", "rotation_period": "24h"}
    ok(house.request("POST", "database/static-roles/own", role))
    password = static_password(house)
    ok(house.request("DELETE", "sys/mounts/database"))
    eventually(lambda: found(house, password) == [])


def test_who_may_not_read_it_is_told_a_number(house):
    role = {"db_name": "pg", "username": "app_owner", "rotation_period": "24h"}
    ok(house.request("POST", "database/static-roles/own", role))
    rules = 'path "sys/leaks/check" { capabilities = ["update"] }'
    ok(house.request("POST", "sys/policies/acl/finder", {"policy": rules}))
    token = house.request("POST", "auth/token/create", {"policies": ["finder"]}).json["auth"]["client_token"]
    done = house.coffer("leak", "check", stdin=static_password(house), COFFER_TOKEN=token)
    assert done.returncode == 3, done.stderr
    assert "1 places that you may not read" in done.stdout and "static-creds" not in done.stdout


def test_a_new_password_is_found_before_it_is_in_force(house, server):
    role = {"db_name": "pg", "username": "app_owner", "rotated_by": "secret/app"}
    ok(house.request("POST", "database/static-roles/fed", role))
    house.put("app", {"host": "db", "password": "of old"})
    rotation = {"rotator": "database", "static_role": "database/static-roles/fed", "period": "30d"}
    ok(house.request("POST", "secret/rotation/app", rotation), 200)
    server.pause()
    try:
        ok(house.request("POST", "secret/rotate/app", {}), 200)
        pending = "secret/data/app?stage=pending"
        eventually(lambda: house.request("GET", pending).status == 200)
        made = house.request("GET", pending).data["data"]["password"]
        on_its_way = ["database/static-creds/fed /password not in force yet",
                      "secret/data/app /password not in force yet"]  # fmt: skip
        eventually(lambda: found(house, made) == on_its_way)
    finally:
        server.resume()
    in_force = ["database/static-creds/fed /password", "secret/data/app version 2 /password"]
    eventually(lambda: found(house, made) == in_force)
    assert server.logs_in("app_owner", made)


def test_an_administrators_password_is_found_until_nobody_knows_it(house, server):
    server.sql(f"ALTER ROLE {ADMIN} PASSWORD '{ROOT_PASSWORD}'")
    ok(house.request("POST", "database/config/pg", {"password": ROOT_PASSWORD}))
    assert found(house, ROOT_PASSWORD) == ["database/config/pg /password"]
    ok(house.request("POST", "database/rotate-root/pg"))
    assert found(house, ROOT_PASSWORD) == []


def test_the_seed_of_a_code_is_found_as_it_is_pasted(vault):
    ok(vault.request("POST", "sys/mounts/totp", {"type": "totp"}))
    ok(vault.request("POST", "totp/keys/phone", {"key": SEED}))
    for text in (SEED, SEED.lower(), f"otpauth://totp/Shop:bob?issuer=Shop&secret={SEED}&period=30"):
        assert found(vault, text) == ["totp/keys/phone /key"], text
    made = ok(vault.request("POST", "totp/keys/made", {"generate": True, "issuer": "S", "account_name": "b"}), 200)
    assert found(vault, made.data["url"]) == ["totp/keys/made /key"]
    ok(vault.request("DELETE", "totp/keys/phone"))
    assert found(vault, SEED) == []
