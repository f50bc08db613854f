"""Bad days of a database, of each kind that there is: stopped, paused, cut off, cut short at any byte, its
answers lost. What no lease accounts for is gone within a minute of its return, and no end is lost."""

import os
import pathlib

import databases
import pytest
from asking import Asking, eventually
from database_proxy import proxy_to

MAKES = {"pg": "CREATE ROLE", "maria": "CREATE USER", "redis": "SETUSER"}
ENDS = {"pg": "DROP ROLE", "maria": "DROP USER", "redis": "DELUSER"}
MISSING = "insufficient privilege"
FURTHER = {"pg": "pg_terminate_backend", "maria": "KILL HARD", "redis": "REWRITE"}  # what else an end does


@pytest.fixture(scope="module", params=databases.KINDS.values(), ids=databases.KINDS)
def server(request):
    where = pathlib.Path("/tmp") / f"coffer-bad-{request.param.name}-{os.getpid()}"
    with request.param(where) as started:
        if started.name == "redis":
            started.keep_users()
        yield started


@pytest.fixture
def proxy(server):
    with proxy_to(server) as between:
        yield between


def ok(answer, status=204):
    assert answer.status == status, answer.body
    return answer


def configure(house, server, **where):
    more = {"persistence_mode": "REWRITE"} if server.name == "redis" else {}
    ok(house.request("POST", "database/config/it", server.config(**where, **more)))


@pytest.fixture
def house(vault, server, proxy):
    ok(vault.request("POST", "sys/mounts/database", {"type": "database"}))
    configure(vault, server, host=proxy.directory)
    role = {"db_name": "it", "creation_statements": server.creation, "default_ttl": "1h", "max_ttl": "24h"}
    ok(vault.request("POST", "database/roles/it", role))
    yield vault
    assert server.users() == [], "each test sees to its own"


def creds(house):
    return house.request("GET", "database/creds/it")


def leases(house):
    answer = house.request("LIST", "sys/leases/lookup/database/creds/it/")
    return answer.data["keys"] if answer.status == 200 else []


def pending_ends(house):
    """What each end that wasn't taken yet has failed with; empty: nothing so far."""
    told = ok(house.request("GET", "sys/leases"), 200).data["leases"]
    return {end["lease_id"]: end["error"] for end in told}


def revoke(house, lease, sync=False):
    return house.request("POST", "sys/leases/revoke", {"lease_id": lease, "sync": sync})


def works(house, server):
    """A login is made, lets in, and ends."""
    answer = ok(creds(house), 200).json
    data = answer["data"]
    let_in = server.logs_in(data["username"], data["password"])
    ok(revoke(house, answer["lease_id"], sync=True))
    return let_in and not server.logs_in(data["username"], data["password"])


def test_one_that_is_stopped_loses_no_end(house, server):
    lease = ok(creds(house), 200).json["lease_id"]
    server.stop()
    assert creds(house).status == 503
    ok(revoke(house, lease))
    assert leases(house) == []
    assert house.request("GET", "secret/data/nothing").status == 404, "others are served"
    server.start()
    eventually(lambda: server.users() == [])
    assert works(house, server)


def test_one_that_stands_still_loses_no_end(house, server):
    lease = ok(creds(house), 200).json["lease_id"]
    server.pause()
    try:
        assert creds(house).status == 503
        ok(revoke(house, lease))
    finally:
        server.resume()
    # The statement that nobody waited for may have made a user: it ends too.
    eventually(lambda: server.users() == [])
    assert leases(house) == []


def test_one_that_is_cut_off_loses_no_end(house, server, proxy):
    lease = ok(creds(house), 200).json["lease_id"]
    proxy.silent = True
    proxy.cut_all()
    assert creds(house).status == 503
    ok(revoke(house, lease))
    proxy.silent = False
    proxy.cut_all()
    eventually(lambda: server.users() == [])


def test_a_connection_that_is_reset_after_the_user_is_made_leaves_none(house, server, proxy):
    configure(house, server, host="127.0.0.1", port=proxy.port, server_moved=True)
    hold = proxy.hold(MAKES[server.name], answer=True)
    asking = Asking(house, "GET", "database/creds/it")
    hold.wait()
    assert len(server.users()) == 1, "it is committed"
    hold.cut()
    assert asking.wait().status == 503
    eventually(lambda: server.users() == [])
    assert leases(house) == []
    assert works(house, server)


