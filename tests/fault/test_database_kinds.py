"""Bad days that only one kind of database has: MariaDB's rights that are a session's own and definers that
are gone, Redis' users that are in memory and in a file."""

import os
import pathlib

import databases
import pytest
from asking import eventually
from databases import ADMIN
from test_bad_days import MISSING, ok, pending_ends, refused_by_its_field, write_role


def started(kind):
    return databases.KINDS[kind](pathlib.Path("/tmp") / f"coffer-own-{kind}-{os.getpid()}")


@pytest.fixture(scope="module")
def maria():
    with started("mariadb") as server:
        yield server


@pytest.fixture
def redis():
    """One of the test's own, whose users outlive a crash."""
    with started("redis") as server:
        server.keep_users()
        yield server


def set_up(vault, server, **more):
    ok(vault.request("POST", "sys/mounts/database", {"type": "database"}))
    ok(vault.request("POST", "database/config/it", server.config(**more)))
    role = {"db_name": "it", "creation_statements": server.creation}
    ok(vault.request("POST", "database/roles/it", role))
    return vault


def creds(vault, role="it"):
    return vault.request("GET", f"database/creds/{role}")


def end(vault, lease, sync=True):
    ok(vault.request("POST", "sys/leases/revoke", {"lease_id": lease, "sync": sync}))


def shows_on_trial_and_is_waited_for(vault, server, take, give):
    """The right to end users: `take` and `give` are what is said to the server."""
    server.sql(*take)
    refused_by_its_field(write_role(vault, server), "revocation_statements")
    assert len(server.users()) == 1, "it waits for the right"
    eventually(lambda: any(MISSING in error for error in pending_ends(vault).values()))
    server.sql(*give)
    eventually(lambda: server.users() == [])
    eventually(lambda: not any(pending_ends(vault).values()))


# MariaDB.


def test_mariadbs_right_to_end_sessions_shows_on_trial(vault, maria):
    set_up(vault, maria)
    shows_on_trial_and_is_waited_for(
        vault, maria, [f"REVOKE CONNECTION ADMIN ON *.* FROM {ADMIN}@localhost; KILL HARD USER {ADMIN}"],
        [f"GRANT CONNECTION ADMIN ON *.* TO {ADMIN}@localhost"])  # fmt: skip


def test_a_right_that_mariadbs_administrator_may_not_give_leaves_no_user(vault, maria):
    """The user is made by then."""
    set_up(vault, maria)
    more = [*maria.creation, "GRANT SELECT ON mysql.* TO '{{name}}'@'localhost'"]
    refused_by_its_field(write_role(vault, maria, creation_statements=more), "creation_statements")
    eventually(lambda: maria.users() == [])


def test_a_session_of_the_vaults_from_before_it_got_a_right_ends_no_session_in_silence(vault, maria):
    """KILL says nothing where the right is missing; and it is missing for a session that began before."""
    set_up(vault, maria)
    maria.sql(f"REVOKE CONNECTION ADMIN ON *.* FROM {ADMIN}@localhost; KILL HARD USER {ADMIN}")
    answer = ok(creds(vault), 200).json  # by a session without the right, that is kept
    maria.sql(f"GRANT CONNECTION ADMIN ON *.* TO {ADMIN}@localhost")
    user = answer["data"]["username"]
    session = maria.session(user, answer["data"]["password"])
    eventually(lambda: maria.sessions_of(user) == 1)
    end(vault, answer["lease_id"], sync=False)
    assert session.wait(60) != 0
    eventually(lambda: maria.users() == [])
    assert maria.sessions_of(user) == 0


def test_what_a_user_defined_stays_and_says_that_its_definer_is_gone(vault, maria):
    set_up(vault, maria)
    maria.sql(f"GRANT ALL ON app.* TO {ADMIN}@localhost WITH GRANT OPTION; CREATE TABLE app.rows AS SELECT 1 AS n")
    creation = [maria.creation[0], "GRANT ALL ON app.* TO '{{name}}'@'localhost'"]
    ok(vault.request("POST", "database/roles/owner", {"db_name": "it", "creation_statements": creation}))
    answer = ok(creds(vault, "owner"), 200).json
    data = answer["data"]
    maria.sql("CREATE VIEW app.seen AS SELECT n FROM app.rows; "
              "CREATE SQL SECURITY INVOKER VIEW app.own AS SELECT n FROM app.rows; "
              "CREATE PROCEDURE app.get() SELECT n FROM app.rows", data["username"], data["password"])  # fmt: skip
    end(vault, answer["lease_id"])
    assert maria.users() == []
    views = maria.sql("SELECT table_name FROM information_schema.views WHERE table_schema = 'app' ORDER BY 1")
    assert views == ["own", "seen"], "nothing is dropped"
    assert maria.sql("SELECT n FROM app.own") == ["1"], "by the rights of whoever asks"
    for by_definer in ("SELECT n FROM app.seen", "CALL app.get()"):
        assert maria.sql(by_definer, check=False) is None, "there is no such user"
    maria.sql("DROP VIEW app.seen, app.own; DROP PROCEDURE app.get; DROP TABLE app.rows")


