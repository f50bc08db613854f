"""The vault is killed at each named step of issue, renewal, revocation and rotation, against real
databases: no user without a lease, no lease without a user, never locked out. It runs as
cofferd-failpoints (tests/fault/failpoints), which kills itself where a file says."""

import os
import pathlib
import re

import databases
import pytest
from asking import eventually
from harness import ROOT, program
from mortal import mortal_vault
from test_rotation_failpoints import OF_ROTATIONS
from test_taking_on_cut import POINTS

DOOR = ["door.logged", "door.committed"]
PASSWORD = ["database.password.sent", "database.password.checked"]
STEPS = {
    "issue": ["lease.issue.logged", "lease.issue.intended", "database.user.made", "lease.issue.staged",
              "lease.issue.stands", *DOOR],
    "renew": ["lease.renew.logged", "lease.renew.told", *DOOR],
    "revoke": ["lease.end.begins", "lease.end.taken", "lease.end.recorded", *DOOR],
    "expire": ["lease.end.begins", "lease.end.taken", "lease.end.recorded"],
    "root": ["database.root.kept", *PASSWORD, "database.root.settled"],
    "static": ["database.static.kept", *PASSWORD],  # it commits beside the Door
    "due": ["errand.begins", "errand.acted", "errand.recorded", "database.static.kept", *PASSWORD],
}  # fmt: skip
# Of the others, what has to do with the target.
OF_OTHERS = {"database.user.made", "lease.end.taken", "database.root.kept", *PASSWORD}


def cases(operation):
    """(kind of database, step) of an operation."""
    found = []
    for kind in databases.KINDS:
        steps = [step for step in STEPS[operation] if kind == "postgresql" or step in OF_OTHERS]
        found += [pytest.param(kind, step, id=f"{kind}-{step}") for step in steps]
    return found


@pytest.fixture(scope="module")
def house():
    with mortal_vault() as vault:
        ok(vault.request("POST", "sys/mounts/database", {"type": "database"}))
        yield vault


@pytest.fixture(scope="module")
def server_of(house):
    """server_of("postgresql"): a server that the vault has a role `app` at, in a mount of its own."""
    started = {}

    def get(kind):
        if kind not in started:
            server = databases.KINDS[kind](pathlib.Path("/tmp") / f"coffer-points-{kind}-{os.getpid()}")
            started[kind] = server
            ok(house.request("POST", f"database/config/{server.name}", server.config()))
            role = {"db_name": server.name, "creation_statements": server.creation}
            ok(house.request("POST", f"database/roles/{server.name}", {**role, "default_ttl": "1h", "max_ttl": "24h"}))
            ok(house.request("POST", f"database/roles/{server.name}-short", {**role, "default_ttl": 2, "max_ttl": 2}))
        return started[kind]

    yield get
    for server in started.values():
        server.__exit__()


def ok(answer, status=204):
    assert answer.status == status, answer.body
    return answer


def creds(house, role):
    return house.request("GET", f"database/creds/{role}")


def leases(house, server):
    found = []
    for role in (server.name, f"{server.name}-short"):
        answer = house.request("LIST", f"sys/leases/lookup/database/creds/{role}/")
        found += answer.data["keys"] if answer.status == 200 else []
    return found


def pair_up(house, server):
    """Each user has its lease and each lease its user."""
    return sorted(user.split("-")[-2] for user in server.users()) == sorted(leases(house, server))


def revoke(house, lease, sync=True):
    return house.request("POST", "sys/leases/revoke", {"lease_id": lease, "sync": sync})


def all_is_well(house, server):
    """Within a minute all invariants hold again, and whoever asks gets a login that works and ends."""
    eventually(lambda: pair_up(house, server))
    answer = ok(creds(house, server.name), 200).json
    data = answer["data"]
    assert server.logs_in(data["username"], data["password"])
    ok(revoke(house, answer["lease_id"]))
    assert not server.logs_in(data["username"], data["password"])
    ok(house.request("POST", f"sys/leases/revoke-prefix/database/creds/{server.name}", {"sync": True}))
    assert server.users() == []
    assert pair_up(house, server)


@pytest.mark.parametrize(("kind", "step"), cases("issue"))
def test_killed_while_it_issues(house, server_of, kind, step):
    server = server_of(kind)
    answer = house.dies_at(step, "GET", f"database/creds/{server.name}")
    assert answer is None, "nobody has been told of it"
    all_is_well(house, server)


