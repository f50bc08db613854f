"""The database engine from outside, against three real servers."""

import concurrent.futures
import time

import pytest
from databases import ADMIN, ADMIN_PASSWORD, servers  # noqa: F401  (a fixture)


@pytest.fixture(scope="module")
def house(shared_vault):
    assert shared_vault.request("POST", "sys/mounts/database", {"type": "database"}).status == 204
    return shared_vault


@pytest.fixture(params=["postgresql", "mariadb", "redis"])
def server(request, servers):  # noqa: F811
    return servers(request.param)


def ok(answer, status=204):
    assert answer.status == status, answer.body
    return answer


def configure(house, server, **more):
    ok(house.request("POST", f"database/config/{server.name}", server.config(**more)))
    role = {"db_name": server.name, "creation_statements": server.creation, "default_ttl": "1h",
            "max_ttl": "24h"}  # fmt: skip
    ok(house.request("POST", f"database/roles/{server.name}", role))


def eventually(said, seconds=20):
    """What other threads do in their time."""
    deadline = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def creds(house, server):
    return ok(house.request("GET", f"database/creds/{server.name}"), 200).json


def test_creds_log_in_until_they_are_revoked(house, server):
    configure(house, server)
    assert server.users() == []  # the trial of the role left nothing
    answer = creds(house, server)
    assert answer["lease_id"].startswith(f"database/creds/{server.name}/")
    assert (answer["lease_duration"], answer["renewable"]) == (3600, True)
    user, password = answer["data"]["username"], answer["data"]["password"]
    assert set(answer["data"]) == {"username", "password"}
    lease = answer["lease_id"].rsplit("/", 1)[1]
    assert user.startswith("v-") and lease in user and len(user) <= 63
    assert server.logs_in(user, password)
    assert server.users() == [user]
    renewed = ok(house.request("POST", "sys/leases/renew", {"lease_id": answer["lease_id"]}), 200).json
    assert renewed["lease_id"] == answer["lease_id"]
    ok(house.request("POST", "sys/leases/revoke", {"lease_id": answer["lease_id"], "sync": True}))
    assert not server.logs_in(user, password)
    assert server.users() == []


def test_configurations_are_listed_read_and_never_tell_the_password(house, server):
    configure(house, server)
    assert server.name in house.request("LIST", "database/config").data["keys"]
    answer = ok(house.request("GET", f"database/config/{server.name}"), 200)
    assert answer.data["plugin_name"] == server.config()["plugin_name"]
    assert answer.data["allowed_roles"] == ["*"]
    assert answer.data["connection_details"]["username"] == ADMIN
    assert ADMIN_PASSWORD.encode() not in answer.body
    role = ok(house.request("GET", f"database/roles/{server.name}"), 200).data
    assert role["creation_statements"] == server.creation
    assert (role["db_name"], role["default_ttl"], role["max_ttl"]) == (server.name, 3600, 86400)


def test_a_wrong_password_is_refused_and_nothing_is_stored(house, server):
    refused = house.request("POST", "database/config/wrong", server.config(password="canary"))
    assert refused.status == 400, refused.body
    assert b"verifying connection" in refused.body and b"canary" not in refused.body
    assert house.request("GET", "database/config/wrong").status == 404


def test_an_update_keeps_what_is_not_given(house, server):
    configure(house, server)
    ok(house.request("POST", f"database/config/{server.name}", {"allowed_roles": [server.name, "x-*"]}))
    after = house.request("GET", f"database/config/{server.name}").data
    assert after["allowed_roles"] == [server.name, "x-*"]
    assert after["plugin_name"] == server.config()["plugin_name"]
    answer = creds(house, server)
    ok(house.request("POST", "sys/leases/revoke", {"lease_id": answer["lease_id"], "sync": True}))


def test_a_role_that_the_configuration_does_not_allow_gives_nothing(house, server):
    configure(house, server)
    ok(house.request("POST", f"database/config/{server.name}", {"allowed_roles": "another"}))
    refused = house.request("GET", f"database/creds/{server.name}")
    assert refused.status == 400 and "allowed_roles" in refused.errors[0]


def test_leases_end_after_role_and_configuration_are_gone(house, server):
    configure(house, server)
    answer = creds(house, server)
    ok(house.request("DELETE", f"database/roles/{server.name}"))
    ok(house.request("DELETE", f"database/config/{server.name}"))
    assert house.request("GET", f"database/creds/{server.name}").status == 400
    ok(house.request("POST", "sys/leases/revoke", {"lease_id": answer["lease_id"], "sync": True}))
    assert server.users() == []


