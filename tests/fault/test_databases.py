"""Bad days of PostgreSQL and of the vault before it: no lease without a user, no user without a lease,
never locked out. A proxy in between holds messages back and cuts connections. What goes for every kind of
database: test_bad_days.py."""

import os
import pathlib
import time

import databases
import pytest
from asking import Asking, eventually
from database_proxy import proxy_to
from databases import ADMIN, ADMIN_PASSWORD


@pytest.fixture(scope="module")
def server():
    with databases.Postgresql(pathlib.Path("/tmp") / f"coffer-fault-pg-{os.getpid()}") as started:
        yield started


@pytest.fixture
def proxy(server):
    with proxy_to(server) as between:
        yield between


def ok(answer, status=204):
    assert answer.status == status, answer.body
    return answer


@pytest.fixture
def house(vault, server, proxy):
    server.reset_admin()
    ok(vault.request("POST", "sys/mounts/database", {"type": "database"}))
    ok(vault.request("POST", "database/config/pg", server.config(proxy.directory)))
    role = {"db_name": "pg", "creation_statements": server.creation, "default_ttl": "1h", "max_ttl": "24h"}
    ok(vault.request("POST", "database/roles/pg", role))
    yield vault
    for user in server.users():
        server.sql(f'DROP ROLE "{user}"', check=False)


def creds(house):
    return house.request("GET", "database/creds/pg")


def leases(house):
    answer = house.request("LIST", "sys/leases/lookup/database/creds/pg/")
    return answer.data["keys"] if answer.status == 200 else []


def pending_ends(house):
    """What each end that wasn't taken yet has failed with; empty: nothing so far."""
    told = ok(house.request("GET", "sys/leases"), 200).data["leases"]
    return {end["lease_id"]: end["error"] for end in told}


def revoke(house, lease, sync=False):
    return house.request("POST", "sys/leases/revoke", {"lease_id": lease, "sync": sync})


def kill_and_start(house):
    house.kill()
    house.start()


def pair_up(house, server):
    """Each user has its lease and each lease its user."""
    found = [user.split("-")[-2] for user in server.users()]
    return sorted(found) == sorted(leases(house))


def gives_working_creds(house, server):
    answer = creds(house)
    if answer.status != 200:
        return False
    data = answer.json["data"]
    worked = server.logs_in(data["username"], data["password"])
    ok(revoke(house, answer.json["lease_id"], sync=True))
    return worked and not server.logs_in(data["username"], data["password"])


# What is PostgreSQL's own.


def test_a_user_that_owns_things_ends_and_the_things_stay(house, server):
    role = {"db_name": "pg", "creation_statements": [*server.creation, 'GRANT CREATE ON DATABASE app TO "{{name}}"']}
    ok(house.request("POST", "database/roles/owner", role))
    answer = ok(house.request("GET", "database/creds/owner"), 200).json
    data = answer["data"]
    server.sql("CREATE SCHEMA kept; CREATE TABLE kept.rows AS SELECT 1", data["username"], data["password"], "app")
    ok(revoke(house, answer["lease_id"], sync=True))
    assert server.users() == []
    assert server.sql("SELECT tableowner FROM pg_tables WHERE schemaname = 'kept'", database="app") == [ADMIN]
    server.sql("DROP SCHEMA kept CASCADE", database="app")


# The vault is killed: issue.


@pytest.mark.parametrize("answer", [False, True], ids=["before it is sent", "before its answer"])
def test_a_kill_in_the_middle_of_an_issue(house, server, proxy, answer):
    hold = proxy.hold("CREATE ROLE", answer=answer)
    asking = Asking(house, "GET", "database/creds/pg")
    hold.wait()
    kill_and_start(house)
    asking.wait()
    hold.cut()
    eventually(lambda: server.users() == [])
    assert leases(house) == []
    assert gives_working_creds(house, server)


def test_a_create_that_arrives_long_after_the_kill(house, server, proxy):
    """The vault is up again and has ended the lease once, and only then the database gets to it."""
    hold = proxy.hold("CREATE ROLE")
    asking = Asking(house, "GET", "database/creds/pg")
    hold.wait()
    kill_and_start(house)
    asking.wait()
    time.sleep(3)
    hold.go_on()
    eventually(lambda: len(server.users()) == 1, 20)
    eventually(lambda: server.users() == [], 90)
    assert leases(house) == []


def test_kills_at_any_moment_of_an_issue(house, server):
    for step in range(8):
        asking = Asking(house, "GET", "database/creds/pg")
        time.sleep(0.004 * step)
        kill_and_start(house)
        asking.wait()
        eventually(lambda: pair_up(house, server))


# Renew and revoke.


