"""Users of a database from a time that was taken back: an older store is accepted, they are found by their
names and revoked, and nobody else's are. On a real PostgreSQL and a real MariaDB."""

import json
import re
import shutil
import subprocess
import time

import pytest
from databases import ADMIN, ADMIN_PASSWORD, servers  # noqa: F401  (a fixture)
from harness import program

KINDS = ["postgresql", "mariadb"]
# By name like one of ours, but for the mark in the lease's name.
FOREIGN = "v-token-app-e9-0123456789ABCDEFGHIJzzzz-1700000000"


@pytest.fixture(scope="module")
def pair(servers):  # noqa: F811
    return [servers(kind) for kind in KINDS]


def eventually(said, seconds=90):
    deadline = time.monotonic() + seconds
    while not said():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def ok(answer, status=204):
    assert answer.status == status, answer.body
    return answer


def configure(vault, pair):
    ok(vault.request("POST", "sys/mounts/database", {"type": "database"}))
    for server in pair:
        ok(vault.request("POST", f"database/config/{server.name}", server.config()))
        role = {"db_name": server.name, "creation_statements": server.creation}
        ok(vault.request("POST", f"database/roles/{server.name}", role))


def creds(vault, server):
    data = ok(vault.request("GET", f"database/creds/{server.name}"), 200).data
    return data["username"], data["password"]


def orphans(vault, server):
    data = ok(vault.request("GET", f"database/orphans/{server.name}"), 200).data
    assert data["total"] == len(data["users"])
    return {user["username"]: user for user in data["users"]}


def unsearched(vault):
    """As sys/restore, sys/health and the doctor have it; they agree."""
    paths = ok(vault.request("GET", "sys/restore"), 200).data["databases_unsearched"]
    assert vault.request("GET", "sys/health").json.get("databases_unsearched", 0) == len(paths)
    found = json.loads(vault.coffer("doctor", "-format=json").stdout)["findings"]
    fixes = [one["fix"] for one in found if one["check"] == "restore.unsearched"]
    assert fixes == [f"coffer lease orphans {path}" for path in paths]
    return paths


def go_back(vault, copy):
    """The store as it was; all else as it is."""
    assert vault.stop() == 0
    shutil.copy2(copy, vault.store_path)
    accepted = subprocess.run([program("cofferd"), "accept-restore", "--dir", str(vault.directory)], text=True,
                              capture_output=True, timeout=60, check=False)  # fmt: skip
    assert accepted.returncode == 0, accepted.stderr
    made = subprocess.run([program("cofferd"), "root-token", "--dir", str(vault.directory)], text=True,
                          capture_output=True, timeout=60, check=True)  # fmt: skip
    vault.keep_root_token(made.stdout.strip())
    vault.start()
    return accepted.stdout


def test_users_of_a_time_that_was_taken_back_are_found_and_revoked(vault, directory, pair):
    configure(vault, pair)
    before = {server.name: creds(vault, server) for server in pair}
    assert vault.stop() == 0
    copy = shutil.copy2(vault.store_path, directory / "store.db")
    vault.start()
    later = {server.name: creds(vault, server) for server in pair}
    for server in pair:
        assert orphans(vault, server) == {}
    assert unsearched(vault) == []

    said = go_back(vault, copy)
    assert sorted(unsearched(vault)) == sorted(f"database/{server.name}" for server in pair)
    for server in pair:
        assert f"coffer lease orphans database/{server.name}\n" in said
        # The lease of before is known, whatever the store is; that of later nobody knows.
        found = orphans(vault, server)
        assert list(found) == [later[server.name][0]]
        only = found[later[server.name][0]]
        assert (only["epoch"], only["reason"], only["this_vault"]) == (0, "no_lease", True)
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", only["created"])
        assert server.logs_in(*later[server.name])
        assert f"database/{server.name}" not in unsearched(vault)
    assert unsearched(vault) == []

    # Whoever asks for too much gets nothing.
    pg = pair[0]
    owned = vault.request("POST", "database/orphans/pg/revoke",
                          {"usernames": [later["pg"][0], before["pg"][0]]})  # fmt: skip
    assert owned.status == 400 and "entry 2 isn't an orphan" in owned.errors[0]
    assert vault.request("POST", "database/orphans/pg/revoke", {"usernames": "postgres"}).status == 400

    shown = vault.coffer("lease", "orphans", "database/pg")
    assert shown.returncode == 0 and later["pg"][0] in shown.stdout, shown.stderr
    assert "this one" in shown.stdout and before["pg"][0] not in shown.stdout
    for server in pair:
        done = vault.coffer("lease", "orphans", "-revoke", f"database/{server.name}",
                            later[server.name][0])  # fmt: skip
        assert done.returncode == 0 and re.search(r"^revoking +1$", done.stdout, re.M), done.stderr
        assert orphans(vault, server) == {}
        assert server.logs_in(*later[server.name])  # nothing reaches outside yet
    pending = ok(vault.request("GET", "sys/leases/pending"), 200).data
    assert pending["paused"] is True and sum(one["pending"] for one in pending["targets"].values()) >= 2

    released = vault.coffer("operator", "backup", "release")
    assert released.returncode == 0 and "coffer lease orphans" in released.stdout
    for server in pair:
        eventually(lambda server=server: not server.logs_in(*later[server.name]))
        assert later[server.name][0] not in server.users()
        now = creds(vault, server)
        assert "-e1-" in now[0]
        assert orphans(vault, server) == {} and server.logs_in(*now)
    ends = [line for line in vault.audit_lines()
            if line.get("request", {}).get("path", "").startswith("sys/leases/end/database/orphans/")]  # fmt: skip
    assert {line["request"]["path"].rsplit("/", 1)[1] for line in ends} == {user for user, _ in later.values()}

    # Another vault's, on the same server: told, and left alone unless that is said.
    pg.sql(f'CREATE ROLE "{FOREIGN}" LOGIN PASSWORD \'p\'')
    pg.sql(f'GRANT "{FOREIGN}" TO coffer WITH ADMIN OPTION')
    theirs = orphans(vault, pg)[FOREIGN]
    assert (theirs["epoch"], theirs["reason"], theirs["this_vault"]) == (9, "later_epoch", False)
    refused = vault.request("POST", "database/orphans/pg/revoke", {"usernames": [FOREIGN]})
    assert refused.status == 400 and "other_vaults" in refused.errors[0]
    assert FOREIGN in pg.users()
    asked = {"usernames": [FOREIGN], "other_vaults": True}
    assert ok(vault.request("POST", "database/orphans/pg/revoke", asked), 200).data["revoking"] == 1
    eventually(lambda: FOREIGN not in pg.users())
    assert vault.verify_audit()[0] == 0