def test_revoking_a_prefix_ends_them_all(house, server):
    configure(house, server)
    for _ in range(5):
        creds(house, server)
    assert len(server.users()) == 5
    ok(house.request("POST", f"sys/leases/revoke-prefix/database/creds/{server.name}"))
    eventually(lambda: server.users() == [])


def test_the_root_password_is_rotated_and_nobody_knows_it(house, server):
    configure(house, server)
    ok(house.request("POST", f"database/rotate-root/{server.name}"))
    assert not server.logs_in(ADMIN, ADMIN_PASSWORD)
    ok(house.request("POST", f"database/reset/{server.name}"))
    ok(house.request("POST", f"database/rotate-root/{server.name}"))
    answer = creds(house, server)
    ok(house.request("POST", "sys/leases/revoke", {"lease_id": answer["lease_id"], "sync": True}))
    server.reset_admin()


def test_static_roles_are_taken_over_and_rotated(house, server):
    configure(house, server)
    path = f"database/static-roles/{server.name}"
    role = {"db_name": server.name, "username": "app_owner", "rotation_period": "24h"}
    ok(house.request("POST", path, role))
    first = ok(house.request("GET", f"database/static-creds/{server.name}"), 200).data
    assert set(first) == {"username", "password", "last_vault_rotation", "rotation_period", "ttl"}
    assert (first["username"], first["rotation_period"]) == ("app_owner", 86400)
    assert 86390 <= first["ttl"] <= 86400
    assert server.logs_in("app_owner", first["password"])
    assert not server.logs_in("app_owner", "of old")
    ok(house.request("POST", f"database/rotate-role/{server.name}"))
    second = house.request("GET", f"database/static-creds/{server.name}").data
    assert second["password"] != first["password"]
    assert server.logs_in("app_owner", second["password"])
    assert not server.logs_in("app_owner", first["password"])
    told = house.request("GET", path).data
    assert told["last_vault_rotation"] == second["last_vault_rotation"]
    ok(house.request("DELETE", path))
    assert house.request("GET", f"database/static-creds/{server.name}").status == 400


def test_static_roles_rotate_by_themselves(house, server):
    configure(house, server)
    path = f"database/static-roles/{server.name}"
    ok(house.request("POST", path, {"db_name": server.name, "username": "app_owner", "rotation_period": 5}))
    first = house.request("GET", f"database/static-creds/{server.name}").data["password"]

    def now():
        return house.request("GET", f"database/static-creds/{server.name}").data["password"]

    eventually(lambda: now() != first)
    assert server.logs_in("app_owner", now())
    ok(house.request("DELETE", path))


def test_two_users_take_turns_and_the_one_of_before_goes_on(house, server):
    configure(house, server)
    role = {"db_name": server.name, "username": "app_owner", "alternate_username": "app_twin",
            "rotation_period": "24h"}  # fmt: skip
    ok(house.request("POST", "database/static-roles/both", role))
    assert house.request("GET", "database/static-roles/both").data["alternate_username"] == "app_twin"

    def told():
        data = ok(house.request("GET", "database/static-creds/both"), 200).data
        return data["username"], data["password"]

    before = told()
    assert before[0] == "app_owner"
    assert not server.logs_in("app_owner", "of old") and not server.logs_in("app_twin", "of old")
    for user in ("app_twin", "app_owner", "app_twin"):
        ok(house.request("POST", "database/rotate-role/both"))
        now = told()
        assert now[0] == user
        assert server.logs_in(*now) and server.logs_in(*before)
        before = now
    ok(house.request("DELETE", "database/static-roles/both"))


