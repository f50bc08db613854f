"""scripts/tally.py: nothing that did not pass may be counted as passed."""

import pathlib
import subprocess
import sys

TALLY = pathlib.Path(__file__).parents[3] / "scripts" / "tally.py"


def tally(tmp_path, tap):
    (tmp_path / "release").mkdir()
    (tmp_path / "release" / "bats.tap").write_text(tap)
    done = subprocess.run([sys.executable, TALLY, tmp_path], capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines()[-1]


def test_counts_what_passed(tmp_path):
    assert tally(tmp_path, "1..2\nok 1 a # in 3 ms\nok 2 b\n") == (0, "2 passed, 0 failed")


def test_a_failure_and_a_skip_have_not_passed(tmp_path):
    tap = "1..3\nok 1 a\nnot ok 2 b\n# why\nok 3 c # skip no tool\n"
    assert tally(tmp_path, tap) == (1, "1 passed, 2 failed")


def test_a_run_that_was_cut_short_has_failed(tmp_path):
    assert tally(tmp_path, "1..3\nok 1 a\n") == (1, "1 passed, 1 failed")


def test_a_run_without_a_plan_has_failed(tmp_path):
    assert tally(tmp_path, "ok 1 a\n") == (1, "1 passed, 1 failed")