def test_a_database_stays_to_be_searched_until_it_answers_or_goes(vault, directory, servers):  # noqa: F811
    server = servers("redis")
    configure(vault, [server])
    ok(vault.request("POST", "sys/mounts/other", {"type": "database"}))
    for path in ("database/config/gone", "other/config/too"):
        ok(vault.request("POST", path, server.config() | {"verify_connection": False}))
    assert vault.stop() == 0
    copy = shutil.copy2(vault.store_path, directory / "store.db")
    vault.start()
    vault.put("a", {"v": "new"})
    go_back(vault, copy)
    assert sorted(unsearched(vault)) == ["database/gone", "database/redis", "other/too"]
    server.pause()
    try:
        assert vault.request("GET", "database/orphans/redis").status == 503
        vault.restart()
        assert sorted(unsearched(vault)) == ["database/gone", "database/redis", "other/too"]
        ok(vault.request("DELETE", "database/config/gone"))
        ok(vault.request("DELETE", "sys/mounts/other"))
        assert unsearched(vault) == ["database/redis"]
    finally:
        server.resume()
    eventually(lambda: vault.request("GET", "database/orphans/redis").status == 200)
    assert unsearched(vault) == []


def test_a_copy_changes_no_password_of_a_database_until_it_is_released(vault, directory, servers):  # noqa: F811
    """The original goes on with them."""
    server = servers("postgresql")
    configure(vault, [server])
    role = {"db_name": "pg", "username": "app_owner", "rotation_period": "24h"}
    ok(vault.request("POST", "database/static-roles/own", role))
    told = ok(vault.request("GET", "database/static-creds/own"), 200).data["password"]
    assert vault.stop() == 0
    copy = shutil.copy2(vault.store_path, directory / "store.db")
    vault.start()
    vault.put("a", {"v": "new"})
    go_back(vault, copy)
    for path, body in (("database/rotate-role/own", {}), ("database/rotate-root/pg", {}),
                       ("database/static-roles/new", role | {"username": "app_twin"})):  # fmt: skip
        refused = vault.request("POST", path, body)
        assert refused.status == 503 and "sys/restore/release" in refused.errors[0], path
    assert server.logs_in("app_owner", told) and server.logs_in("app_twin", "of old")
    assert server.logs_in(ADMIN, ADMIN_PASSWORD)
    assert vault.request("GET", "database/static-roles/new").status == 404
    ok(vault.request("POST", "sys/restore/release"))
    ok(vault.request("POST", "database/rotate-role/own"))
    assert not server.logs_in("app_owner", told)
    ok(vault.request("DELETE", "database/static-roles/own"))


def test_orphans_are_ended_once_their_server_is_back(vault, servers):  # noqa: F811
    server = servers("redis")
    configure(vault, [server])
    forgotten = creds(vault, server)
    server.pause()
    try:
        # By force a lease is forgotten although its end fails.
        vault.request("POST", "sys/leases/revoke-force/database/creds/redis")
        eventually(lambda: vault.request("GET", "sys/leases/count").data["lease_count"] == 0)
        eventually(lambda: vault.request("GET", "sys/leases").data["lease_count"] == 0)
        assert vault.request("GET", "database/orphans/redis").status == 503
        named = vault.request("POST", "database/orphans/redis/revoke", {"usernames": forgotten[0]})
        assert ok(named, 200).data == {"revoking": 1, "not_there": 0}
        assert "wasn't reached" in named.json["warnings"][0]
        vault.restart()
        targets = ok(vault.request("GET", "sys/leases/pending"), 200).data["targets"]
        assert sum(one["pending"] for one in targets.values()) == 1
    finally:
        server.resume()
    eventually(lambda: not server.logs_in(*forgotten))
    assert orphans(vault, server) == {}
