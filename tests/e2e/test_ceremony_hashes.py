"""Programs and modules of a ceremony are those that were reviewed, rehearsed and looked at."""

import hashlib
import json
import shutil

import pytest

from ceremony_kit import MODULE, Ceremony, chained
from harness import program as program_of


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """One that was rehearsed, held and signed: don't change it, copy it."""
    return Ceremony(tmp_path_factory.mktemp("held")).whole()


@pytest.fixture
def ceremony(tmp_path):
    return Ceremony(tmp_path)


def test_another_module_or_program_needs_an_exception_to_go_on(ceremony):
    module = ceremony.directory / "module.so"
    shutil.copy(MODULE, module)
    ceremony.plan["token"]["module"] = str(module)
    # Also of what wasn't looked at before: a reason stands for each finding of the machine.
    known = {"confirm.1": "sofia", "confirm.2": "uwe",
             **{f"exception.{name}": "x" for name in ("rehearsal", "clock", "entropy", "swap", "network")}}  # fmt: skip
    ceremony.answer({**known, "confirm.pins.1": "nobody"})
    assert ceremony.run(rehearsal=False).returncode == 1
    with module.open("ab") as file:
        file.write(b"another")
    ceremony.answer(known)
    for _ in range(2):  # to be refused once is no exception
        refused = ceremony.run()
        assert refused.returncode == 1
        assert "module-sha256: " in refused.stderr and ", at the preflight " in refused.stderr
        assert [line["type"] for line in ceremony.lines()][-2:] == ["resumed", "aborted"]
    ceremony.answer({**known, "exception.module-sha256": "it was mended"})
    assert ceremony.run().returncode == 0
    ceremony.sign()
    found = ceremony.verify()
    assert found["good"] and "module-sha256: it was mended" in "\n".join(found["exceptions"])
    kept = [x for x in ceremony.lines() if x["facts"].get("finding") != "module-sha256"]
    (ceremony.out / "transcript").write_text(chained(kept))
    problems = ceremony.verify()["problems"]
    assert "module-sha256 isn't that of the preflight, and no exception says why" in problems


def test_a_program_that_was_exchanged_needs_an_exception(ceremony):
    """After the rehearsal, and after the preflight."""
    program = ceremony.directory / "program"

    def write(text):
        program.write_text(f"#!/bin/sh\necho {text}\n")
        program.chmod(0o755)
        return hashlib.sha256(program.read_bytes()).hexdigest()

    rehearsed = write("rehearsed")
    ceremony.plan["acts"] = ["initialise", "generate", "rotate"]
    ceremony.plan["programs"] = {"rotate": [str(program)]}
    assert ceremony.rehearse().returncode == 0
    exchanged = write("exchanged")
    known = {"confirm.1": "sofia", "confirm.2": "uwe",
             **{f"exception.{name}": "x" for name in ("clock", "entropy", "swap", "network")}}  # fmt: skip
    ceremony.answer(known)
    refused = ceremony.run()
    assert f"rotate-sha256: {exchanged}, in the rehearsal {rehearsed}; nobody gave" in refused.stderr
    ceremony.answer({**known, "exception.rotate-sha256": "mended", "confirm.keys.1": "nobody"})
    assert "step keys" in ceremony.run().stderr
    again = write("again")
    ceremony.answer(known)
    refused = ceremony.run()
    assert f"rotate-sha256: {again}, at the preflight {exchanged}; nobody gave" in refused.stderr
    assert not (ceremony.out / "rotate.output").exists()
    write("exchanged")
    assert ceremony.run().returncode == 0
    assert (ceremony.out / "rotate.output").read_text() == "exchanged\n"
    ceremony.sign()
    assert ceremony.verify()["good"]
    lines = ceremony.lines()
    kept = [x for x in lines if x["facts"].get("finding") != "rotate-sha256"]
    (ceremony.out / "transcript").write_text(chained(kept))
    said = "rotate-sha256 isn't that of the rehearsal, and no exception says why"
    assert said in ceremony.verify()["problems"]
    for line in lines:
        if (line["type"], line["step"]) == ("done", "rotate"):
            line["facts"]["program-sha256"] = again
    (ceremony.out / "transcript").write_text(chained(lines))
    said = "rotate-sha256 isn't that of the preflight, and no exception says why"
    assert said in ceremony.verify()["problems"]


