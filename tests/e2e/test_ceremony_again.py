"""An act's program whose end nobody saw, or which failed: it runs a second time only if people say so."""

import hashlib
import os

import pytest

from ceremony_kit import Ceremony, chained

ANSWERS = {"confirm.1": "sofia", "confirm.2": "uwe", "exception": "x"}


class Acting(Ceremony):
    """A program that can be done once, counts its runs, and then does what it is told to."""

    def __init__(self, directory, then):
        super().__init__(directory)
        program = directory / "program"
        program.write_text(f'#!/bin/sh\necho run >>"$0.runs"\necho one line\nmkdir "$0.done" || exit 3\n{then}\n')
        program.chmod(0o755)
        self.runs_file = directory / "program.runs"
        self.plan.update(acts=["initialise", "generate", "retire"], programs={"retire": [str(program)]})
        self.answer(ANSWERS)

    def hold(self, **answers):
        self.answer({**ANSWERS, **answers})
        return super().run(rehearsal=False)

    def runs(self):
        return len(self.runs_file.read_text().splitlines())

    def of(self, kind):
        return [x["facts"] for x in self.lines() if (x["type"], x["step"]) == (kind, "retire")]

    def verified(self):
        self.sign()
        found = self.verify()
        assert found["good"], found
        return [x for x in found["exceptions"] if x.startswith("retire")]

    def problems_without(self, finding):
        kept = [x for x in self.lines() if x["facts"].get("finding") != finding]
        (self.out / "transcript").write_text(chained(kept))
        return self.verify()["problems"]


@pytest.fixture
def killed(tmp_path):
    """Its program was done, and it died before it wrote that down."""
    ceremony = Acting(tmp_path, "kill -9 $PPID")
    assert ceremony.hold().returncode == -9
    ceremony.wait_for_program("retire")
    assert (ceremony.lines()[-1]["type"], ceremony.lines()[-1]["step"]) == ("intent", "retire")
    return ceremony


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_what_was_done_isnt_done_again_if_people_say_so(killed):
    done = killed.hold(**{"program.retire": "done", "exception.retire-as-done": "the vault says it is"})
    assert done.returncode == 0, done.stderr
    assert "begun before, and nobody saw its end" in done.stdout and killed.runs() == 1
    (facts,) = killed.of("done")
    program, output = sha256(killed.directory / "program"), sha256(killed.out / "retire.output")
    assert facts == {"command": str(killed.directory / "program"), "program-sha256": program,
                     "exit-status": "unknown", "output-sha256": output}  # fmt: skip
    assert killed.of("intent") == [{"program-sha256": program, "output-size": "0"}]
    assert killed.verified() == ["retire-as-done: the vault says it is (sofia, uwe)"]
    assert "step retire of the transcript has another exit-status than the plan" in killed.problems_without(
        "retire-as-done")  # fmt: skip


def test_nothing_is_run_again_without_a_word(killed):
    for answers, said in (({}, 'no answer to "program.retire"'),
                          ({"program": "yes"}, "the answer is neither again nor done"),
                          ({"program": "again", "exception.retire-again": ""}, "nobody gave a reason")):  # fmt: skip
        stopped = killed.hold(**answers)
        assert stopped.returncode == 1 and said in stopped.stderr
        assert [x["type"] for x in killed.lines()][-2:] == ["failed", "aborted"]
    assert killed.runs() == 1 and len(killed.of("intent")) == 1


def test_it_is_run_again_if_people_say_so_and_then_taken_as_it_is(killed):
    stopped = killed.hold(program="again")
    assert stopped.returncode == 1 and "ended with exit status 3" in stopped.stderr
    assert killed.of("failed")[-1]["exit-status"] == "3" and killed.runs() == 2
    done = killed.hold(program="done")
    assert done.returncode == 0, done.stderr
    assert "run before, and ended with exit status 3" in done.stdout and killed.runs() == 2
    (facts,) = killed.of("done")
    assert facts["exit-status"] == "3"
    # What the first run said is there still.
    output = (killed.out / "retire.output").read_text()
    assert output.count("one line\n") == 2 and facts["output-sha256"] == sha256(killed.out / "retire.output")
    assert [x["output-size"] for x in killed.of("intent")] == ["0", str(len("one line\n"))]
    assert killed.verified() == ["retire-again: x (sofia, uwe)", "retire-as-done: x (sofia, uwe)"]
    assert "\nfailed/exit-status 3\n" in (killed.out / "report").read_text()
    assert "the program of step retire was run again, and no exception says why" in killed.problems_without(
        "retire-again")  # fmt: skip


def test_what_was_answered_for_stands_when_it_is_cut_once_more(killed):
    assert killed.hold(program="done").returncode == 0
    lines = killed.lines()
    (at,) = (n for n, x in enumerate(lines) if x["facts"].get("finding") == "retire-as-done")
    (killed.out / "transcript").write_text(chained(lines[: at + 1]))
    (killed.out / "report").unlink()
    done = killed.hold()
    assert done.returncode == 0, done.stderr
    assert killed.runs() == 1 and len(killed.verified()) == 1


def test_a_program_that_still_runs_is_waited_for(tmp_path):
    ceremony = Acting(tmp_path, 'kill -9 $PPID; cat "$0.fifo"; echo the end')
    fifo = tmp_path / "program.fifo"
    os.mkfifo(fifo)
    assert ceremony.hold().returncode == -9
    stopped = ceremony.hold(program="done")
    assert stopped.returncode == 1 and "the program that was begun before still runs" in stopped.stderr
    fifo.write_text("go\n")
    ceremony.wait_for_program("retire")
    assert (ceremony.out / "retire.output").read_text().endswith("the end\n")
    done = ceremony.hold(program="done")
    assert done.returncode == 0, done.stderr
    assert ceremony.runs() == 1 and len(ceremony.verified()) == 1


def test_a_program_that_cant_be_started_says_so(tmp_path):
    ceremony = Acting(tmp_path, "")
    (tmp_path / "program").chmod(0o644)
    stopped = ceremony.hold()
    assert stopped.returncode == 1 and "couldn't be started" in stopped.stderr
    assert ceremony.of("failed")[-1]["exit-status"] == "not started"
    (tmp_path / "program").chmod(0o755)
    assert ceremony.hold(program="again").returncode == 0
    assert ceremony.of("done")[0]["exit-status"] == "0" and ceremony.runs() == 1
    assert ceremony.verified() == ["retire-again: x (sofia, uwe)"]