@pytest.mark.parametrize(("kind", "step"), cases("renew"))
def test_killed_while_it_renews(house, server_of, kind, step):
    server = server_of(kind)
    issued = ok(creds(house, server.name), 200).json
    lease = {"lease_id": issued["lease_id"]}
    house.dies_at(step, "POST", "sys/leases/renew", {**lease, "increment": 7200})
    left = ok(house.request("POST", "sys/leases/lookup", lease), 200).data["ttl"]
    assert left <= 7200 and server.logs_in(issued["data"]["username"], issued["data"]["password"])
    ok(house.request("POST", "sys/leases/renew", {**lease, "increment": 7200}), 200)
    all_is_well(house, server)


@pytest.mark.parametrize(("kind", "step"), cases("revoke"))
def test_killed_while_it_revokes(house, server_of, kind, step):
    server = server_of(kind)
    lease = ok(creds(house, server.name), 200).json["lease_id"]
    answer = house.dies_at(step, "POST", "sys/leases/revoke", {"lease_id": lease})
    if step not in DOOR:
        eventually(lambda: server.users() == [])
    assert answer is None or answer.status == 204
    all_is_well(house, server)


@pytest.mark.parametrize(("kind", "step"), cases("expire"))
def test_killed_while_a_lease_ends_by_its_time(house, server_of, kind, step):
    server = server_of(kind)
    house.to_die_at(step)
    ok(creds(house, f"{server.name}-short"), 200)
    house.live_again()
    eventually(lambda: server.users() == [])
    all_is_well(house, server)


@pytest.mark.parametrize(("kind", "step"), cases("root"))
def test_killed_while_it_rotates_its_own_password(house, server_of, kind, step):
    server = server_of(kind)
    assert house.dies_at(step, "POST", f"database/rotate-root/{server.name}") is None
    all_is_well(house, server)
    ok(house.request("POST", f"database/rotate-root/{server.name}"))
    assert not server.logs_in(databases.ADMIN, databases.ADMIN_PASSWORD)
    all_is_well(house, server)


def told(house):
    return ok(house.request("GET", "database/static-creds/own"), 200).data["password"]


@pytest.fixture
def static_role(house, server_of):
    def make(period, kind="postgresql"):
        server = server_of(kind)
        role = {"db_name": server.name, "username": "app_owner", "rotation_period": period}
        ok(house.request("POST", "database/static-roles/own", role))
        return server

    yield make
    ok(house.request("DELETE", "database/static-roles/own"))


@pytest.mark.parametrize(("kind", "step"), cases("static"))
def test_killed_while_it_rotates_a_static_role(house, static_role, kind, step):
    server = static_role("24h", kind)
    first = told(house)
    house.dies_at(step, "POST", "database/rotate-role/own")
    ok(house.request("POST", "database/rotate-role/own"))
    assert told(house) != first and server.logs_in("app_owner", told(house))


@pytest.mark.parametrize("step", STEPS["due"])
def test_killed_while_a_static_role_rotates_by_its_time(house, static_role, step):
    server = static_role(5)
    first = told(house)
    house.to_die_at(step)
    house.live_again()

    def rotated():
        password = told(house)
        return password != first and server.logs_in("app_owner", password)

    eventually(rotated)


def failpoints_by_file(macro):
    found = {}
    for path in [*(ROOT / "src").rglob("*.cpp"), *(ROOT / "src").rglob("*.h"), *(ROOT / "include").rglob("*.h")]:
        names = re.findall(macro + r'\(\s*"([^"]+)"', path.read_text())
        if names:
            found[path.relative_to(ROOT / "src").as_posix()] = names
    return found


def test_every_failpoint_of_the_source_kills_in_one_of_these_tests():
    by_file = failpoints_by_file("COFFER_FAILPOINT")
    names = [name for names in by_file.values() for name in names]
    assert len(names) == len(set(names)), "a name stands for one step"
    assert set(names) == {step for steps in STEPS.values() for step in steps} | set(POINTS)
    several = failpoints_by_file("COFFER_FAILPOINT_OF")
    assert {name for names in several.values() for name in names} == set(OF_ROTATIONS)
    built = (pathlib.Path(__file__).parent / "failpoints/CMakeLists.txt").read_text()
    assert sorted({*by_file, *several}) == re.findall(r"^ +([a-z_0-9/]+\.cpp)\)?$", built, re.MULTILINE)


def test_the_daemon_itself_has_none():
    assert b"COFFER_FAILPOINT" not in pathlib.Path(program("cofferd")).read_bytes()
    assert b"COFFER_FAILPOINT" in pathlib.Path(program("cofferd-failpoints")).read_bytes()
