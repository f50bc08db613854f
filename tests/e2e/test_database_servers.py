"""How servers are set up, where that decides what the database engine can do, against real ones."""

import contextlib
import os
import pathlib
import pwd

import pytest
from databases import ADMIN, ADMIN_PASSWORD, Redis, servers  # noqa: F401  (a fixture)
from test_database import configure, creds, eventually, house, ok  # noqa: F401  (one is a fixture)

STATIC = {"db_name": "maria", "rotation_period": "24h"}


@contextlib.contextmanager
def validated_passwords(server):
    server.sql("INSTALL SONAME 'simple_password_check'")
    try:
        yield
    finally:
        server.sql("SET GLOBAL strict_password_validation = ON; UNINSTALL SONAME 'simple_password_check'")


def test_mariadb_that_validates_passwords_is_told_of_as_it_is(house, servers):  # noqa: F811
    server = servers("mariadb")
    configure(house, server)
    ok(house.request("POST", "database/static-roles/own", {**STATIC, "username": "app_owner"}))
    told = house.request("GET", "database/static-creds/own").data["password"]
    role = {"db_name": "maria", "creation_statements": server.creation}
    refusals = [("GET", "creds/maria", None, ""), ("POST", "roles/another", role, "creation_statements"),
                ("POST", "rotate-role/own", {}, ""), ("POST", "rotate-root/maria", {}, ""),
                ("POST", "static-roles/twin", {**STATIC, "username": "app_twin"}, "")]  # fmt: skip
    with validated_passwords(server):
        for method, path, body, field in refusals:
            refused = house.request(method, f"database/{path}", body)
            assert refused.status == 400, (path, refused.body)
            said = refused.errors[0]
            assert "strict_password_validation=OFF" in said and "1290" in said and field in said, (path, said)
        assert server.logs_in("app_owner", told) and server.logs_in("app_twin", "of old")
        assert server.logs_in(ADMIN, ADMIN_PASSWORD)
        server.sql("SET GLOBAL strict_password_validation = OFF")
        answer = creds(house, server)
        assert server.logs_in(answer["data"]["username"], answer["data"]["password"])
        ok(house.request("POST", "sys/leases/revoke", {"lease_id": answer["lease_id"], "sync": True}))
        ok(house.request("POST", "database/rotate-role/own"))
        ok(house.request("POST", "database/rotate-root/maria"))
        ok(house.request("DELETE", "database/static-roles/own"))
    server.reset_admin()
    assert server.users() == []


def plugins_of(server, user):
    row = server.sql(f"SELECT JSON_VALUE(Priv, '$.plugin'), JSON_QUERY(Priv, '$.auth_or') "
                     f"FROM mysql.global_priv WHERE User = '{user}'")  # fmt: skip
    return row[0].split("\t")


def test_mariadb_users_keep_their_other_ways_in(house, servers):  # noqa: F811
    server = servers("mariadb")
    configure(house, server)
    server.sql("INSTALL PLUGIN IF NOT EXISTS ed25519 SONAME 'auth_ed25519'")
    native = "mysql_native_password USING PASSWORD('of old')"
    users = {"by_ed": "ed25519 USING PASSWORD('of old')", "by_socket": "unix_socket",
             "by_either": f"ed25519 USING PASSWORD('of old') OR {native}",
             "by_both": f"{native} OR unix_socket"}  # fmt: skip
    server.sql("ALTER USER app_owner@localhost IDENTIFIED BY 'of old'")
    for user, way in users.items():
        server.sql(f"CREATE USER {user}@localhost IDENTIFIED VIA {way}")
        before = plugins_of(server, user)
        for field, of_two in [("username", {"username": user}),
                              ("alternate_username", {"username": "app_owner", "alternate_username": user})]:  # fmt: skip
            refused = house.request("POST", "database/static-roles/other", {**STATIC, **of_two})
            assert refused.status == 400 and f'field "{field}"' in refused.errors[0], (user, refused.body)
            assert "mysql_native_password" in refused.errors[0], refused.body
        assert plugins_of(server, user) == before
        assert house.request("GET", "database/static-roles/other").status == 404
    assert server.logs_in("app_owner", "of old"), "nor was the other of two touched"
    # Who says how the user is to log in gets that.
    statement = "ALTER USER '{{name}}'@'localhost' IDENTIFIED VIA mysql_native_password USING '{{password}}' OR unix_socket"
    role = {**STATIC, "username": "by_both", "rotation_statements": statement}
    ok(house.request("POST", "database/static-roles/other", role))
    told = house.request("GET", "database/static-creds/other").data["password"]
    assert server.logs_in("by_both", told) and "unix_socket" in plugins_of(server, "by_both")[1]
    ok(house.request("DELETE", "database/static-roles/other"))
    for user in users:
        server.drop(user)


