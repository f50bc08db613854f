"""Ceremonies without people: a plan, who is there, and a SoftHSM directory of its own."""

import copy
import fcntl
import hashlib
import json
import os
import subprocess

from harness import program

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
VAULT = "0a1b2c3d-0000-4000-8000-00000000c0de"
ROLES = {"sofia": "security-officer", "uwe": "user", "wilma": "witness"}


class Ceremony:
    """Everything under one directory."""

    def __init__(self, directory, roles=None):
        self.directory = directory
        (directory / "objects").mkdir()
        (directory / "secrets").mkdir(mode=0o700)
        (directory / "rehearsed").mkdir(mode=0o700)
        self.conf = directory / "softhsm2.conf"
        self.conf.write_text(f"directories.tokendir = {directory}/objects\nlog.level = ERROR\n")
        self.environment = {**os.environ, "SOFTHSM2_CONF": str(self.conf)}
        self.out = directory / "live"
        self.rehearsal = directory / "rehearsal"
        self.people = {}
        for name, role in (roles or ROLES).items():
            made = self.good("person", f"-name={name}", f"-out={self.key(name)}")
            self.people[name] = {**json.loads(made)[name], "role": role}
        self.plan = {
            "format": 1,
            "purpose": "the keys of a vault",
            "acts": ["initialise", "generate"],
            "vault": VAULT,
            "token": {"module": MODULE, "label": "coffer-dev", "profile": "softhsm"},
            "people": self.people,
            "keys": self.template("softhsm"),
        }
        self.answer({"confirm.1": "sofia", "confirm.2": "uwe", "exception": "a test's machine"})

    def key(self, name):
        return self.directory / f"{name}.key"

    def template(self, profile):
        return json.loads(self.good("plan", "template", f"-profile={profile}"))

    def answer(self, answers):
        """In the live run and in the rehearsal, whose PINs are kept apart."""
        for name, secrets in (("answers", "secrets"), ("rehearsal-answers", "rehearsed")):
            text = {"answers": answers, "secrets": str(self.directory / secrets)}
            (self.directory / f"{name}.json").write_text(json.dumps(text))

    def write(self, plan=None, name="plan.json"):
        path = self.directory / name
        path.write_text(json.dumps(plan or self.plan, indent=1))
        return path

    def changed(self, **members):
        return {**copy.deepcopy(self.plan), **members}

    def call(self, *arguments, **options):
        return subprocess.run(
            [program("coffer-ceremony"), *map(str, arguments)], env=self.environment, text=True,
            capture_output=True, timeout=120, check=False, stdin=subprocess.DEVNULL,
            start_new_session=True, **options,
        )  # fmt: skip

    def good(self, *arguments):
        done = self.call(*arguments)
        assert done.returncode == 0, (arguments, done.stdout, done.stderr)
        return done.stdout

    def rehearse(self, *more, plan=None, out=None):
        path = plan or self.write()
        return self.call("rehearse", f"-plan={path}", f"-out={out or self.rehearsal}",
                         f"-answers={self.directory}/rehearsal-answers.json", *more)  # fmt: skip

    def run(self, *more, plan=None, out=None, rehearsal=True, head=None):
        """Goes on with what is there as one does who noted its hash, unless `head` is another one."""
        noted = self.noted(out) if head is None else head
        more = [*more, f"-head={noted}"] if noted else more
        known = [f"-rehearsal={self.rehearsal if rehearsal is True else rehearsal}"] if rehearsal else []
        path = plan or self.write()
        return self.call("run", f"-plan={path}", f"-out={out or self.out}", *known,
                         f"-answers={self.directory}/answers.json", *more)  # fmt: skip

    def noted(self, out=None):
        """What people were shown last, by the transcript as it is there; empty if there is none."""
        path = (out or self.out) / "transcript"
        raw = path.read_text().splitlines(keepends=True) if path.exists() else []
        noted = ""
        for line in (x[:-1] for x in raw if x.endswith("\n")):
            if json.loads(line)["type"] in ("begin", "exception", "confirmed", "aborted", "resumed", "end"):
                noted = hashlib.sha256(line.encode()).hexdigest()
        return noted

    def sign(self, *names, out=None):
        for name in names or self.people:
            self.good("sign", f"-name={name}", f"-key={self.key(name)}", out or self.out)

    def verify(self, *more, out=None):
        done = self.call("verify-bundle", "-format=json", *more, out or self.out)
        assert done.returncode in (0, 2), done.stderr
        found = json.loads(done.stdout)
        assert found["good"] == (done.returncode == 0)
        return found

    def lines(self, out=None):
        text = ((out or self.out) / "transcript").read_text()
        return [json.loads(line) for line in text.splitlines()]

    def secret(self, name):
        return (self.directory / "secrets" / name).read_text()

    def wait_for_program(self, act):
        """Until one ended whose ceremony was killed: it holds its output."""
        with (self.out / f"{act}.output").open() as output:
            fcntl.flock(output, fcntl.LOCK_EX)

    def serial(self):
        (line,) = [x for x in self.lines() if x["type"] == "done" and x["step"] == "initialise"]
        return line["facts"]["serial"]

    def whole(self, plan=None, out=None, more=()):
        """Rehearsed, held, signed by everyone."""
        out = out or self.out
        rehearsal = self.directory / f"{out.name}-rehearsed"
        done = self.rehearse(*more, plan=plan, out=rehearsal)
        assert done.returncode == 0, done.stderr
        done = self.run(plan=plan, out=out, rehearsal=rehearsal)
        assert done.returncode == 0, done.stderr
        self.sign(out=out)
        return self

    def next_plan(self, name, **members):
        """For the token that the first ceremony made."""
        plan = self.changed(**members)
        plan["token"]["serial"] = self.serial()
        del plan["keys"]
        return self.write(plan, name)


def chained(lines):
    """What one writes who knows how the chain is made."""
    text, previous = "", "0" * 64
    for number, line in enumerate(lines, 1):
        whole = {**line, "sequence": number, "previous": previous}
        raw = json.dumps(whole, separators=(",", ":"), ensure_ascii=False)
        previous = hashlib.sha256(raw.encode()).hexdigest()
        text += raw + "\n"
    return text
