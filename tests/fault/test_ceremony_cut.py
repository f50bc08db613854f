"""A ceremony whose process dies inside of a call to the token's module, or between what it did to the
token and the line of that; and a rehearsal that was cut."""

import shutil
import signal
import subprocess

import pytest

from ceremony_kit import MODULE, Ceremony, chained
from ceremony_terminal import Terminal
from harness import program
from p11_faults import Faults

STEPS = {"change-user-pin": "user-pin", "change-so-pin": "so-pin"}
CUSTODIANS = {"anna": "custodian", "bert": "custodian", "cora": "custodian", "uwe": "user"}


@pytest.fixture
def ceremony(tmp_path):
    return Ceremony(tmp_path)


def half_made(ceremony):
    """Killed with the token initialised and no user PIN set: at the login between the two."""
    faults = Faults(ceremony.directory)
    ceremony.plan["token"]["module"] = str(faults.module)
    faults.set("C_Login nth 1: crash\n")
    assert ceremony.run(rehearsal=False).returncode == -signal.SIGSEGV
    faults.clear()
    assert (ceremony.lines()[-1]["type"], ceremony.lines()[-1]["step"]) == ("intent", "initialise")
    assert len(list((ceremony.directory / "objects").iterdir())) == 1


def test_a_token_that_was_half_made_is_finished(ceremony):
    half_made(ceremony)
    done = ceremony.run(rehearsal=False)
    assert done.returncode == 0, done.stderr
    assert len(list((ceremony.directory / "objects").iterdir())) == 1
    ceremony.sign()
    assert ceremony.verify()["good"]


def test_a_half_made_token_of_somebody_else_is_left_alone(ceremony):
    half_made(ceremony)
    shutil.rmtree(ceremony.directory / "objects")
    (ceremony.directory / "objects").mkdir()
    subprocess.run(
        ["pkcs11-tool", "--module", MODULE, "--init-token", "--slot-index", "0", "--label", "coffer-dev",
         "--so-pin", "12345678"],
        env=ceremony.environment, check=True, capture_output=True,
    )  # fmt: skip
    stopped = ceremony.run(rehearsal=False)
    assert stopped.returncode == 1 and "PIN" in stopped.stderr
    # One that was there before the ceremony began isn't asked for anything.
    second = ceremony.directory / "second"
    stopped = ceremony.run(rehearsal=False, out=second)
    assert stopped.returncode == 1 and "a token of that label already" in stopped.stderr
    assert all(line["type"] != "intent" for line in ceremony.lines(second))


def test_a_rehearsal_that_was_cut_begins_anew_elsewhere(ceremony):
    ceremony.answer({"confirm.1": "sofia", "confirm.2": "uwe", "exception": "x", "confirm.keys.1": "nobody"})
    cut = ceremony.rehearse()
    assert cut.returncode == 1 and "begin it anew, with another -out" in cut.stderr
    ceremony.answer({"confirm.1": "sofia", "confirm.2": "uwe", "exception": "x"})
    left = sorted(path.name for path in ceremony.rehearsal.iterdir())
    again = ceremony.rehearse()
    assert again.returncode == 1 and f"{ceremony.rehearsal} is there already" in again.stderr
    assert "begins anew in a new directory" in again.stderr
    assert sorted(path.name for path in ceremony.rehearsal.iterdir()) == left
    assert ceremony.rehearse(out=ceremony.directory / "other").returncode == 0
    nowhere = ceremony.rehearse(out=ceremony.directory / "no" / "such")
    assert nowhere.returncode == 1 and "cannot make" in nowhere.stderr


def kill(ceremony, call, number, plan, out):
    """At its so-manieth such call on the transcript."""
    head = ceremony.noted(out)
    subprocess.run(
        ["strace", "-f", "-P", out / "transcript", "-qq", "-o", "/dev/null", "-e", f"trace={call}",
         "-e", f"inject={call}:signal=KILL:when={number}", program("coffer-ceremony"), "run",
         f"-plan={plan}", f"-out={out}", f"-answers={ceremony.directory}/answers.json",
         *([f"-head={head}"] if head else [])],
        env=ceremony.environment, capture_output=True, text=True, stdin=subprocess.DEVNULL,
        timeout=120, check=False,
    )  # fmt: skip