@pytest.mark.parametrize("alternate", [None, "app_twin"])
def test_a_kv_secret_rotates_a_static_role(house, server, alternate):
    configure(house, server)
    secret = f"app/{server.name}-{alternate}"
    role = {"db_name": server.name, "username": "app_owner", "rotated_by": f"secret/{secret}"}
    if alternate:
        role["alternate_username"] = alternate
    ok(house.request("POST", "database/static-roles/fed", role))
    by_hand = house.request("POST", "database/rotate-role/fed")
    assert by_hand.status == 400 and "KV secret" in by_hand.errors[0]
    ok(house.request("POST", f"secret/data/{secret}", {"data": {"host": "h", "password": "of old"}}), 200)
    rotation = {"rotator": "database", "static_role": "database/static-roles/fed", "period": "30d"}
    ok(house.request("POST", f"secret/rotation/{secret}", rotation), 200)

    def value():
        data = ok(house.request("GET", f"secret/data/{secret}"), 200).data["data"]
        return data["username"], data["password"]

    before = None
    for version in (2, 3):
        ok(house.request("POST", f"secret/rotate/{secret}"), 200)
        eventually(lambda: house.request("GET", f"secret/data/{secret}").data["metadata"]["version"] == version)
        now = value()
        assert server.logs_in(*now)
        if before:
            assert server.logs_in(*before) == bool(alternate), "one of two goes on, one of one does not"
        told = house.request("GET", "database/static-creds/fed").data
        assert (told["username"], told["password"]) == now
        before = now
    assert house.request("GET", f"secret/data/{secret}").data["data"]["host"] == "h"
    ok(house.request("DELETE", f"secret/rotation/{secret}"))
    ok(house.request("DELETE", "database/static-roles/fed"))


def test_no_other_secret_gets_a_static_roles_password(house, servers):  # noqa: F811
    server = servers("postgresql")
    configure(house, server)
    role = {"db_name": "pg", "username": "app_owner", "rotated_by": "secret/app/its-own"}
    ok(house.request("POST", "database/static-roles/fed", role))
    password = house.request("GET", "database/static-creds/fed").data["password"]
    ok(house.request("POST", "secret/data/app/thief", {"data": {"password": "mine"}}), 200)
    rotation = {"rotator": "database", "static_role": "database/static-roles/fed", "period": "30d"}
    refused = house.request("POST", "secret/rotation/app/thief", rotation)
    assert refused.status == 400 and "static_role" in refused.errors[0]
    # The static role is given to another secret once the rotation is there.
    ok(house.request("POST", "database/static-roles/fed", {"rotated_by": "secret/app/thief"}))
    ok(house.request("POST", "secret/rotation/app/thief", rotation), 200)
    ok(house.request("POST", "database/static-roles/fed", {"rotated_by": "secret/app/its-own"}))
    ok(house.request("POST", "secret/rotate/app/thief"), 200)
    eventually(lambda: house.request("GET", "secret/rotation/app/thief").data["failures"] > 0)
    assert "rotated_by" in house.request("GET", "secret/rotation/app/thief").data["trouble"]
    assert house.request("GET", "secret/data/app/thief").data["data"] == {"password": "mine"}
    assert server.logs_in("app_owner", password)
    ok(house.request("DELETE", "secret/rotation/app/thief"))
    ok(house.request("DELETE", "database/static-roles/fed"))


def test_a_static_role_needs_a_user_that_is_there(house, server):
    configure(house, server)
    role = {"db_name": server.name, "username": "nobody", "rotation_period": "1h"}
    refused = house.request("POST", "database/static-roles/none", role)
    assert refused.status == 400 and "username" in refused.errors[0]
    assert house.request("GET", "database/static-roles/none").status == 404
    own = house.request("POST", "database/static-roles/none", {**role, "username": ADMIN})
    assert own.status == 400 and "rotate-root" in own.errors[0]


def test_a_user_has_one_static_role(house, servers):  # noqa: F811
    server = servers("postgresql")
    configure(house, server)
    role = {"db_name": "pg", "username": "app_owner", "rotation_period": "24h"}
    ok(house.request("POST", "database/static-roles/first", role))
    refused = house.request("POST", "database/static-roles/second", role)
    assert refused.status == 400 and "username" in refused.errors[0], refused.body
    told = ok(house.request("GET", "database/static-creds/first"), 200).data
    assert server.logs_in("app_owner", told["password"])
    ok(house.request("DELETE", "database/static-roles/first"))


def test_a_user_has_one_static_role_whatever_leads_to_its_server(house, server):
    """Other configurations, and other mounts: each would change the password that the other tells."""
    configure(house, server)
    ok(house.request("POST", "sys/mounts/db3", {"type": "database"}))
    others = ["database/config/again", "db3/config/again"]
    server.add("coffer_too", "mine")
    for path in others:
        other = {**server.config(), "username": "coffer_too", "password": "mine", "verify_connection": False}
        ok(house.request("POST", path, other))
    role = {"db_name": server.name, "username": "app_owner", "rotation_period": "24h"}
    ok(house.request("POST", "database/static-roles/first", role))
    told = ok(house.request("GET", "database/static-creds/first"), 200).data["password"]
    for mount in ("database", "db3"):
        for name, field in (("app_owner", "username"), (ADMIN, "username"), ("app_owner", "alternate_username")):
            second = {**role, "db_name": "again", "username": "app_twin", field: name}
            refused = house.request("POST", f"{mount}/static-roles/second", second)
            assert refused.status == 400 and field in refused.errors[0], refused.body
    for path in others:
        refused = house.request("POST", path, {"username": "app_owner"})
        assert refused.status == 400 and "static role" in refused.errors[0], refused.body
    assert server.logs_in("app_owner", told)
    ok(house.request("DELETE", "database/static-roles/first"))
    ok(house.request("DELETE", "database/config/again"))
    ok(house.request("DELETE", "sys/mounts/db3"))
    server.drop("coffer_too")