def test_a_mariadb_administrator_keeps_its_way_in(house, servers):  # noqa: F811
    server = servers("mariadb")
    configure(house, server)
    server.sql("INSTALL PLUGIN IF NOT EXISTS ed25519 SONAME 'auth_ed25519'")
    secret = ADMIN_PASSWORD.replace("'", "''")
    server.sql(f"ALTER USER {ADMIN}@localhost IDENTIFIED VIA ed25519 USING PASSWORD('{secret}')")
    ok(house.request("POST", "database/reset/maria"))
    refused = house.request("POST", "database/rotate-root/maria")
    assert refused.status == 400 and 'field "username"' in refused.errors[0], refused.body
    assert plugins_of(server, ADMIN)[0] == "ed25519"
    answer = creds(house, server)
    ok(house.request("POST", "sys/leases/revoke", {"lease_id": answer["lease_id"], "sync": True}))
    statement = "ALTER USER '{{name}}'@'localhost' IDENTIFIED BY '{{password}}'"
    ok(house.request("POST", "database/config/maria", {"root_rotation_statements": statement}))
    ok(house.request("POST", "database/rotate-root/maria"))
    assert plugins_of(server, ADMIN)[0] == "mysql_native_password"
    ok(house.request("POST", "database/config/maria", {"root_rotation_statements": []}))
    ok(house.request("POST", "database/rotate-root/maria"))
    server.reset_admin()


class RedisWithAclFile(Redis):
    name = "redis-acl"

    def prepare(self):
        super().prepare()
        users = self.directory / "users.acl"
        users.write_text("user default on >owner ~* &* +@all\n")
        conf = self.directory / "redis.conf"
        lines = [line for line in conf.read_text().splitlines() if not line.startswith("user ")]
        conf.write_text("\n".join([*lines, f"aclfile {users}", ""]))
        if os.geteuid() == 0:
            owner = pwd.getpwnam(self.user)
            os.chown(users, owner.pw_uid, owner.pw_gid)

    def fill(self):
        super().fill()
        self.sql("ACL", "SAVE")


@pytest.fixture
def redis_with_acl_file():
    server = RedisWithAclFile(pathlib.Path("/tmp") / f"coffer-redis-acl-{os.getpid()}")
    yield server
    server.__exit__()


def test_redis_has_one_place_for_users(house, servers, redis_with_acl_file):  # noqa: F811
    for server, wrong, right in [(servers("redis"), "ACLFILE", "REWRITE"),
                                 (redis_with_acl_file, "REWRITE", "ACLFILE")]:  # fmt: skip
        refused = house.request("POST", "database/config/kept", server.config(persistence_mode=wrong))
        assert refused.status == 400, refused.body
        assert 'field "persistence_mode"' in refused.errors[0] and f"wanted {right}" in refused.errors[0]
        assert house.request("GET", "database/config/kept").status == 404
        ok(house.request("POST", "database/config/kept", server.config(persistence_mode=right)))
        refused = house.request("POST", "database/config/kept", {"persistence_mode": wrong})
        assert refused.status == 400 and f"wanted {right}" in refused.errors[0], refused.body
        ok(house.request("DELETE", "database/config/kept"))


def test_redis_with_an_aclfile_keeps_what_the_vault_changed(house, redis_with_acl_file):  # noqa: F811
    """By a configuration from before the mode was looked at, too."""
    server = redis_with_acl_file
    configure(house, server, persistence_mode="REWRITE", verify_connection=False)
    answer = creds(house, server)["data"]
    role = {"db_name": server.name, "username": "app_owner", "rotation_period": "24h"}
    ok(house.request("POST", "database/static-roles/kept", role))
    ok(house.request("POST", f"database/rotate-root/{server.name}"))
    server.stop()
    server.start()
    assert server.logs_in(answer["username"], answer["password"])
    told = house.request("GET", "database/static-creds/kept").data
    assert server.logs_in("app_owner", told["password"])
    lease = creds(house, server)["lease_id"]
    ok(house.request("POST", "sys/leases/revoke", {"lease_id": lease, "sync": True}))
    ok(house.request("DELETE", "database/static-roles/kept"))
    ok(house.request("POST", f"sys/leases/revoke-prefix/database/creds/{server.name}"))
    eventually(lambda: server.users() == [])