def test_why_there_was_no_rehearsal_is_asked_again_if_it_wasnt_written_down(ceremony):
    kill(ceremony, "write", 2, ceremony.write(), ceremony.out)
    assert [x["type"] for x in ceremony.lines()] == ["begin"]
    known = {"confirm.1": "sofia", "confirm.2": "uwe",
             **{f"exception.{name}": "x" for name in ("clock", "entropy", "swap", "network")}}  # fmt: skip
    ceremony.answer(known)
    for _ in range(2):
        stopped = ceremony.run(rehearsal=False)
        assert stopped.returncode == 1
        assert "rehearsal: the ceremony was begun without one; nobody gave a reason" in stopped.stderr
        assert [x["type"] for x in ceremony.lines()][-2:] == ["resumed", "aborted"]
    ceremony.answer({**known, "exception.rehearsal": "there was no time"})
    done = ceremony.run(rehearsal=False)
    assert done.returncode == 0, done.stderr
    assert [x["facts"]["finding"] for x in ceremony.lines() if x["type"] == "exception"].count("rehearsal") == 1
    ceremony.sign()
    found = ceremony.verify()
    assert found["good"] and "rehearsal: there was no time (sofia, uwe)" in found["exceptions"]


def test_the_names_of_a_new_ceremony_are_on_disk_before_its_first_line(ceremony):
    trace = ceremony.directory / "trace"
    ceremony.answer({"confirm.1": "sofia", "confirm.2": "uwe", "exception": "x", "confirm.plan.1": "nobody"})
    subprocess.run(
        ["strace", "-f", "-y", "-qq", "-o", trace, "-e", "trace=mkdir,mkdirat,fsync,write", program("coffer-ceremony"),
         "run", f"-plan={ceremony.write()}", f"-out={ceremony.out}/", f"-answers={ceremony.directory}/answers.json"],
        env=ceremony.environment, capture_output=True, stdin=subprocess.DEVNULL, timeout=120, check=False,
    )  # fmt: skip
    lines = trace.read_text().splitlines()

    def at(call, path):
        return [n for n, x in enumerate(lines) if f" {call}(" in x and f"<{path}>" in x]

    (made,) = [n for n, x in enumerate(lines) if "mkdir" in x and f'"{ceremony.out}/"' in x]
    first = at("write", ceremony.out / "transcript")[0]
    assert any(made < n < first for n in at("fsync", ceremony.directory))
    plan = at("fsync", ceremony.out / "plan.json.new")[0]
    assert len([n for n in at("fsync", ceremony.out) if plan < n < first]) == 2  # the plan's name, the transcript's


