"""A database whose disk is full, and has room again later: what can't be made leaves no lease, and what
can't be ended is ended then. PostgreSQL on a file system of its own, too small for it (needs root, as CI
has)."""

import os
import pathlib

import databases
import pytest
from asking import eventually
from small_disk import mount, unmount
from test_databases import creds, gives_working_creds, kill_and_start, leases, ok, pair_up, pending_ends, revoke
from test_log_trouble import fill

FULL = "53100"  # PostgreSQL's SQLSTATE of a full disk


class SmallPostgresql(databases.Postgresql):
    """Its data and its log of transactions stand on 160 MiB."""

    def prepare(self):
        self.data = self.directory / "data"
        mount(self.data, "160m", self.user)
        super().prepare()

    def __exit__(self, *_):
        self.stop()
        unmount(self.data)
        super().__exit__()

    def fill_roles(self):
        """Not a page more for anything, and no room left in those of the roles. The log of transactions
        has a segment that was just begun."""
        self.sql("SELECT pg_switch_wal()")
        self.sql("CREATE ROLE begins_a_segment")
        self.sql("DROP ROLE begins_a_segment")
        fill(self.data)
        # A user of the vault's takes more than a filler. What others left there is free once somebody
        # has looked at it: hence until that frees nothing more.
        empty_handed = 0
        while empty_handed < 3:
            before = self.sql("SELECT count(*) FROM pg_authid")
            self.sql("DO $$ DECLARE first int := (SELECT count(*) FROM pg_authid); BEGIN FOR n IN first..10000 "
                     "LOOP BEGIN EXECUTE 'CREATE ROLE filler_' || n; EXCEPTION WHEN disk_full THEN RETURN; "
                     "END; END LOOP; RAISE 'the disk has room'; END $$")  # fmt: skip
            empty_handed = empty_handed + 1 if self.sql("SELECT count(*) FROM pg_authid") == before else 0

    def fill_log(self):
        """The next that is to be logged has no segment, and the server has no way on without one."""
        fill(self.data)
        self.sql("SELECT pg_switch_wal()")

    def has_failed(self):
        return self.process.poll() is not None and "PANIC" in (self.directory / "log").read_text()

    def make_room(self):
        (self.data / "ballast").unlink(missing_ok=True)

    def start_with_room(self):
        self.stop()
        self.make_room()
        self.start()

    def drop_fillers(self):
        for role in self.sql("SELECT rolname FROM pg_roles WHERE rolname LIKE 'filler_%'"):
            self.sql(f"DROP ROLE {role}")


@pytest.fixture
def server():
    with SmallPostgresql(pathlib.Path("/tmp") / f"coffer-full-pg-{os.getpid()}") as started:
        yield started


@pytest.fixture
def house(vault, server):
    ok(vault.request("POST", "sys/mounts/database", {"type": "database"}))
    ok(vault.request("POST", "database/config/pg", server.config()))
    role = {"db_name": "pg", "creation_statements": server.creation, "default_ttl": "1h", "max_ttl": "24h"}
    ok(vault.request("POST", "database/roles/pg", role))
    return vault


def refused_for_the_disk(answer):
    return answer.status == 503 and FULL in answer.errors[0]


def test_an_issue_on_a_full_disk_leaves_nothing_behind(house, server):
    server.fill_roles()
    refused = creds(house)
    assert refused_for_the_disk(refused), refused.body
    assert server.users() == [] and leases(house) == []
    server.make_room()
    assert gives_working_creds(house, server), "by itself, as soon as there is room"
    assert pair_up(house, server) and server.users() == []


def test_a_renewal_on_a_full_disk_leaves_the_lease_as_it_was(house, server):
    issued = ok(creds(house), 200).json
    lease = {"lease_id": issued["lease_id"]}
    until = ok(house.request("POST", "sys/leases/lookup", lease), 200).data["expire_time"]
    server.fill_roles()
    refused = house.request("POST", "sys/leases/renew", {**lease, "increment": 7200})
    assert refused_for_the_disk(refused), refused.body
    assert ok(house.request("POST", "sys/leases/lookup", lease), 200).data["expire_time"] == until
    assert pair_up(house, server) and server.logs_in(issued["data"]["username"], issued["data"]["password"])
    server.make_room()
    ok(house.request("POST", "sys/leases/renew", {**lease, "increment": 7200}), 200)
    assert ok(house.request("POST", "sys/leases/lookup", lease), 200).data["expire_time"] > until


@pytest.mark.parametrize("killed", [False, True], ids=["the vault lives on", "the vault is killed meanwhile"])
def test_a_revocation_on_a_full_disk_is_tried_until_there_is_room(house, server, killed):
    lease = ok(creds(house), 200).json["lease_id"]
    stays = ok(creds(house), 200).json["lease_id"]
    server.fill_roles()
    ok(revoke(house, lease))
    eventually(lambda: FULL in pending_ends(house).get(lease, ""))
    if killed:
        kill_and_start(house)
        eventually(lambda: FULL in pending_ends(house).get(lease, ""))
    assert len(server.users()) == 2, "nothing of it was done"
    server.make_room()
    eventually(lambda: lease not in pending_ends(house))
    assert leases(house) == [stays.split("/")[-1]]
    assert pair_up(house, server)


def test_an_issue_at_which_the_server_fails_leaves_nothing_behind(house, server):
    server.fill_log()
    assert creds(house).status == 503
    eventually(server.has_failed)
    assert leases(house) == []
    server.start_with_room()
    eventually(lambda: server.users() == [])
    assert gives_working_creds(house, server)
    assert leases(house) == []


def test_a_revocation_at_which_the_server_fails_is_tried_until_it_is_back(house, server):
    lease = ok(creds(house), 200).json["lease_id"]
    stays = ok(creds(house), 200).json["lease_id"]
    server.fill_log()
    ok(revoke(house, lease))
    eventually(server.has_failed)
    eventually(lambda: pending_ends(house).get(lease))
    server.start_with_room()
    eventually(lambda: lease not in pending_ends(house))
    assert leases(house) == [stays.split("/")[-1]]
    assert pair_up(house, server)
