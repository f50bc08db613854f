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