@pytest.mark.parametrize("answer", [False, True], ids=["what is asked", "what is answered"])
def test_a_connection_that_is_cut_short_at_any_byte_leaves_no_user(house, server, proxy, answer):
    for part in (0, 1, 2, -1):
        hold = proxy.hold(MAKES[server.name], answer=answer)
        asking = Asking(house, "GET", "database/creds/it")
        hold.wait()
        size = len(hold.message)
        hold.cut(after={2: size // 2, -1: size - 1}.get(part, part))
        assert asking.wait().status == 503
        eventually(lambda: server.users() == [])
        assert leases(house) == []
    assert works(house, server)


@pytest.mark.parametrize("words", [ENDS, FURTHER], ids=["of the user's end", "of what else is done"])
def test_an_end_whose_answer_was_lost_is_done(house, server, proxy, words):
    lease = ok(creds(house), 200).json["lease_id"]
    hold = proxy.hold(words[server.name], answer=True)
    ok(revoke(house, lease))
    hold.wait()
    assert lease.encode() in house.request("GET", "sys/leases").body, "as far as the vault knows"
    hold.cut()
    eventually(lambda: lease.encode() not in house.request("GET", "sys/leases").body)
    assert server.users() == []


def test_a_user_that_is_gone_already_is_done(house, server):
    answer = ok(creds(house), 200).json
    server.drop(answer["data"]["username"])
    ok(revoke(house, answer["lease_id"], sync=True))
    assert leases(house) == []


@pytest.mark.parametrize("killed", [False, True], ids=["the vault lives on", "the vault is killed meanwhile"])
def test_a_right_that_was_taken_away_is_waited_for(house, server, killed):
    lease = ok(creds(house), 200).json["lease_id"]
    server.take_right()
    try:
        refused = creds(house)
        assert refused.status == 400 and MISSING in refused.errors[0], refused.body
        ok(revoke(house, lease))
        eventually(lambda: MISSING in pending_ends(house).get(lease, ""))
        if killed:
            house.kill()
            house.start()
            eventually(lambda: MISSING in pending_ends(house).get(lease, ""))
        assert len(server.users()) == 1 and leases(house) == []
    finally:
        server.give_right()
    eventually(lambda: server.users() == [])
    eventually(lambda: lease not in pending_ends(house))
    assert works(house, server)


def write_role(house, server, **more):
    role = {"db_name": "it", "creation_statements": server.creation, **more}
    return house.request("POST", "database/roles/tried", role)


def refused_by_its_field(answer, field):
    assert answer.status == 400 and field in answer.errors[0] and MISSING in answer.errors[0], answer.body


def test_a_right_that_is_missing_shows_when_a_role_is_written(house, server):
    server.take_right()
    try:
        refused_by_its_field(write_role(house, server), "creation_statements")
        assert server.users() == []
    finally:
        server.give_right()
    assert house.request("GET", "database/roles/tried").status == 404
    ok(write_role(house, server))
    ok(house.request("DELETE", "database/roles/tried"))


def test_sessions_end_with_their_user(house, server):
    answer = ok(creds(house), 200).json
    data = answer["data"]
    session = server.session(data["username"], data["password"])
    if server.name != "redis":
        eventually(lambda: server.sessions_of(data["username"]) == 1)
    ok(revoke(house, answer["lease_id"], sync=True))
    if server.name == "redis":
        assert session.recv(64) == b"", "the server has closed it"
        session.close()
    else:
        assert session.wait(30) != 0
        assert server.sessions_of(data["username"]) == 0


@pytest.mark.parametrize("answer", [False, True], ids=["before it is sent", "before its answer"])
def test_a_kill_in_the_middle_of_an_issue(house, server, proxy, answer):
    hold = proxy.hold(MAKES[server.name], answer=answer)
    asking = Asking(house, "GET", "database/creds/it")
    hold.wait()
    house.kill()
    house.start()
    asking.wait()
    hold.cut()
    eventually(lambda: server.users() == [])
    assert leases(house) == []
    assert works(house, server)


@pytest.mark.parametrize("answer", [False, True], ids=["before it is sent", "before its answer"])
def test_a_kill_in_the_middle_of_a_revocation(house, server, proxy, answer):
    issued = ok(creds(house), 200).json
    hold = proxy.hold(ENDS[server.name], answer=answer)
    ok(revoke(house, issued["lease_id"]))
    hold.wait()
    house.kill()
    house.start()
    hold.cut()
    eventually(lambda: server.users() == [])
    assert leases(house) == []