def test_unsafe_statements_are_refused_by_their_field(house, servers):  # noqa: F811
    server = servers("postgresql")
    configure(house, server)
    for field, text in [("creation_statements", "CREATE ROLE {{name}}"),
                        ("creation_statements", "CREATE ROLE \"x{{name}}\" PASSWORD '{{password}}'"),
                        ("revocation_statements", "DROP ROLE \"{{name}}\" -- {{name}}"),
                        ("renew_statements", "ALTER ROLE \"{{name}}\" PASSWORD '{{password}}'")]:  # fmt: skip
        role = {"db_name": "pg", "creation_statements": server.creation, field: text}
        refused = house.request("POST", "database/roles/unsafe", role)
        assert refused.status == 400 and field in refused.errors[0], refused.body
    assert server.users() == []


def test_a_missing_right_shows_when_the_role_is_written(house, servers):  # noqa: F811
    server = servers("postgresql")
    configure(house, server)
    for field, statements in [
        ("creation_statements", [*server.creation, 'ALTER ROLE "{{name}}" SUPERUSER']),
        ("creation_statements", [server.creation[0], 'GRANT SELECT ON nothing TO "{{name}}"']),
    ]:
        refused = house.request("POST", "database/roles/weak", {"db_name": "pg", field: statements})
        assert refused.status == 400 and field in refused.errors[0], refused.body
        assert "SQLSTATE" in refused.errors[0]
    wrong = {"db_name": "pg", "creation_statements": server.creation,
             "revocation_statements": 'DROP ROLE "{{name}}"; DROP ROLE nobody_else'}  # fmt: skip
    refused = house.request("POST", "database/roles/weak", wrong)
    assert refused.status == 400 and "revocation_statements" in refused.errors[0], refused.body
    eventually(lambda: server.users() != [])
    # What can't be revoked stays pending, visible, until somebody helps.
    pending = house.request("GET", "sys/leases/pending")
    assert pending.status == 200 and b"pg " in pending.body
    server.sql("CREATE ROLE nobody_else")
    eventually(lambda: server.users() == [], 90)


def test_a_user_that_the_vault_did_not_make_is_never_ended(house, server):
    configure(house, server)
    server.add("app_victim", "mine")
    for template in ["app_{{.RoleName}}", "{{.RoleName}}_{{unix_time}}", "app_victim{{random 0}}"]:
        refused = house.request("POST", f"database/config/{server.name}", {"username_template": template})
        assert refused.status == 400 and "random" in refused.errors[0], refused.body
    role = {"db_name": server.name, "creation_statements": server.creation}
    ok(house.request("POST", "database/roles/victim", role))
    answer = ok(house.request("GET", "database/creds/victim"), 200).json
    ok(house.request("POST", "sys/leases/revoke", {"lease_id": answer["lease_id"], "sync": True}))
    assert server.logs_in("app_victim", "mine")
    ok(house.request("DELETE", "database/roles/victim"))


def test_a_mount_that_was_moved_takes_its_users_along(house, server):
    ok(house.request("POST", "sys/mounts/db4", {"type": "database"}))
    ok(house.request("POST", f"db4/config/{server.name}", server.config()))
    role = {"db_name": server.name, "creation_statements": server.creation}
    ok(house.request("POST", "db4/roles/app", role))
    before = ok(house.request("GET", "db4/creds/app"), 200).json["data"]
    ok(house.request("POST", "sys/remount", {"from": "db4", "to": "db5"}), 200)
    after = ok(house.request("GET", "db5/creds/app"), 200).json["data"]
    assert server.logs_in(before["username"], before["password"]), "a move ends nothing"
    ok(house.request("DELETE", "sys/mounts/db5"))
    eventually(lambda: server.users() == [])
    for login in (before, after):
        assert not server.logs_in(login["username"], login["password"])


