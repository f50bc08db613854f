"""Secrets that change by themselves: a password each second, a program of the operator's as another user,
a daemon that is killed at each of its steps, and readers that are waited for."""

import json
import os
import pathlib
import pwd
import time

import pytest
from configured import CLIENT, USER, ConfiguredVault, copy_of, ids, model_with

STEPS = ["create", "set", "test", "finish"]

# A server of passwords: a file each that it takes. It says what it was asked, and hangs where it is told to.
PROGRAM = """#!/usr/bin/python3
import json, os, pathlib, sys, time
state = pathlib.Path("{state}")
asked = json.load(sys.stdin)
step = asked["Step"].removesuffix("Secret")
def say(what):
    with open(state / "log", "a") as log:
        log.write(json.dumps(what) + "\\n")
def hang(when):
    if (state / f"hang-{{when}}-{{step}}").exists():
        (state / f"hang-{{when}}-{{step}}").unlink()
        say({{"hangs": when, "step": step}})
        time.sleep(600)
taken = state / "taken"
say({{"step": step, "run": asked["ClientRequestToken"], "id": asked["SecretId"], "uid": os.getuid(),
     "environment": list(os.environ)}})
hang("before")
if step == "set":
    (taken / asked["Pending"]["password"]).touch()
elif step == "test" and not (taken / asked["Pending"]["password"]).exists():
    print(json.dumps({{"Refused": True}}))
elif step == "finish":
    for each in taken.iterdir():
        if each.name != asked["Current"]["password"]:
            each.unlink()
hang("after")
if (state / f"refuse-{{step}}").exists():
    (state / f"refuse-{{step}}").unlink()
    print(json.dumps({{"Refused": True}}))
print("canary-of-stderr", file=sys.stderr)
"""

HANGS = """#!/usr/bin/python3
import time
with open("{state}/log", "a") as log:
    log.write('{{"hangs": true}}\\n')
time.sleep(600)
"""


@pytest.fixture(scope="module")
def model():
    with model_with() as directory:
        yield directory


