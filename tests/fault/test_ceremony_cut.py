"""A ceremony whose process dies inside of a call to the token's module, and a rehearsal that was cut."""

import shutil
import signal
import subprocess

import pytest

from ceremony_kit import MODULE, Ceremony
from p11_faults import Faults


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
