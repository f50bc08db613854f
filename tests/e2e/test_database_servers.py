"""How servers are set up, where that decides what the database engine can do, against real ones."""

import contextlib

from databases import ADMIN, ADMIN_PASSWORD, servers  # noqa: F401  (a fixture)
from test_database import configure, creds, house, ok  # noqa: F401  (one is a fixture)

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
