"""The vault is killed before and after each step of a KV secret's rotation, and after each is put down:
readers have a value that works, the new one comes, and no step is taken for another value."""

import os
import pathlib

import databases
import pytest
from asking import eventually
from configured import copy_of, model_with
from mortal import Dies, mortal_vault
from test_secret_rotation import STEPS, Rotated

SECRET = "secret/app/db"
# Points that several steps share: the step's name follows.
OF_ROTATIONS = ["rotation.begins", "rotation.acted", "errand.recorded"]


def points(*steps):
    """Around each of these; and where the run itself is put down before anything else."""
    found = [f"errand.recorded.sys/rotation/begin/{SECRET}"]
    for step in steps:
        found += [f"rotation.begins.{step}", f"rotation.acted.{step}", f"errand.recorded.sys/rotation/{step}/{SECRET}"]
    return found


def ok(answer, status=200):
    assert answer.status == status, answer.body
    return answer


def rotation(vault):
    return ok(vault.client.get("secret/rotation/app/db")).data


def version(vault):
    return rotation(vault)["stages"]["current"]


def is_over(vault, made):
    now = rotation(vault)
    return now["phase"] == "idle" and now["stages"]["current"] == made


def dies_while_it_rotates(vault, point):
    """The version that the rotation makes."""
    made = version(vault) + 1
    vault.dies_at(point, "POST", "secret/rotate/app/db", {})
    return made


# A password that the vault makes.


@pytest.fixture(scope="module")
def generated():
    with mortal_vault() as vault:
        vault.put("app/db", {"password": "first", "user": "app"})
        ok(vault.client.post("secret/rotation/app/db", {"rotator": "generate", "period": "24h"}))
        yield vault


@pytest.mark.parametrize("point", points("create"))
def test_killed_while_a_password_is_generated(generated, point):
    before = generated.read("app/db")
    made = dies_while_it_rotates(generated, point)
    eventually(lambda: is_over(generated, made))
    now = generated.read("app/db")
    assert now["user"] == "app" and now["password"] != before["password"]


# A program of the operator's.


class MortalRotated(Dies, Rotated):
    def __init__(self, directory, etc, model):
        super().__init__(directory, etc, model)
        self.learn_to_die()


@pytest.fixture(scope="module")
def rotated():
    with model_with() as model, copy_of(model, MortalRotated) as vault:
        vault.start()
        vault.set_up()
        yield vault


@pytest.mark.parametrize("point", points(*STEPS))
def test_killed_while_a_program_rotates(rotated, point):
    before, said = rotated.read("app/db")["password"], len(rotated.said())
    made = dies_while_it_rotates(rotated, point)
    assert rotated.read("app/db")["password"] in rotated.taken(), "readers have a value that works"
    eventually(lambda: is_over(rotated, made))
    now = rotated.read("app/db")
    assert now["user"] == "app" and now["password"] != before
    assert rotated.taken() == {now["password"]}
    steps = rotated.said()[said:]
    assert len({line["run"] for line in steps}) == 1, "all are of one value"
    twice = [point.removeprefix("rotation.acted.")] if point.startswith("rotation.acted.") else []
    assert [line["step"] for line in steps] == sorted(STEPS + twice, key=STEPS.index)


# Users of a database.


@pytest.fixture(scope="module")
def server():
    with databases.Postgresql(pathlib.Path("/tmp") / f"coffer-points-kv-{os.getpid()}") as started:
        yield started


@pytest.fixture(scope="module", params=[None, "app_twin"], ids=["one user", "two in turn"])
def fed(request, server):
    with mortal_vault() as vault:
        vault.users = [user for user in ("app_owner", request.param) if user]
        ok(vault.request("POST", "sys/mounts/database", {"type": "database"}), 204)
        ok(vault.request("POST", "database/config/pg", server.config()), 204)
        role = {"db_name": "pg", "username": "app_owner", "rotated_by": SECRET}
        if request.param:
            role["alternate_username"] = request.param
        ok(vault.request("POST", "database/static-roles/fed", role), 204)
        vault.put("app/db", {"host": "h"})
        plan = {"rotator": "database", "static_role": "database/static-roles/fed", "period": "24h"}
        ok(vault.client.post("secret/rotation/app/db", plan))
        ok(vault.client.post("secret/rotate/app/db", {}))
        eventually(lambda: is_over(vault, 2))
        yield vault


def logs_in(vault, server):
    login = vault.read("app/db")
    return login["host"] == "h" and server.logs_in(login["username"], login["password"])


INSIDE = ["database.static.kept", "database.password.sent", "database.password.checked"]


@pytest.mark.parametrize("point", points(*STEPS) + INSIDE)
def test_killed_while_a_database_user_rotates(fed, server, point):
    before = fed.read("app/db")
    made = dies_while_it_rotates(fed, point)
    if len(fed.users) == 2:
        assert logs_in(fed, server), "readers have a login that works"
    eventually(lambda: is_over(fed, made))
    now = fed.read("app/db")
    assert now["password"] != before["password"] and logs_in(fed, server)
    assert (now["username"] != before["username"]) == (len(fed.users) == 2)
    told = ok(fed.request("GET", "database/static-creds/fed")).data
    assert (told["username"], told["password"]) == (now["username"], now["password"])
