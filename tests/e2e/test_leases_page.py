"""The commands of docs/leases.md, as they stand, on leases of a real PostgreSQL: what each does to the
lease, and to the user that it stands for."""

import os
import pathlib
import re
import time

import databases
import pytest
from databases import ADMIN
from harness import ROOT
from test_database_page import run, user_of

PAGE = (ROOT / "docs/leases.md").read_text()
# Blocks, whose lines may end in words about the command; and what is in a sentence.
COMMANDS = [line.split("  ")[0] for line in re.findall(r"^    (coffer .*)$", PAGE, re.M)]
IN_SENTENCES = re.findall(r"`(coffer [^`]*)`", PAGE)
LOOKUP, RENEW, REVOKE, PREFIX, TOP, ORPHANS, PENDING, ENDS, OWNED, FORCE = (
    "coffer lease lookup ID", "coffer lease renew -increment=1h ID", "coffer lease revoke ID",
    "coffer lease revoke -prefix PREFIX", "coffer lease top",
    "coffer lease orphans MOUNT/CONNECTION", "coffer read sys/leases/pending",
    "coffer read sys/leases", "coffer write -force sys/leases/revoke-owned accessor=ACCESSOR",
    "coffer lease revoke -force -prefix PREFIX")  # fmt: skip


def test_the_page_has_no_other_commands():
    assert [LOOKUP, RENEW, REVOKE, PREFIX, TOP, ORPHANS, PENDING, ENDS] == COMMANDS
    assert {OWNED, FORCE, TOP, PREFIX} == set(IN_SENTENCES)


def eventually(said, seconds=60):
    deadline = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < deadline, "it didn't come to be"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def server():
    with databases.Postgresql(pathlib.Path("/tmp") / f"coffer-leases-pg-{os.getpid()}") as started:
        yield started


class House:
    """A vault with the page's role, and its commands about one lease."""

    def __init__(self, vault, server):
        self.vault, self.server = vault, server
        role = {"db_name": "pg", "creation_statements": server.creation, "default_ttl": "10m"}
        for path, body in (("sys/mounts/database", {"type": "database"}),
                           ("database/config/pg", server.config()), ("database/roles/app", role)):  # fmt: skip
            answer = vault.request("POST", path, body)
            assert answer.status == 204, answer.body

    def login(self):
        """A lease's id, with its user and password."""
        said = run(self.vault, "coffer read database/creds/app")
        return (re.search(r"^lease_id\s+(\S+)", said, re.M)[1], *user_of(said))

    def run(self, command, lease=""):
        return run(self.vault, command.replace("ID", lease).replace("PREFIX", "database/creds/app"))

    def field(self, lease, name):
        return re.search(rf"^{name}\s+(\S.*)$", self.run(LOOKUP, lease), re.M)[1]

    def refused(self, lease):
        """That the vault has no such lease."""
        return self.vault.coffer(*LOOKUP.replace("ID", lease).split()[1:]).returncode == 2


@pytest.fixture
def house(vault, server):
    server.sql(f"ALTER ROLE {ADMIN} CREATEROLE")
    yield House(vault, server)
    for user in server.users():
        server.sql(f'DROP ROLE "{user}"')


def test_a_lease_has_the_id_that_the_page_says(house):
    lease, user, password = house.login()
    example = re.search(r"`(database/creds/app/\w{24})`", PAGE)[1]
    assert re.fullmatch(r"database/creds/app/\w{24}", lease) and len(lease) == len(example)
    assert lease.split("/")[-1] in user and house.server.logs_in(user, password)


def test_lookup_and_renew(house):
    lease, user, _ = house.login()
    assert house.field(lease, "id") == lease and 0 < int(house.field(lease, "ttl")) <= 600
    valid = f"SELECT rolvaliduntil > now() + interval '30 min' FROM pg_roles WHERE rolname = '{user}'"
    assert house.server.sql(valid) == ["f"]
    assert "1h" in house.run(RENEW, lease)
    assert 600 < int(house.field(lease, "ttl")) <= 3600
    assert house.server.sql(valid) == ["t"], "the database was told"


@pytest.mark.parametrize("sync", [False, True], ids=["", "-sync"])
def test_revoke(house, sync):
    lease, user, password = house.login()
    other = house.login()
    house.run(REVOKE.replace("revoke", "revoke -sync") if sync else REVOKE, lease)
    assert house.refused(lease), "at once, in either case"
    if not sync:
        eventually(lambda: user not in house.server.users())
    assert house.server.users() == [other[1]]
    assert not house.server.logs_in(user, password) and house.server.logs_in(*other[1:])


def test_revoke_by_prefix(house):
    both = [house.login() for _ in range(2)]
    house.run(PREFIX)
    eventually(lambda: house.server.users() == [])
    assert all(house.refused(lease) for lease, *_ in both)


def test_revoke_what_an_owner_has(house):
    for _ in range(2):
        house.login()
    [owner] = house.vault.request("GET", "sys/leases/top").data["owners"]
    house.run(OWNED.replace("ACCESSOR", owner["accessor"]))
    eventually(lambda: house.server.users() == [])


def test_top(house):
    for _ in range(3):
        house.login()
    said = house.run(TOP)
    assert re.search(r"^3 +database/creds/app/$", said, re.M), said
    assert re.search(r"^3 .*\(root\)$", said, re.M), said


def test_what_is_pending_and_why(house):
    lease, user, _ = house.login()
    house.server.sql(f"ALTER ROLE {ADMIN} NOCREATEROLE")
    house.run(REVOKE, lease)
    eventually(lambda: "42501" in house.run(ENDS))
    assert lease in house.run(ENDS) and '"pending":1' in house.run(PENDING)
    assert house.server.users() == [user], "it isn't given up"
    house.server.sql(f"ALTER ROLE {ADMIN} CREATEROLE")
    eventually(lambda: house.server.users() == [])
    eventually(lambda: lease not in house.run(ENDS))


@pytest.mark.parametrize("pending", [False, True], ids=["at first", "when its end is pending"])
def test_force_forgets_what_the_database_refuses(house, pending):
    lease, user, _ = house.login()
    house.server.sql(f"ALTER ROLE {ADMIN} NOCREATEROLE")
    if pending:
        house.run(REVOKE, lease)
        eventually(lambda: "42501" in house.run(ENDS))
    house.run(FORCE)
    eventually(lambda: lease not in house.run(ENDS))
    assert house.refused(lease)
    assert house.server.users() == [user], "which nobody ends"
    assert user in house.run(ORPHANS.replace("MOUNT/CONNECTION", "database/pg"))
    tried = [line for line in house.vault.audit_lines() if "42501" in str(line)]
    assert tried, "what it said is in the log"
