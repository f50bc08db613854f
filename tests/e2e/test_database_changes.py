"""What the database engine is told anew while users are about, against real servers."""

import base64
import concurrent.futures
import json
import time

from databases import ADMIN, servers  # noqa: F401  (a fixture)
from test_database import configure, creds, eventually, house, ok, server  # noqa: F401  (two are fixtures)


def test_statements_come_in_each_of_vaults_ways(house, server):  # noqa: F811
    configure(house, server)
    rules = server.name == "redis"  # an array already
    in_array = server.creation[0] if rules else json.dumps(server.creation)
    for text in [in_array, base64.b64encode(in_array.encode()).decode()]:
        role = {"db_name": server.name, "creation_statements": text}
        ok(house.request("POST", f"database/roles/{server.name}", role))
        answer = creds(house, server)
        assert server.logs_in(answer["data"]["username"], answer["data"]["password"])
        ok(house.request("POST", "sys/leases/revoke", {"lease_id": answer["lease_id"], "sync": True}))


def test_another_mount_at_the_path_of_one_that_was_moved_is_not_it(house, server):  # noqa: F811
    """Whoever disables what is at `old` now leaves the users alone that it never made."""
    role = {"db_name": server.name, "creation_statements": server.creation}

    def enable(path):
        ok(house.request("POST", f"sys/mounts/{path}", {"type": "database"}))
        ok(house.request("POST", f"{path}/config/{server.name}", server.config()))
        ok(house.request("POST", f"{path}/roles/app", role))
        return ok(house.request("GET", f"{path}/creds/app"), 200).json

    moved = enable("old")
    ok(house.request("POST", "sys/remount", {"from": "old", "to": "team/old"}), 200)
    newer = enable("old")
    ok(house.request("DELETE", "sys/mounts/old"))
    eventually(lambda: newer["data"]["username"] not in server.users())
    assert server.users() == [moved["data"]["username"]]
    assert server.logs_in(moved["data"]["username"], moved["data"]["password"])
    ok(house.request("POST", "sys/leases/renew", {"lease_id": moved["lease_id"]}), 200)
    third = enable("old")
    ok(house.request("DELETE", "sys/mounts/team/old"))
    eventually(lambda: server.users() == [third["data"]["username"]])
    assert server.logs_in(third["data"]["username"], third["data"]["password"])
    ok(house.request("DELETE", "sys/mounts/old"))
    eventually(lambda: server.users() == [])


def test_no_end_goes_to_another_server(house, servers):  # noqa: F811
    postgresql, redis = servers("postgresql"), servers("redis")
    ok(house.request("POST", "database/config/fixed", postgresql.config()))
    role = {"db_name": "fixed", "creation_statements": postgresql.creation}
    ok(house.request("POST", "database/roles/fixed", role))
    answer = ok(house.request("GET", "database/creds/fixed"), 200).json
    refused = house.request("POST", "database/config/fixed", redis.config())
    assert refused.status == 400 and "plugin_name" in refused.errors[0]
    url = postgresql.url()
    elsewhere = url.replace("host=", "host=/elsewhere")
    refused = house.request("POST", "database/config/fixed",
                            {"connection_url": elsewhere, "verify_connection": False})  # fmt: skip
    assert refused.status == 400 and "connection_url" in refused.errors[0], refused.body
    # The same server in other words, and one that moved.
    ok(house.request("POST", "database/config/fixed", {"connection_url": url + " application_name=x"}))
    moved = {"connection_url": elsewhere, "verify_connection": False, "server_moved": True}
    ok(house.request("POST", "database/config/fixed", moved))
    ok(house.request("POST", "database/config/fixed", {"connection_url": url, "server_moved": True}))
    ok(house.request("POST", "sys/leases/revoke", {"lease_id": answer["lease_id"], "sync": True}))
    assert not postgresql.logs_in(answer["data"]["username"], answer["data"]["password"])
    ok(house.request("POST", "database/config/fixed", {**moved, "server_moved": False}))


def test_renewals_go_by_role_and_mount_as_they_are(house, server):  # noqa: F811
    configure(house, server)

    def renew(increment):
        return house.request("POST", "sys/leases/renew", {"lease_id": lease, "increment": increment})

    def role(**fields):
        ok(house.request("POST", f"database/roles/{server.name}", {"verify_statements": False, **fields}))

    def tune(**fields):
        ok(house.request("POST", "sys/mounts/database/tune", fields))

    answer = creds(house, server)
    lease = answer["lease_id"]
    assert not answer["warnings"]
    assert ok(renew("90m"), 200).json["lease_duration"] == 5400
    role(max_ttl="1h")
    cut = ok(renew("90m"), 200).json
    assert 3500 < cut["lease_duration"] <= 3600 and "1h30m0s" in cut["warnings"][0], cut
    tune(max_lease_ttl="30m", default_lease_ttl="10m")
    assert 1700 < ok(renew("90m"), 200).json["lease_duration"] <= 1800
    short = creds(house, server)
    assert short["lease_duration"] == 1800 and "1h0m0s" in short["warnings"][0], short
    tune(max_lease_ttl="0", default_lease_ttl="0")
    role(max_ttl="48h")
    assert ok(renew("30h"), 200).json["lease_duration"] == 30 * 3600
    ok(house.request("DELETE", f"database/roles/{server.name}"))
    refused = renew("10m")
    assert refused.status == 400 and "role" in refused.errors[0], refused.body
    for one in (answer, short):
        assert server.logs_in(one["data"]["username"], one["data"]["password"])
        ok(house.request("POST", "sys/leases/revoke", {"lease_id": one["lease_id"], "sync": True}))
    assert server.users() == []


