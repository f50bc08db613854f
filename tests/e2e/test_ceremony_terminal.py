"""A ceremony with people at a terminal: PINs are shown once, typed in unseen, and Ctrl-C is on the
record."""

import os
import pathlib
import re

import pytest

from ceremony_kit import Ceremony
from ceremony_terminal import Terminal, past_findings
from memory_scan import find, find_at_exit

@pytest.fixture
def started(tmp_path):
    """A rehearsal at a terminal, up to the findings about the machine."""
    ceremony = Ceremony(tmp_path)
    (tmp_path / "tmp").mkdir()
    ceremony.environment["TMPDIR"] = str(tmp_path / "tmp")
    terminal = Terminal(ceremony.environment, "rehearse", f"-plan={ceremony.write()}",
                        f"-out={ceremony.rehearsal}")  # fmt: skip
    terminal.confirm("sofia", "uwe")
    yield ceremony, terminal
    terminal.kill()


def test_pins_are_shown_once_and_typed_in_unseen(started):
    ceremony, terminal = started
    past_findings(terminal)
    so_pin, user_pin = terminal.take_pin(), terminal.take_pin()
    assert so_pin != user_pin
    terminal.confirm("sofia", "wilma")  # who took the user PIN isn't among them
    terminal.wait_for("Not taken: one of the two must have the role user.")
    terminal.confirm("sofia", "uwe")
    shown = terminal.at
    terminal.wait_for("so-pin (not shown): ")
    terminal.type(so_pin)
    terminal.wait_for("user-pin (not shown): ")
    terminal.type(user_pin)
    terminal.confirm("sofia", "uwe")
    terminal.confirm("uwe", "wilma")
    terminal.confirm("uwe", "wilma")
    terminal.wait_for("The transcript's hash: ")
    assert terminal.end() == 0
    later = terminal.seen[shown:]
    assert so_pin not in later and user_pin not in later
    text = (ceremony.rehearsal / "transcript").read_text() + (ceremony.rehearsal / "report").read_text()
    assert so_pin not in text and user_pin not in text


def test_a_pin_that_was_written_down_wrongly_is_found_at_once(started):
    ceremony, terminal = started
    past_findings(terminal)
    so_pin, user_pin = terminal.take_pin(), terminal.take_pin()
    terminal.confirm("sofia", "uwe")
    terminal.wait_for("so-pin (not shown): ")
    terminal.type(so_pin + "x")
    terminal.wait_for("the so-pin that was typed in isn't the one handed out")
    assert terminal.end() == 1
    assert ceremony.lines(ceremony.rehearsal)[-1]["type"] == "aborted"


def test_a_share_that_was_written_down_wrongly_is_found_before_anyone_leaves(tmp_path):
    """Also the one that isn't needed: two of three are enough."""
    roles = {"anna": "custodian", "bert": "custodian", "cora": "custodian", "uwe": "user"}
    ceremony = Ceremony(tmp_path, roles)
    ceremony.plan["shares"] = {"needed": 2, "total": 3}
    terminal = Terminal(ceremony.environment, "rehearse", f"-plan={ceremony.write()}",
                        f"-out={ceremony.rehearsal}")  # fmt: skip
    try:
        terminal.confirm("anna", "uwe")
        past_findings(terminal, "anna", "bert")
        shares = [terminal.take(r"([0-9a-f]{4}(?: [0-9a-f]{4})+)") for _ in range(3)]
        terminal.take_pin()
        terminal.confirm("anna", "uwe")
        shares[2] = shares[2][:-4] + ("0000" if shares[2][-4:] != "0000" else "1111")
        for number, share in enumerate(shares, 1):
            terminal.wait_for(f"share-{number} (not shown): ")
            terminal.type(share)
        terminal.wait_for("share 3: a share's checksum is wrong")
        assert terminal.end() == 1
    finally:
        terminal.kill()
    assert ceremony.lines(ceremony.rehearsal)[-1]["type"] == "aborted"


def test_people_confirm_at_a_terminal_that_the_hash_is_what_they_noted(tmp_path):
    ceremony = Ceremony(tmp_path)
    ceremony.answer({"confirm.1": "sofia", "confirm.2": "uwe", "exception": "x", "confirm.keys.1": "nobody"})
    assert ceremony.run(rehearsal=False).returncode == 1
    noted = ceremony.noted()
    terminal = Terminal(ceremony.environment, "run", f"-out={ceremony.out}")
    try:
        shown = terminal.wait_for("First person's name: ")
        assert f"as it was noted last: {noted}" in shown and "It is the hash that was noted" in shown
        os.write(terminal.file, b"\x03")
        assert terminal.end() == 1
    finally:
        terminal.kill()
    assert ceremony.noted() == noted and ceremony.lines()[-1]["type"] == "aborted"  # that of before
    terminal = Terminal(ceremony.environment, "run", f"-out={ceremony.out}")
    try:
        terminal.confirm("sofia", "wilma")
        terminal.wait_for("user-pin (not shown): ")
        terminal.type(ceremony.secret("user-pin"))
        terminal.confirm("sofia", "uwe")
        terminal.confirm("sofia", "uwe")
        terminal.wait_for("The transcript's hash: ")
        assert terminal.end() == 0
    finally:
        terminal.kill()
    (resumed,) = [x["facts"] for x in ceremony.lines() if x["type"] == "resumed"]
    assert (resumed["head"], resumed["first"], resumed["second"]) == (noted, "sofia", "wilma")


@pytest.mark.parametrize("key", [b"\x03", b"\x1c"], ids=["ctrl-c", "ctrl-backslash"])
def test_a_key_ends_a_ceremony_on_the_record_and_nothing_is_left_of_its_token(started, key):
    ceremony, terminal = started
    past_findings(terminal)
    terminal.wait_for("Press Enter to see it.")
    scratch = ceremony.directory / "tmp"
    (one,) = scratch.iterdir()
    assert (one / "softhsm2.conf").exists()
    os.write(terminal.file, key)
    assert terminal.end() == 1
    assert list(scratch.iterdir()) == []
    last = ceremony.lines(ceremony.rehearsal)[-1]
    assert last["type"] == "aborted" and "ended at the terminal" in last["facts"]["why"]


def test_no_core_is_written_of_a_ceremony(started):
    _, terminal = started
    limits = pathlib.Path(f"/proc/{terminal.pid}/limits").read_text()
    assert re.search(r"Max core file size +0 +0 ", limits), limits


def test_a_live_run_that_is_ended_leaves_no_pin_in_files_or_memory(tmp_path):
    ceremony = Ceremony(tmp_path)
    terminal = Terminal(ceremony.environment, "run", f"-plan={ceremony.write()}", f"-out={ceremony.out}")
    try:
        past_findings(terminal)  # that there was no rehearsal
        past_findings(terminal)
        pins = {"so-pin": terminal.take_pin().encode(), "user-pin": terminal.take_pin().encode()}
        terminal.wait_for("First person's name: ")
        assert {name for name, *_ in find(terminal.pid, pins)} == pins.keys()
        left = find_at_exit(terminal.pid, pins, lambda: os.write(terminal.file, b"\x03"))
        assert left == []
        assert terminal.end() == 1
    finally:
        terminal.kill()
    assert ceremony.lines()[-1]["type"] == "aborted"
    assert list((ceremony.directory / "objects").iterdir()) == []
    for path in (path for path in ceremony.directory.rglob("*") if path.is_file()):
        assert not any(pin in path.read_bytes() for pin in pins.values()), path
