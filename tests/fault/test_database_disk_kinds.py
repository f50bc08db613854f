"""MariaDB and Redis on a disk that is full, and has room again later. Each has a way of its own: MariaDB
waits for room and does then what nobody waits for any more, Redis goes on in memory."""

import os
import pathlib
import shutil

import databases
import pytest
from asking import eventually
from small_disk import mount, unmount
from test_bad_days import ok, pending_ends
from test_log_trouble import fill

LOOKS = 60  # seconds between MariaDB's looks for room


class Small:
    def make_disk(self, size):
        self.data = self.directory / "data"
        mount(self.data, size, self.user)

    def __exit__(self, *_):
        self.stop()
        unmount(self.data)
        super().__exit__()

    def fill_disk(self):
        fill(self.data)

    def make_room(self):
        (self.data / "ballast").unlink()


class SmallMariadb(Small, databases.Mariadb):
    def prepare(self):
        self.make_disk("180m")
        super().prepare()


class SmallRedis(Small, databases.Redis):
    """Its configuration, which it writes its users to, is on the small disk."""

    def prepare(self):
        self.make_disk("256k")
        super().prepare()
        shutil.move(self.directory / "redis.conf", self.data)
        shutil.chown(self.data / "redis.conf", self.user, self.user)

    def command(self):
        return self.as_user("redis-server", str(self.data / "redis.conf"))


KINDS = {"mariadb": SmallMariadb, "redis": SmallRedis}


def start(kind):
    return KINDS[kind](pathlib.Path("/tmp") / f"coffer-full-{kind}-{os.getpid()}")


def set_up(vault, server, **more):
    ok(vault.request("POST", "sys/mounts/database", {"type": "database"}))
    ok(vault.request("POST", "database/config/it", server.config(**more)))
    ok(vault.request("POST", "database/roles/it", {"db_name": "it", "creation_statements": server.creation}))


def creds(vault):
    return vault.request("GET", "database/creds/it")


def revoke(vault, lease, sync=False):
    ok(vault.request("POST", "sys/leases/revoke", {"lease_id": lease, "sync": sync}))


def leases(vault):
    answer = vault.request("LIST", "sys/leases/lookup/database/creds/it/")
    return answer.data["keys"] if answer.status == 200 else []


def pair_up(vault, server):
    found = [user.split("-")[-2] for user in server.users()]
    return sorted(found) == sorted(leases(vault))


def gives_working_creds(vault, server):
    answer = ok(creds(vault), 200).json
    data = answer["data"]
    let_in = server.logs_in(data["username"], data["password"])
    revoke(vault, answer["lease_id"], sync=True)
    return let_in and not server.logs_in(data["username"], data["password"])


def test_what_mariadb_does_once_there_is_room_leaves_no_user_without_a_lease(vault):
    with start("mariadb") as server:
        set_up(vault, server)
        ends, stays = (ok(creds(vault), 200).json["lease_id"] for _ in range(2))
        server.fill_disk()
        # What it has of its log is good for a few more.
        more = []
        while (answer := creds(vault)).status == 200:
            more.append(answer.json["lease_id"])
            assert len(more) < 200
        assert answer.status == 503, answer.body
        revoke(vault, ends)
        eventually(lambda: pending_ends(vault).get(ends))
        assert vault.request("GET", "secret/data/nothing").status == 404, "others are served"
        server.make_room()
        # It looks once a minute; from then on it is back.
        eventually(lambda: creds_or_none(vault), LOOKS + 30)
        eventually(lambda: ends not in pending_ends(vault) and pair_up(vault, server))
        assert stays.split("/")[-1] in leases(vault)
        assert gives_working_creds(vault, server)
        for lease in [stays, *more]:
            revoke(vault, lease)
        ok(vault.request("POST", "sys/leases/revoke-prefix/database/creds/it", {"sync": True}))
        eventually(lambda: server.users() == [])


def creds_or_none(vault):
    """A login that is ended at once; None while there is none."""
    answer = creds(vault)
    if answer.status == 200:
        revoke(vault, answer.json["lease_id"])
    return answer.status == 200 or None


@pytest.fixture
def redis():
    with start("redis") as server:
        server.keep_users()
        yield server


def no_room(error):
    return "its disk" in error


def test_an_issue_that_redis_cant_write_down_leaves_no_user(vault, redis):
    set_up(vault, redis, persistence_mode="REWRITE")
    redis.fill_disk()
    refused = creds(vault)
    assert refused.status == 503 and no_room(refused.errors[0]), refused.body
    eventually(lambda: redis.users() == [])
    assert leases(vault) == []
    redis.make_room()
    assert gives_working_creds(vault, redis)
    eventually(lambda: not any(pending_ends(vault).values()))
    redis.stop()
    redis.start()
    assert redis.users() == []


def test_a_user_that_comes_back_with_redis_is_ended_again(vault, redis):
    """Ended in memory, and not in the file: a crash brings it back, and the vault still wants its end."""
    set_up(vault, redis, persistence_mode="REWRITE")
    issued = ok(creds(vault), 200).json
    redis.fill_disk()
    revoke(vault, issued["lease_id"])
    eventually(lambda: no_room(pending_ends(vault).get(issued["lease_id"], "")))
    assert redis.users() == []
    redis.stop()
    redis.start()
    eventually(lambda: redis.users() == [])
    redis.make_room()
    eventually(lambda: issued["lease_id"] not in pending_ends(vault))
    redis.stop()
    redis.start()
    assert redis.users() == []