def test_a_holder_who_hinders_his_end_is_ended(house, servers):  # noqa: F811
    """By a membership that the end's own would go round in a circle with, and by a lock on himself."""
    server = servers("postgresql")
    creation = 'CREATE ROLE "{{name}}" LOGIN CREATEROLE PASSWORD \'{{password}}\''
    ok(house.request("POST", f"database/config/{server.name}", server.config()))
    ok(house.request("POST", f"database/roles/{server.name}",
                     {"db_name": server.name, "creation_statements": [creation]}))  # fmt: skip
    climber, locker = creds(house, server), creds(house, server)
    user, password = climber["data"]["username"], climber["data"]["password"]
    server.sql(f'GRANT {ADMIN} TO "{user}"', user, password, "app")
    locking = locker["data"]["username"]
    session = server.session(locking, locker["data"]["password"],
                             "BEGIN; ALTER ROLE CURRENT_USER CONNECTION LIMIT 5; ")  # fmt: skip
    try:
        asleep = f"SELECT 1 FROM pg_stat_activity WHERE usename = '{locking}' AND wait_event = 'PgSleep'"
        eventually(lambda: server.sql(asleep) == ["1"], 30)
        for answer in (climber, locker):
            ok(house.request("POST", "sys/leases/revoke", {"lease_id": answer["lease_id"], "sync": True}))
            assert not server.logs_in(answer["data"]["username"], answer["data"]["password"])
        assert session.wait(30) != 0
    finally:
        session.kill()
        session.wait()
    assert server.users() == []
    targets = ok(house.request("GET", "sys/leases/pending"), 200).data["targets"]
    assert not any(target["pending"] for target in targets.values()), targets


def test_static_roles_of_one_server_may_be_written_at_once(house, servers):  # noqa: F811
    """As whoever sets a house up by a tool does."""
    server = servers("postgresql")
    ok(house.request("POST", f"database/config/{server.name}", server.config()))
    users = [f"service{number}" for number in range(8)]
    for user in users:
        server.sql(f"CREATE ROLE {user} LOGIN PASSWORD 'of old'; GRANT {user} TO {ADMIN}")

    def write(user):
        role = {"db_name": server.name, "username": user, "rotation_period": "24h"}
        return house.new_client(house.client.token).post(f"database/static-roles/{user}", role)

    with concurrent.futures.ThreadPoolExecutor(len(users)) as callers:
        answers = list(callers.map(write, users))
    assert [answer.status for answer in answers] == [204] * len(users), [answer.body for answer in answers]
    for user in users:
        data = ok(house.request("GET", f"database/static-creds/{user}"), 200).data
        assert server.logs_in(user, data["password"])
        ok(house.request("DELETE", f"database/static-roles/{user}"))


def test_ends_that_wait_for_locks_hold_back_no_other(house, servers):  # noqa: F811
    """A dump reads what eight users own, so their tables can't be given away: the server is there all the same."""
    server = servers("postgresql")
    ok(house.request("POST", f"database/config/{server.name}", server.config()))
    ok(house.request("POST", f"database/roles/{server.name}",
                     {"db_name": server.name, "creation_statements": server.creation}))  # fmt: skip
    server.sql("GRANT CREATE ON SCHEMA public TO app_readers", database="app")
    owners, others = [creds(house, server) for _ in range(8)], [creds(house, server) for _ in range(3)]
    for number, owner in enumerate(owners):
        server.sql(f"CREATE TABLE dumped{number} (n int)", owner["data"]["username"], owner["data"]["password"], "app")
    tables = ", ".join(f"dumped{number}" for number in range(8))
    dump = server.session("postgres", "owner", f"BEGIN; LOCK TABLE {tables} IN ACCESS SHARE MODE; ")
    try:
        held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessShareLock' AND relation::regclass::text LIKE 'dumped%'"
        eventually(lambda: server.sql(held, database="app") == ["8"], 30)
        for answer in owners:
            ok(house.request("POST", "sys/leases/revoke", {"lease_id": answer["lease_id"]}))
        [target] = ok(house.request("GET", "sys/leases/pending"), 200).data["targets"]

        def told():
            return ok(house.request("GET", "sys/leases/pending"), 200).data["targets"][target]

        eventually(lambda: "55P03" in told()["last_error"], 60)
        started = time.monotonic()
        for answer in others:
            ok(house.request("POST", "sys/leases/revoke", {"lease_id": answer["lease_id"]}))
        for answer in others:
            login = answer["data"]["username"], answer["data"]["password"]
            eventually(lambda login=login: not server.logs_in(*login), 60)
        assert time.monotonic() - started < 60
        # Each is shut out at its first try, whatever comes of the rest.
        logins = [(one["data"]["username"], one["data"]["password"]) for one in owners]
        eventually(lambda: not any(server.logs_in(*login) for login in logins), 60)
        assert told()["pending"] == 8
    finally:
        server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'")
        dump.kill()
        dump.wait()
    eventually(lambda: server.users() == [], 60)


def test_a_trial_of_wild_statements_leaves_no_login(house, servers):  # noqa: F811
    server = servers("postgresql")
    ok(house.request("POST", f"database/config/{server.name}", server.config()))
    role = {"db_name": server.name, "creation_statements": [*server.creation, f'GRANT {ADMIN} TO "{{{{name}}}}"']}
    house.request("POST", f"database/roles/{server.name}", role)
    assert server.sql("SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%' AND rolcanlogin") == []
    assert server.users() == []