class Rotated(ConfiguredVault):
    """Its daemon is one user, its program another."""

    def __init__(self, directory, etc, model):
        super().__init__(directory, etc, model)
        self.belong_to(USER)
        self.state = self.etc.parent / "state"
        self.state.mkdir()
        (self.state / "taken").mkdir()
        (self.state / "taken/first").touch()
        program = self.program(PROGRAM, "rotate")
        for path in [self.state, *self.state.rglob("*")]:
            os.chown(path, *ids(CLIENT))
        self.settings["rotation_program"] = [
            {"name": "it", "path": program, "secrets": ["secret/app/*"], "user": CLIENT,
             "deadline_seconds": 600}]
        self.write()

    def program(self, text, name):
        program = self.etc / name
        program.write_text(text.format(state=self.state))
        os.chmod(program, 0o755)
        return str(program)

    def said(self):
        log = self.state / "log"
        return [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []

    def taken(self):
        return {path.name for path in (self.state / "taken").iterdir()}

    def tell(self, what):
        (self.state / what).touch()
        os.chown(self.state / what, *ids(CLIENT))

    def set_up(self, **more):
        self.put("app/db", {"password": "first", "user": "app"})
        plan = {"rotator": "exec", "program": "it", "period": "24h", "fields": ["password"], **more}
        answer = self.client.post("secret/rotation/app/db", plan)
        assert answer.status == 200, answer.body

    def rotate(self):
        answer = self.client.post("secret/rotate/app/db", {})
        assert answer.status == 200, answer.body

    def rotation(self):
        return self.client.get("secret/rotation/app/db").data


@pytest.fixture
def rotated(model):
    with copy_of(model, Rotated) as vault:
        yield vault


def until(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def idle(vault, version):
    """The rotation that makes this version is over."""
    def over():
        now = vault.rotation()
        return now["phase"] == "idle" and now["stages"]["current"] == version
    return over


def test_a_new_password_each_second_and_readers_see_whole_ones(vault):
    vault.put("app/db", {"password": "first", "user": "app"})
    plan = {"rotator": "generate", "period": "1s"}
    assert vault.client.post("secret/rotation/app/db", plan).status == 200
    seen = set()

    def three():
        data = vault.client.get("secret/data/app/db").data["data"]
        assert data["user"] == "app" and data["password"]
        seen.add(data["password"])
        return len(seen) >= 3
    until(three)
    listed = vault.client.list("sys/rotation").data
    assert listed["keys"] == ["secret/app/db"]
    assert listed["key_info"]["secret/app/db"]["failures"] == 0


def test_a_program_rotates_no_secret_but_those_of_its_list(rotated):
    """Whoever may write any secret would have it rotated otherwise, with a value that he knows."""
    vault = rotated.start()
    vault.set_up()
    vault.put("mine/x", {"password": "p"})
    plan = {"rotator": "exec", "program": "it", "period": "1h", "fields": ["password"]}
    refused = vault.client.post("secret/rotation/mine/x", plan)
    assert refused.status == 400 and b'field \\"program\\"' in refused.body, refused.body
    assert vault.client.get("secret/rotation/mine/x").status == 404
    # A list that is another by the next start holds for the rotations that there are.
    vault.stop()
    vault.settings["rotation_program"][0]["secrets"] = ["secret/other/*"]
    vault.write()
    vault.start()
    vault.rotate()
    until(lambda: vault.rotation()["failures"] > 0)
    assert "secrets of the program" in vault.rotation()["trouble"]
    assert vault.said() == [] and vault.taken() == {"first"}


def test_a_program_takes_the_four_steps_as_its_user(rotated):
    vault = rotated.start()
    vault.set_up()
    vault.rotate()
    until(idle(vault, 2))
    said = vault.said()
    assert [line["step"] for line in said] == STEPS
    assert len({line["run"] for line in said}) == 1
    assert {line["uid"] for line in said} == {pwd.getpwnam(CLIENT).pw_uid}
    assert {line["id"] for line in said} == {"secret/app/db"}
    assert all(set(line["environment"]) <= {"LC_CTYPE"} for line in said), "Python sets that itself"
    assert vault.taken() == {vault.read("app/db")["password"]}
    assert vault.read("app/db")["user"] == "app"
    everything = vault.log + "".join(json.dumps(line) for line in vault.audit_lines())
    assert "canary-of-stderr" not in everything
    assert vault.read("app/db")["password"] not in everything
    paths = [line["request"]["path"] for line in vault.audit_lines() if line["type"] == "request"]
    for step in STEPS:
        assert f"sys/rotation/{step}/secret/app/db" in paths


def test_no_request_names_a_program(rotated):
    vault = rotated.start()
    vault.put("app/db", {"password": "first"})
    for name in ("/bin/sh", "../rotate", "nobody"):
        plan = {"rotator": "exec", "program": name, "period": "1h"}
        answer = vault.client.post("secret/rotation/app/db", plan)
        assert answer.status == 400 and "program" in answer.errors[0], answer.body


def test_a_refusal_is_seen_and_followed_by_another_value(rotated):
    vault = rotated.start()
    vault.set_up()
    vault.tell("refuse-create")
    vault.rotate()
    until(lambda: vault.rotation()["failures"] == 1)
    assert vault.rotation()["trouble"] == "create: the program refused"
    assert vault.client.get("sys/health").json["rotations_failing"] == 1
    assert vault.read("app/db")["password"] == "first"
    until(idle(vault, 2))
    assert len({line["run"] for line in vault.said()}) == 2
    assert "rotations_failing" not in vault.client.get("sys/health").json


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", STEPS)
def test_a_daemon_that_is_killed_goes_on_where_it_was(rotated, step, when):
    vault = rotated.start()
    vault.set_up()
    vault.tell(f"hang-{when}-{step}")
    vault.rotate()
    until(lambda: any(line.get("hangs") == when for line in vault.said()))
    vault.kill()
    vault.start()
    password = vault.read("app/db")["password"]
    assert password in vault.taken(), "readers have a value that works"
    until(idle(vault, 2))
    assert vault.taken() == {vault.read("app/db")["password"]}
    said = [line for line in vault.said() if "run" in line]
    assert len({line["run"] for line in said}) == 1, "the same value"
    assert [line["step"] for line in said].count(step) == 2


def test_a_seal_ends_a_program_that_hangs_and_it_is_taken_up_again(rotated):
    vault = rotated.start()
    vault.set_up()
    vault.tell("hang-before-set")
    vault.rotate()
    until(lambda: any("hangs" in line for line in vault.said()))
    assert vault.client.post("sys/seal", {}).status == 204
    vault.restart()
    until(idle(vault, 2))


def test_a_program_that_hangs_holds_up_no_rotation_but_its_own(rotated):
    vault = rotated
    vault.settings["rotation_program"].append(
        {"name": "hangs", "path": vault.program(HANGS, "hangs"), "secrets": ["secret/hung/*"], "user": CLIENT,
         "deadline_seconds": 600})
    vault.write()
    vault.start()
    # More than the daemon has threads for.
    for number in range(20):
        vault.put(f"hung/{number}", {"password": "first"})
        plan = {"rotator": "exec", "program": "hangs", "period": "24h", "fields": ["password"]}
        assert vault.client.post(f"secret/rotation/hung/{number}", plan).status == 200
        assert vault.client.post(f"secret/rotate/hung/{number}", {}).status == 200
    until(lambda: len(vault.said()) == 2)
    vault.set_up()
    vault.rotate()
    until(idle(vault, 2))
    vault.put("own", {"password": "first"})
    assert vault.client.post("secret/rotation/own", {"rotator": "generate", "period": "24h"}).status == 200
    assert vault.client.post("secret/rotate/own", {}).status == 200
    until(lambda: vault.client.get("secret/data/own").data["metadata"]["version"] == 2)
    assert len([line for line in vault.said() if "hangs" in line]) == 2, "and no third of what hangs was begun"


def test_finish_waits_for_readers_of_the_old_value(rotated):
    vault = rotated.start()
    vault.set_up(readers_window="10m", readers_deadline="10m")
    assert vault.read("app/db")["password"] == "first"
    vault.rotate()
    until(lambda: vault.rotation()["phase"] == "wait")
    assert vault.taken() >= {"first"}, "the old value works as long"
    readers = vault.client.get("secret/readers/app/db").data
    assert len(readers["awaited"]) == 1 and readers["unknown_readers"], readers
    new = vault.read("app/db")["password"]
    assert new != "first"
    vault.kill()  # who is waited for outlives the daemon; who came since has to come again
    vault.start()
    assert vault.rotation()["awaits"] == 1
    assert vault.read("app/db")["password"] == new
    until(lambda: vault.rotation()["awaits"] == 0, seconds=120)
    assert "finish" not in [line.get("step") for line in vault.said()], "there may be others"
    vault.rotate()
    until(idle(vault, 2))
    assert vault.taken() == {new}


def test_a_reader_who_is_known_is_waited_for_over_a_restart(rotated):
    vault = rotated.start()
    vault.set_up(readers_window="10s", readers_deadline="3m")
    watched = time.monotonic() + 11  # from then on all readers of the window are known

    def read_old():
        return vault.client.get("secret/data/app/db?version=1").status == 200
    until(lambda: read_old() and time.monotonic() > watched)
    vault.rotate()
    until(lambda: read_old() and vault.rotation()["phase"] == "wait")
    readers = vault.client.get("secret/readers/app/db").data
    assert len(readers["awaited"]) == 1 and not readers["unknown_readers"], readers

    def looks():
        return len([line for line in vault.audit_lines() if line.get("type") == "response"
                    and line["request"]["path"] == "sys/rotation/wait/secret/app/db"])
    vault.kill()
    before = looks()
    vault.start()
    until(lambda: looks() > before)
    assert vault.rotation()["awaits"] == 1
    assert "first" in vault.taken() and "finish" not in [line.get("step") for line in vault.said()]
    new = vault.read("app/db")["password"]
    until(idle(vault, 2))
    assert vault.taken() == {new}


def test_readers_of_before_a_restart_are_waited_for_by_nobody_s_name(rotated):
    vault = rotated.start()
    vault.set_up(readers_window="10m", readers_deadline="30s")
    assert vault.read("app/db")["password"] == "first"
    vault.kill()
    vault.start()
    begun = time.monotonic()
    vault.rotate()
    until(lambda: vault.rotation()["phase"] == "wait")
    assert vault.client.get("secret/readers/app/db").data["unknown_readers"]
    until(idle(vault, 2), seconds=120)
    assert time.monotonic() - begun > 29, "whoever they are, they have had the time that there is"


def test_a_program_that_others_could_change_is_refused_at_the_start(rotated):
    os.chmod(rotated.etc / "rotate", 0o777)
    said = rotated.refused()
    assert "program it" in said and "could change it" in said, said


def test_the_helper_started_by_hand_does_nothing(rotated):
    rotated.start()
    helpers = [
        path.parent for path in pathlib.Path("/proc").glob("[0-9]*/comm")
        if path.read_text() == "coffer-exec\n"
        and f"--parent={rotated.pid}" in (path.parent / "cmdline").read_text()
    ]  # fmt: skip
    assert len(helpers) == 1
    assert rotated.stop() == 0
    until(lambda: not helpers[0].exists())