class Changing:
    """`change-pins` on a token whose logins are counted, cut right behind its line `intent`, so that
    the token has the old PIN, or right before its line `done`, when it has the new one."""

    def __init__(self, directory, roles=None):
        self.ceremony = Ceremony(directory, roles)
        self.faults = Faults(directory)
        self.ceremony.plan["token"]["module"] = str(self.faults.module)
        if roles:
            self.ceremony.plan["shares"] = {"needed": 2, "total": 3}
            self.ceremony.answer({"confirm.1": "anna", "confirm.2": "uwe", "exception": "x"})
        assert self.ceremony.run(rehearsal=False).returncode == 0
        self.keep_so_pin()
        self.plan = self.ceremony.next_plan("change.json", acts=["change-pins"])
        self.out = directory / "changed"

    def keep_so_pin(self):
        """Put together of its shares, if it was split."""
        secrets = self.ceremony.directory / "secrets"
        if (secrets / "share-1").exists():
            (secrets / "so-pin").unlink(missing_ok=True)
            (secrets / "so-pin").write_text(
                self.ceremony.good("combine", secrets / "share-1", secrets / "share-2"))  # fmt: skip
            (secrets / "so-pin").chmod(0o400)

    def place(self, kind, step):
        """Which line that is: on this machine each run has the same ones."""
        whole = self.ceremony.directory / "whole"
        assert self.ceremony.run(plan=self.plan, out=whole, rehearsal=False).returncode == 0
        (number,) = [x["sequence"] for x in self.ceremony.lines(whole) if (x["type"], x["step"]) == (kind, step)]
        secrets = self.ceremony.directory / "secrets"
        for name in ("user-pin", "so-pin"):
            if (secrets / f"new-{name}").exists():
                (secrets / f"new-{name}").replace(secrets / name)
        self.keep_so_pin()
        return number

    def cut(self, step, changed):
        kind, call = ("done", "write") if changed else ("intent", "fsync,fdatasync")
        self.kill(call, self.place(kind, step))
        last = self.ceremony.lines(self.out)[-1]
        assert (last["type"], last["step"]) == ("intent", step), last

    def kill(self, call, number):
        kill(self.ceremony, call, number, self.plan, self.out)
        self.before = self.faults.count("C_Login")[1]

    def wrong_tries(self):
        return self.faults.count("C_Login")[1] - self.before

    def go_on(self):
        return self.ceremony.run(plan=self.plan, out=self.out, rehearsal=False)

    def facts(self, step):
        (facts,) = [x["facts"] for x in self.ceremony.lines(self.out) if (x["type"], x["step"]) == ("done", step)]
        return facts

    def opens(self, name, so=False):
        """By other means than the ceremony's."""
        pin = self.ceremony.secret(name)
        # A security officer's login needs a session that writes: the PIN is changed into itself.
        what = ["--login-type", "so", "--change-pin", "--new-pin", pin] if so else ["-O"]
        done = subprocess.run(
            ["pkcs11-tool", "--module", MODULE, "--login", f"--{'so-' if so else ''}pin", pin, *what],
            env=self.ceremony.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode == 0


@pytest.mark.parametrize("changed", [False, True], ids=["old", "new"])
@pytest.mark.parametrize("step", STEPS)
def test_a_change_of_pins_goes_on_with_the_one_that_the_token_has(tmp_path, step, changed):
    changing = Changing(tmp_path)
    changing.cut(step, changed)
    name = f"new-{STEPS[step]}"
    handed_out = changing.ceremony.secret(name)
    done = changing.go_on()
    assert done.returncode == 0, done.stderr
    assert changing.wrong_tries() == (0 if changed else 1)
    assert (changing.ceremony.secret(name) == handed_out) == changed
    assert ("made anew" in done.stdout) == (not changed or step == "change-user-pin")  # that of the SO PIN
    said = {"changed": "yes", name: "found on the token" if changed else "made anew"}
    assert changing.facts(step) == said
    assert changing.opens("new-user-pin") and changing.opens("new-so-pin", so=True)
    changing.ceremony.sign(out=changing.out)
    assert changing.ceremony.verify(out=changing.out)["good"]


@pytest.mark.parametrize("changed", [False, True], ids=["old", "new"])
def test_a_change_of_an_so_pin_in_shares_goes_on_as_well(tmp_path, changed):
    changing = Changing(tmp_path, CUSTODIANS)
    changing.cut("change-so-pin", changed)
    done = changing.go_on()
    assert done.returncode == 0, done.stderr
    assert changing.wrong_tries() == (0 if changed else 1)
    assert changing.facts("change-so-pin")["subsets-tried"] == "all"
    changing.keep_so_pin()
    assert changing.opens("so-pin", so=True)
    changing.ceremony.sign(out=changing.out)
    assert changing.ceremony.verify(out=changing.out)["good"]


def test_a_change_that_is_cut_twice_goes_on_with_the_last_pin(tmp_path):
    changing = Changing(tmp_path)
    changing.cut("change-user-pin", changed=False)
    first = changing.ceremony.secret("new-user-pin")
    # The change is made again with another PIN, and what it says afterwards is lost.
    changing.kill("write", 4)  # resumed, step, intent
    second = changing.ceremony.secret("new-user-pin")
    lines = changing.ceremony.lines(changing.out)
    assert lines[-1]["type"] == "intent" and first != second
    done = changing.go_on()
    assert done.returncode == 0, done.stderr
    assert changing.ceremony.secret("new-user-pin") == second and changing.wrong_tries() == 0
    changing.ceremony.sign(out=changing.out)
    assert changing.ceremony.verify(out=changing.out)["good"]


def test_no_third_try_is_made_if_neither_pin_is_right(tmp_path):
    changing = Changing(tmp_path)
    changing.cut("change-so-pin", changed=True)
    secrets = tmp_path / "secrets"
    right = changing.ceremony.secret("new-so-pin")
    for text, tries, said in (("11111111", 2, "neither the new-so-pin nor the so-pin"), (right, 2, "wrong PINs were")):
        (secrets / "new-so-pin").chmod(0o600)
        (secrets / "new-so-pin").write_text(text)
        (secrets / "new-so-pin").chmod(0o400)
        stopped = changing.go_on()
        assert stopped.returncode == 1 and said in stopped.stderr, stopped.stderr
        assert changing.wrong_tries() == tries
    assert changing.opens("new-so-pin", so=True)  # by other means, as the page says
    done = changing.go_on()
    assert done.returncode == 0, done.stderr
    assert changing.ceremony.secret("new-so-pin") == right


def test_a_wrong_old_pin_leaves_no_doubt_which_the_token_has(tmp_path):
    changing = Changing(tmp_path)
    so_pin = tmp_path / "secrets" / "so-pin"
    right = so_pin.read_text()
    so_pin.chmod(0o600)
    so_pin.write_text("11111111")
    so_pin.chmod(0o400)
    stopped = changing.go_on()
    assert stopped.returncode == 1 and "the token refused the so-pin" in stopped.stderr
    steps = [x["step"] for x in changing.ceremony.lines(changing.out) if x["type"] == "intent"]
    assert steps == ["change-user-pin"]
    so_pin.chmod(0o600)
    so_pin.write_text(right)
    so_pin.chmod(0o400)
    assert changing.opens("so-pin", so=True)
    assert changing.go_on().returncode == 0


def test_an_intent_that_was_moved_is_found(tmp_path):
    changing = Changing(tmp_path)
    assert changing.go_on().returncode == 0
    changing.ceremony.sign(out=changing.out)
    assert changing.ceremony.verify(out=changing.out)["good"]
    lines = changing.ceremony.lines(changing.out)
    at = next(n for n, x in enumerate(lines) if x["type"] == "intent")
    later = [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]
    foreign = [*lines[:at], {**lines[at], "step": "new-pins"}, *lines[at + 1 :]]
    for edited, number in ((later, at + 2), (foreign, at + 1)):
        (changing.out / "transcript").write_text(chained(edited))
        problems = changing.ceremony.verify(out=changing.out)["problems"]
        assert f"line {number} of the transcript isn't one that a ceremony writes there" in problems
    (changing.out / "transcript").write_text(chained([*lines[:at], *lines[at + 1 :]]))
    assert not changing.ceremony.verify(out=changing.out)["good"]


def test_people_at_a_terminal_type_in_both_pins(tmp_path):
    changing = Changing(tmp_path)
    changing.cut("change-user-pin", changed=False)
    secret = changing.ceremony.secret
    terminal = Terminal(changing.ceremony.environment, "run", f"-out={changing.out}")
    try:
        terminal.confirm("sofia", "uwe")
        terminal.wait_for("cut short while the user-pin was changed")
        for name in ("new-user-pin", "new-user-pin", "user-pin", "user-pin"):
            terminal.wait_for(f"\n{name} (not shown): ")
            terminal.type(secret(name))
        terminal.wait_for("The new-user-pin is made anew")
        pin = terminal.take_pin()
        assert pin not in (secret("new-user-pin"), secret("user-pin"))
        terminal.wait_for("new-user-pin (not shown): ")
        terminal.type(pin)
        terminal.confirm("sofia", "uwe")
        terminal.wait_for("so-pin (not shown): ")
        terminal.type(secret("so-pin"))
        terminal.wait_for("The new-so-pin is made anew")
        so_pin = terminal.take_pin()
        terminal.wait_for("new-so-pin (not shown): ")
        terminal.type(so_pin)
        terminal.confirm("sofia", "uwe")
        terminal.wait_for("The transcript's hash: ")
        assert terminal.end() == 0
    finally:
        terminal.kill()
    assert changing.wrong_tries() == 1
    changing.ceremony.sign(out=changing.out)
    assert changing.ceremony.verify(out=changing.out)["good"]