def test_a_tokens_last_use_makes_no_login_that_ends_with_it(house, servers):  # noqa: F811
    server = servers("postgresql")
    configure(house, server)
    made = ok(house.request("POST", "auth/token/create", {"num_uses": 2, "policies": ["root"]}), 200)
    client = house.new_client(made.json["auth"]["client_token"])
    login = ok(client.get("database/creds/pg"), 200).json
    refused = client.get("database/creds/pg")
    assert refused.status == 400 and "one use left" in refused.errors[0], refused.body
    eventually(lambda: not server.logs_in(login["data"]["username"], login["data"]["password"]))
    assert server.users() == []


def test_some_wait_for_the_end_of_one_lease_at_once(house, servers):  # noqa: F811
    server = servers("postgresql")
    configure(house, server)

    def revoke(lease):
        client = house.new_client()
        return client.post("sys/leases/revoke", {"lease_id": lease, "sync": True}).status

    with concurrent.futures.ThreadPoolExecutor(4) as callers:
        for _ in range(10):
            lease = creds(house, server)["lease_id"]
            assert list(callers.map(revoke, [lease] * 4)) == [204] * 4
    assert server.users() == []


def test_names_by_template(house, servers):  # noqa: F811
    server = servers("postgresql")
    configure(house, server, username_template="app_{{.RoleName}}_{{random 8 | lowercase}}")
    answer = creds(house, server)
    user = answer["data"]["username"]
    assert user.startswith("app_pg_") and len(user) == len("app_pg_") + 8
    ok(house.request("POST", "sys/leases/revoke", {"lease_id": answer["lease_id"], "sync": True}))
    assert not server.logs_in(user, answer["data"]["password"])
    refused = house.request("POST", "database/config/pg", {"username_template": "{{env}}"})
    assert refused.status == 400 and "username_template" in refused.errors[0]
    ok(house.request("POST", "database/config/pg", {"username_template": ""}))


def test_passwords_by_policy(house, servers):  # noqa: F811
    server = servers("postgresql")
    policy = 'length = 30\nrule "charset" { charset = "ab" }'
    ok(house.request("POST", "sys/policies/password/letters", {"policy": policy}))
    configure(house, server, password_policy="letters")
    answer = creds(house, server)
    assert len(answer["data"]["password"]) == 30 and set(answer["data"]["password"]) == {"a", "b"}
    ok(house.request("POST", "sys/leases/revoke", {"lease_id": answer["lease_id"], "sync": True}))
    ok(house.request("POST", "database/config/pg", {"password_policy": ""}))


def test_passwords_by_a_roles_own_policy(house, servers):  # noqa: F811
    server = servers("postgresql")
    for name, letters in (("of-all", "ab"), ("of-one", "xy")):
        policy = f'length = 30\nrule "charset" {{ charset = "{letters}" }}'
        ok(house.request("POST", f"sys/policies/password/{name}", {"policy": policy}))
    configure(house, server, password_policy="of-all")
    own = {"credential_config": {"password_policy": "of-one"}}
    ok(house.request("POST", "database/roles/pg", own))
    assert house.request("GET", "database/roles/pg").data["credential_config"] == own["credential_config"]
    answer = creds(house, server)
    assert set(answer["data"]["password"]) == {"x", "y"}
    ok(house.request("POST", "sys/leases/revoke", {"lease_id": answer["lease_id"], "sync": True}))
    role = {"db_name": "pg", "username": "app_owner", "rotation_period": "24h", **own}
    ok(house.request("POST", "database/static-roles/own", role))
    password = house.request("GET", "database/static-creds/own").data["password"]
    assert set(password) == {"x", "y"} and server.logs_in("app_owner", password)
    refused = house.request("POST", "database/roles/pg", {"credential_config": {"password_policy": "none"}})
    assert refused.status == 400 and "credential_config" in refused.errors[0]
    ok(house.request("DELETE", "database/static-roles/own"))
    ok(house.request("DELETE", "database/roles/pg"))
    ok(house.request("POST", "database/config/pg", {"password_policy": ""}))


def test_a_mount_takes_its_users_along(house, servers):  # noqa: F811
    server = servers("postgresql")
    ok(house.request("POST", "sys/mounts/db2", {"type": "database"}))
    ok(house.request("POST", "db2/config/pg", server.config()))
    ok(house.request("POST", "db2/roles/pg", {"db_name": "pg", "creation_statements": server.creation}))
    ok(house.request("GET", "db2/creds/pg"), 200)
    assert len(server.users()) == 1
    ok(house.request("DELETE", "sys/mounts/db2"))
    eventually(lambda: server.users() == [])