@pytest.mark.parametrize("answer", [False, True], ids=["before it is sent", "before its answer"])
def test_a_kill_in_the_middle_of_a_renewal(house, server, proxy, answer):
    issued = ok(creds(house), 200).json
    hold = proxy.hold("VALID UNTIL", answer=answer)
    asking = Asking(house, "POST", "sys/leases/renew", {"lease_id": issued["lease_id"], "increment": 7200})
    hold.wait()
    kill_and_start(house)
    asking.wait()
    hold.cut()
    assert pair_up(house, server)
    data = issued["data"]
    assert server.logs_in(data["username"], data["password"]), "it is good for its first hour at least"
    ok(house.request("POST", "sys/leases/renew", {"lease_id": issued["lease_id"]}), 200)
    ok(revoke(house, issued["lease_id"], sync=True))
    assert server.users() == []


@pytest.mark.parametrize("words", ["NOLOGIN", "DROP ROLE"])
@pytest.mark.parametrize("answer", [False, True], ids=["before it is sent", "before its answer"])
def test_a_kill_in_the_middle_of_a_revocation(house, server, proxy, words, answer):
    issued = ok(creds(house), 200).json
    hold = proxy.hold(words, answer=answer)
    ok(revoke(house, issued["lease_id"]))
    hold.wait()
    kill_and_start(house)
    hold.cut()
    eventually(lambda: server.users() == [])
    assert leases(house) == []


# Passwords of the administrator, and of static roles.


@pytest.mark.parametrize("answer", [False, True], ids=["before it is sent", "before its answer"])
def test_a_kill_in_the_middle_of_a_root_rotation_locks_nobody_out(house, server, proxy, answer):
    hold = proxy.hold("WITH PASSWORD 'SCRAM", answer=answer)
    asking = Asking(house, "POST", "database/rotate-root/pg")
    hold.wait()
    kill_and_start(house)
    asking.wait()
    hold.cut()
    assert gives_working_creds(house, server)
    ok(house.request("POST", "database/rotate-root/pg"))
    assert not server.logs_in(ADMIN, ADMIN_PASSWORD)
    assert gives_working_creds(house, server)


def test_a_root_rotation_that_arrives_late_locks_nobody_out(house, server, proxy):
    """The vault gave up on it, went on with the old password, and then the statement took effect."""
    hold = proxy.hold("WITH PASSWORD 'SCRAM")
    asking = Asking(house, "POST", "database/rotate-root/pg")
    hold.wait()
    assert asking.wait().status == 503
    assert gives_working_creds(house, server), "by the old one"
    hold.go_on()
    eventually(lambda: not server.logs_in(ADMIN, ADMIN_PASSWORD), 20)
    ok(house.request("POST", "database/reset/pg"))
    assert gives_working_creds(house, server), "by the new one"
    ok(house.request("POST", "database/rotate-root/pg"))
    assert gives_working_creds(house, server)


def test_a_root_rotation_that_is_refused_changes_nothing(house, server):
    wrong = {"root_rotation_statements": "ALTER ROLE \"{{name}}\" PASSWORD '{{password}}' NOSUCH"}
    ok(house.request("POST", "database/config/pg", wrong))
    refused = house.request("POST", "database/rotate-root/pg")
    assert refused.status == 400 and "root_rotation_statements" in refused.errors[0], refused.body
    assert server.logs_in(ADMIN, ADMIN_PASSWORD)
    assert gives_working_creds(house, server)


@pytest.mark.parametrize("answer", [False, True], ids=["before it is sent", "before its answer"])
def test_a_kill_in_the_middle_of_a_static_rotation(house, server, proxy, answer):
    role = {"db_name": "pg", "username": "app_owner", "rotation_period": "24h"}
    ok(house.request("POST", "database/static-roles/own", role))

    def told():
        return ok(house.request("GET", "database/static-creds/own"), 200).data["password"]

    first = told()
    hold = proxy.hold("WITH PASSWORD 'SCRAM", answer=answer)
    asking = Asking(house, "POST", "database/rotate-role/own")
    hold.wait()
    kill_and_start(house)
    asking.wait()
    hold.cut()
    ok(house.request("POST", "database/rotate-role/own"))
    assert told() != first and server.logs_in("app_owner", told())
    ok(house.request("DELETE", "database/static-roles/own"))


def test_a_static_rotation_waits_for_its_database(house, server):
    role = {"db_name": "pg", "username": "app_owner", "rotation_period": 5}
    ok(house.request("POST", "database/static-roles/own", role))
    first = house.request("GET", "database/static-creds/own").data["password"]
    server.stop()
    time.sleep(6)
    assert house.request("GET", "database/static-creds/own").data["password"] == first
    house.kill()
    server.start()
    house.start()

    def rotated():
        password = house.request("GET", "database/static-creds/own").data["password"]
        return password != first and server.logs_in("app_owner", password)

    eventually(rotated)
    wrong = house.request("DELETE", "database/static-roles/own?force=maybe")
    assert wrong.status == 400 and '"force"' in wrong.errors[0], wrong.body
    ok(house.request("DELETE", "database/static-roles/own?force=true"))
    assert house.request("GET", "database/static-roles/own").status == 404