def test_what_was_there_when_nothing_was_done_needs_no_exception(ceremony):
    """A module that was put right: before the preflight was done, and where another reason was given alone."""
    module = ceremony.directory / "module.so"
    shutil.copy(MODULE, module)
    good = module.read_bytes()
    ceremony.plan["token"]["module"] = str(module)
    known = {"confirm.1": "sofia", "confirm.2": "uwe",
             **{f"exception.{name}": "x" for name in ("rehearsal", "clock", "entropy", "swap", "network")}}  # fmt: skip
    ceremony.answer({**known, "confirm.plan.1": "nobody"})
    for text in (good, good + b"another"):
        module.write_bytes(text)
        assert ceremony.run(rehearsal=False).returncode == 1
    module.write_bytes(good)
    ceremony.answer({**known, "confirm.preflight.1": "nobody"})
    assert ceremony.run().returncode == 1
    module.write_bytes(good + b"another")
    ceremony.answer(known)
    assert "module-sha256" in ceremony.run().stderr
    assert [x["type"] for x in ceremony.lines()][-2:] == ["resumed", "aborted"]
    module.write_bytes(good)
    assert ceremony.run().returncode == 0
    ceremony.sign()
    assert ceremony.verify()["good"]
    # As it stands there when two answered for something else before that.
    lines = ceremony.lines()
    (at,) = (n for n, x in enumerate(lines) if x["type"] == "aborted" and "module-sha256" in x["facts"]["why"])
    other = next(x for x in lines if x["facts"].get("finding") == "rehearsal")
    lines.insert(at, {**other, "time": lines[at]["time"]})
    heads = chained(lines).splitlines()
    lines[at + 2]["facts"]["head"] = hashlib.sha256(heads[at + 1].encode()).hexdigest()
    (ceremony.out / "transcript").write_text(chained(lines))
    problems = ceremony.verify()["problems"]
    assert problems[0] == "the report isn't that of this plan and transcript", problems


def test_hashes_of_the_plan_are_held_against_what_is_there(ceremony):
    ceremony.plan["hashes"] = {"coffer-ceremony": "0" * 64, "module": "1" * 64}
    ceremony.answer({"confirm.1": "sofia", "confirm.2": "uwe", "exception": "x"})
    ceremony.whole()
    found = {line["facts"]["finding"]: line["facts"]["found"]
             for line in ceremony.lines() if line["type"] == "exception"}  # fmt: skip
    assert found["program-sha256"].endswith(", in the plan " + "0" * 64)
    assert found["module-sha256"].endswith(", in the plan " + "1" * 64)
    assert ceremony.verify()["good"]
    kept = [x for x in ceremony.lines() if not x["facts"].get("finding", "").endswith("-sha256")]
    (ceremony.out / "transcript").write_text(chained(kept))
    for name in ("program", "module"):
        said = f"{name}-sha256 isn't that of the plan, and no exception says why"
        assert said in ceremony.verify()["problems"]
    module = hashlib.sha256(open(MODULE, "rb").read()).hexdigest()
    ceremony.plan["hashes"] = {"module": module}
    ceremony.plan["token"]["label"] = "other"
    out = ceremony.directory / "other"
    assert ceremony.run(rehearsal=False, out=out).returncode == 0
    assert "module-sha256" not in [line["facts"].get("finding") for line in ceremony.lines(out)]


def test_the_preflight_is_a_command_of_its_own(held, ceremony):
    done = held.call("preflight", f"-plan={held.directory}/plan.json", "-format=json")
    found = {each["finding"]: each for each in json.loads(done.stdout)}
    assert done.returncode == (0 if all(each["good"] for each in found.values()) else 2)
    program = found["program-sha256"]
    assert program["found"] == hashlib.sha256(open(program_of("coffer-ceremony"), "rb").read()).hexdigest()
    assert f"token-{held.serial()}" in found
    ceremony.plan["hashes"] = {"coffer-ceremony": "0" * 64}
    done = ceremony.call("preflight", f"-plan={ceremony.write()}")
    assert done.returncode == 2
    assert f"BAD   program-sha256  {program['found']}, in the plan {'0' * 64}\n" in done.stdout
    assert ceremony.call("preflight").returncode == 1
    assert ceremony.call("preflight", "-plan=/nonexistent").returncode == 1