@pytest.mark.parametrize("path", ["rotate-root/it", "rotate-role/own"])
def test_statements_that_fail_halfway_lock_nobody_out(vault, maria, path):
    """MariaDB has no transaction for them: the first has set the password by then."""
    set_up(vault, maria)
    halfway = ["ALTER USER '{{name}}'@'localhost' IDENTIFIED BY '{{password}}'",
               "GRANT SELECT ON nothing.* TO '{{name}}'@'localhost'"]  # fmt: skip
    role = {"db_name": "it", "username": "app_owner", "rotation_period": "24h"}
    ok(vault.request("POST", "database/static-roles/own", role))
    ok(vault.request("POST", "database/static-roles/own", {"rotation_statements": halfway}))
    ok(vault.request("POST", "database/config/it", {"root_rotation_statements": halfway}))
    assert vault.request("POST", f"database/{path}").status == 503, "nobody can say what is in force"
    end(vault, ok(creds(vault), 200).json["lease_id"])
    ok(vault.request("POST", "database/static-roles/own", {"rotation_statements": []}))
    ok(vault.request("POST", "database/config/it", {"root_rotation_statements": []}))
    ok(vault.request("POST", f"database/{path}"))
    told = vault.request("GET", "database/static-creds/own").data
    assert maria.logs_in("app_owner", told["password"])
    end(vault, ok(creds(vault), 200).json["lease_id"])
    ok(vault.request("DELETE", "database/static-roles/own"))
    maria.reset_admin()


# Redis.


def test_rediss_right_to_end_users_shows_on_trial(vault, redis):
    set_up(vault, redis, persistence_mode="REWRITE")
    shows_on_trial_and_is_waited_for(vault, redis, ("ACL", "SETUSER", ADMIN, "-acl|deluser"),
                                     ("ACL", "SETUSER", ADMIN, "+acl|deluser"))  # fmt: skip


def test_a_user_that_redis_may_not_write_down_has_a_lease_until_it_is_gone(vault, redis):
    set_up(vault, redis, persistence_mode="REWRITE")
    redis.sql("ACL", "SETUSER", ADMIN, "-config|rewrite")
    refused = creds(vault)
    assert refused.status == 400 and MISSING in refused.errors[0], refused.body
    eventually(lambda: redis.users() == [])
    eventually(lambda: any(MISSING in error for error in pending_ends(vault).values()))
    redis.sql("ACL", "SETUSER", ADMIN, "+config|rewrite")
    eventually(lambda: not any(pending_ends(vault).values()))
    end(vault, ok(creds(vault), 200).json["lease_id"])


@pytest.mark.parametrize("path", ["rotate-root/it", "rotate-role/own"])
def test_a_password_that_redis_may_not_write_down_is_not_changed(vault, redis, path):
    set_up(vault, redis, persistence_mode="REWRITE")
    role = {"db_name": "it", "username": "app_owner", "rotation_period": "24h"}
    ok(vault.request("POST", "database/static-roles/own", role))
    redis.sql("ACL", "SETUSER", ADMIN, "-config|rewrite")
    before = vault.request("GET", "database/static-creds/own").data["password"]
    refused = vault.request("POST", f"database/{path}")
    assert refused.status == 400 and MISSING in refused.errors[0], refused.body
    redis.stop()
    redis.start()  # with what is in the file
    assert redis.logs_in("app_owner", before)
    ok(vault.request("GET", "database/orphans/it"), 200)  # by the administrator's of before
    redis.sql("ACL", "SETUSER", ADMIN, "+config|rewrite")
    ok(vault.request("POST", f"database/{path}"))
    redis.stop()
    redis.start()
    assert redis.logs_in("app_owner", vault.request("GET", "database/static-creds/own").data["password"])
    end(vault, ok(creds(vault), 200).json["lease_id"])


def test_users_that_redis_forgets_are_done(vault, redis):
    """Without `persistence_mode` a crash of Redis is the end of them all."""
    set_up(vault, redis)
    lease = ok(creds(vault), 200).json["lease_id"]
    redis.stop()
    redis.start()
    assert redis.users() == []
    end(vault, lease)
