"""What a ceremony left behind: nothing of it can be changed unseen."""

import hashlib
import json
import os
import re
import shutil

import pytest

from ceremony_kit import Ceremony, chained


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """One that was rehearsed, held and signed: don't change it, copy it."""
    return Ceremony(tmp_path_factory.mktemp("held")).whole()


@pytest.fixture
def ceremony(tmp_path):
    return Ceremony(tmp_path)


@pytest.fixture
def copied(held, tmp_path):
    shutil.copytree(held.out, tmp_path / "live")
    return tmp_path / "live"


def test_a_private_key_that_others_may_read_signs_nothing(held, copied):
    held.key("uwe").chmod(0o644)
    refused = held.call("sign", "-name=uwe", f"-key={held.key('uwe')}", copied)
    held.key("uwe").chmod(0o400)
    assert refused.returncode == 1 and "its owner alone" in refused.stderr


@pytest.fixture(scope="module")
def with_files(tmp_path_factory):
    """One that left an enrolment and a program's output: don't change it, copy it."""
    ceremony = Ceremony(tmp_path_factory.mktemp("files"))
    ceremony.plan["acts"] = ["initialise", "enrol", "rotate"]
    ceremony.plan["programs"] = {"rotate": ["/bin/echo", "rotated"]}
    ceremony.plan["token"]["profile"] = "generic-oaep-sha1"
    ceremony.plan["keys"] = ceremony.template("generic-oaep-sha1")
    return ceremony.whole()


def test_each_file_of_a_bundle_is_held_against_the_transcript(with_files, tmp_path):
    assert with_files.verify()["good"]
    named = {
        "enrolment.json": "isn't the one of the transcript",
        "rotate.output": "isn't the one of the transcript",
        "sign.pem": "isn't the public key of the transcript",
    }
    assert named.keys() < {path.name for path in with_files.out.iterdir()}
    for name, said in named.items():
        out = tmp_path / name
        shutil.copytree(with_files.out, out)
        text = (out / name).read_text()
        (out / name).write_text(text[:-2] + "x\n")
        assert f"the file {name} {said}" in with_files.verify(out=out)["problems"]
        (out / name).unlink()
        problems = with_files.verify(out=out)["problems"]
        assert problems == [f"the file {name} is missing, or can't be read"]


def test_a_file_that_no_ceremony_wrote_is_named(held, copied):
    (copied / "enrolment.json").write_text("{}")
    (copied / "rotate.output").mkdir()
    assert held.verify(out=copied)["problems"] == [
        "the file enrolment.json isn't one that this ceremony wrote",
        "the file rotate.output isn't one that this ceremony wrote",
    ]


@pytest.mark.parametrize("name", ["plan.json", "transcript", "report", "rehearsal.transcript", "sign.pem"])
def test_what_isnt_a_file_is_not_waited_for(held, copied, name):
    """A FIFO, and a link to what lies outside of the bundle."""
    whole = copied.parent / "elsewhere"
    (copied / name).rename(whole)
    for make in (os.mkfifo, lambda path: path.symlink_to(whole)):
        make(copied / name)
        done = held.call("verify-bundle", copied)
        assert done.returncode == (1 if name in ("plan.json", "transcript") else 2), (done.stdout, done.stderr)
        if done.returncode == 1:
            assert name in done.stderr
        signed = held.call("sign", "-name=sofia", f"-key={held.key('sofia')}", copied)
        assert signed.returncode == 1
        (copied / name).unlink()


def test_an_enrolment_of_other_keys_is_found_also_with_its_hash(with_files, tmp_path):
    out = tmp_path / "live"
    shutil.copytree(with_files.out, out)
    enrolment = json.loads((out / "enrolment.json").read_text())
    enrolment["kek_public_key"] = enrolment["sign_public_key"]
    (out / "enrolment.json").write_text(json.dumps(enrolment))
    lines = with_files.lines(out)
    for line in lines:
        if (line["type"], line["step"]) == ("done", "enrolment"):
            text = (out / "enrolment.json").read_bytes()
            line["facts"]["enrolment-sha256"] = hashlib.sha256(text).hexdigest()
        if (line["type"], line["step"]) == ("done", "rotate"):
            line["facts"]["command"] = "/bin/echo something else"
        if (line["type"], line["step"]) == ("done", "keys"):
            line["facts"]["vault"] = "0a1b2c3d-0000-4000-8000-00000000dead"
    (out / "transcript").write_text(chained(lines))
    problems = with_files.verify(out=out)["problems"]
    assert "the file enrolment.json isn't of the keys of the transcript" in problems
    assert "step rotate of the transcript has another command than the plan" in problems
    assert "step keys of the transcript has another vault than the plan" in problems


def test_an_edited_transcript_is_found(held, copied):
    path = copied / "transcript"
    path.write_text(path.read_text().replace('"first":"sofia"', '"first":"wilma"', 1))
    (problem,) = held.verify(out=copied)["problems"]
    assert "doesn't follow the line before" in problem


def test_a_transcript_that_was_chained_anew_is_found(held, copied):
    lines = held.lines(copied)
    for line in lines:
        if line["step"] == "keys" and line["type"] == "confirmed":
            line["facts"]["second"] = "mallory"
    (copied / "transcript").write_text(chained(lines))
    problems = held.verify(out=copied)["problems"]
    assert "step keys was confirmed by mallory, who isn't one of the plan's people" in problems
    assert "the report isn't that of this plan and transcript" in problems
    twice = held.lines(held.out)
    done = next(i for i, line in enumerate(twice) if line["type"] == "done" and line["step"] == "keys")
    twice.insert(done + 1, twice[done])
    (copied / "transcript").write_text(chained(twice))
    assert "step keys was done twice" in held.verify(out=copied)["problems"]
    left_out = [line for line in held.lines(held.out) if line["step"] != "attributes"]
    (copied / "transcript").write_text(chained(left_out))
    problems = held.verify(out=copied)["problems"]
    assert "step attributes wasn't done" in problems
    back = held.lines(held.out)
    back[5]["time"] = "2001-01-01T00:00:00Z"
    (copied / "transcript").write_text(chained(back))
    assert "time goes backwards at line 6 of the transcript" in held.verify(out=copied)["problems"]
    cut = held.lines(held.out)[:-1]
    (copied / "transcript").write_text(chained(cut))
    assert any("didn't come to its end" in x for x in held.verify(out=copied)["problems"])


def test_a_plan_that_was_swapped_after_the_rehearsal_is_found(held, copied):
    path = copied / "plan.json"
    path.write_text(path.read_text().replace("the keys of a vault", "the keys of a thief"))
    problems = held.verify(out=copied)["problems"]
    assert "the plan isn't the one that the transcript was made by" in problems
    assert "the plan was changed after the rehearsal, or the rehearsal was of another" in problems
    # One that was swapped everywhere is told by the hash that was printed.
    good = hashlib.sha256((held.out / "plan.json").read_bytes()).hexdigest()
    assert held.verify(f"-plan-hash={good}")["good"]
    (problem,) = held.verify(f"-plan-hash={'0' * 64}")["problems"]
    assert "isn't the one that was reviewed" in problem


def test_another_rehearsal_is_found(held, copied, ceremony):
    assert ceremony.rehearse().returncode == 0
    shutil.copy(ceremony.rehearsal / "transcript", copied / "rehearsal.transcript")
    problems = held.verify(out=copied)["problems"]
    assert "the rehearsal isn't the one that the transcript names" in problems
    (copied / "rehearsal.transcript").unlink()
    assert held.verify(out=copied)["problems"]


def begin_with(lines, rehearsal):
    """The ceremony's lines, as if that had been its rehearsal."""
    lines[0]["facts"]["rehearsal"] = hashlib.sha256(rehearsal.splitlines()[-1].encode()).hexdigest()
    return chained(lines)


def forgeries(lines):
    """What could be given for a rehearsal by one who knows how a chain is made, and what is said."""

    def edited(kind, step, **facts):
        return [{**x, "facts": {**x["facts"], **facts}} if (x["type"], x["step"]) == (kind, step) else x for x in lines]

    def without(kind, step):
        return [x for x in lines if (x["type"], x["step"]) != (kind, step)]

    looked = next(x for x in lines if (x["type"], x["step"]) == ("done", "preflight"))["facts"]
    less = [{**x, "facts": {k: v for k, v in looked.items() if k != "program-sha256"}} if x["facts"] == looked else x
            for x in lines]  # fmt: skip
    keys = next(i for i, x in enumerate(lines) if x["step"] == "keys")
    swapped = [*lines[: keys - 3], *lines[keys : keys + 3], *lines[keys - 3 : keys], *lines[keys + 3 :]]
    return [
        ([lines[0], lines[-1]], "step plan wasn't done"),
        (without("done", "attributes"), "step attributes wasn't done"),
        (without("confirmed", "keys"), "step keys wasn't confirmed"),
        (edited("confirmed", "keys", second="mallory"), "step keys was confirmed by mallory"),
        (swapped, "isn't the next one of the plan"),
        (less, "the preflight didn't look at program-sha256"),
        (edited("done", "initialise", label="another"), "step initialise of the transcript has another label"),
        (edited("done", "plan", plan="0" * 64), "step plan of the transcript has another plan"),
        (edited("done", "attributes", **{"kek.CKA_EXTRACTABLE": "true"}), "the key isn't as planned"),
        ([*lines[:-1], lines[0], lines[-1]], "isn't one that a ceremony writes there"),
        ([*lines[:-1], {**lines[-1], "type": "resumed"}, lines[-1]], "goes on with a rehearsal"),
    ]


def test_a_rehearsal_is_held_to_what_a_ceremony_is(held, copied):
    """Whoever only writes the lines that were looked at has not rehearsed."""
    rehearsed = held.lines(held.directory / "live-rehearsed")
    assert begin_with(held.lines(), chained(rehearsed)) == (held.out / "transcript").read_text()
    for lines, said in forgeries(rehearsed):
        text = chained(lines)
        (copied / "rehearsal.transcript").write_text(text)
        (copied / "transcript").write_text(begin_with(held.lines(), text))
        problems = [x for x in held.verify(out=copied)["problems"] if x.startswith("the rehearsal: ")]
        assert any(said in problem for problem in problems), (said, problems)
        given = copied.parent / "given"
        given.mkdir(exist_ok=True)
        (given / "transcript").write_text(text)
        held.answer({"confirm.1": "sofia", "confirm.2": "uwe", "exception.clock": "x"})
        refused = held.run(rehearsal=given, out=copied.parent / "live-of-it")
        assert refused.returncode == 1 and "nobody gave a reason to go on" in refused.stderr, (said, refused.stderr)
        assert not (copied.parent / "live-of-it/rehearsal.transcript").exists()


def test_what_a_ceremony_looked_at_needs_its_exceptions(held, copied):
    def problems(change):
        lines = held.lines()
        kept = [x for x in lines if change(x)]
        (copied / "transcript").write_text(chained(kept))
        return held.verify(out=copied)["problems"]

    def swap_is_on(line):
        if (line["type"], line["step"]) == ("done", "preflight"):
            line["facts"]["swap"] = "on"
            line["facts"]["entropy"] = "unknown"
        return line["facts"].get("finding") != "swap"

    for name in ("swap", "entropy"):
        assert f"the preflight's {name} isn't good, and no exception says why" in problems(swap_is_on)

    def nobody_said_why(line):
        line["facts"].pop("reason", None)
        return True

    assert any("an exception: nobody gave a reason" in x for x in problems(nobody_said_why))

    def another_profile(line):
        if line["type"] == "begin":
            line["facts"]["profile"] = "generic-oaep-sha1"
        return True

    assert "the token was taken for one of another profile than the plan's" in problems(another_profile)


HOSTILE = "x\x1b[2J\x1b[H\nresult      good\r\u009b31m\u202egood\x7f"
SHOWN = r"x\x1b[2J\x1b[H\x0aresult      good\x0d\x9b31m\u{202e}good\x7f"


def test_what_a_bundle_says_doesnt_drive_the_terminal_of_who_reads_it(held, copied):
    lines = held.lines()
    (at,) = [i for i, x in enumerate(lines) if (x["type"], x["step"]) == ("done", "preflight")]
    facts = {"finding": HOSTILE, "found": "x", "reason": HOSTILE, "first": HOSTILE, "second": "uwe"}
    lines.insert(at, {**lines[at], "type": "exception", "facts": facts})
    lines.insert(at, {**lines[at], "type": "failed", "facts": {"why": HOSTILE}})
    lines[0]["facts"]["mode"] = HOSTILE
    lines[-1]["step"] = HOSTILE
    (copied / "transcript").write_text(chained(lines))
    (copied / f"a{HOSTILE}").write_text("")
    done = held.call("verify-bundle", copied)
    assert done.returncode == 2 and done.stdout.startswith("result      BAD\nmode        " + SHOWN + "\n")
    assert f"exception   {SHOWN}: {SHOWN} ({SHOWN}, uwe)\n" in done.stdout
    assert f"interrupted failed at preflight: {SHOWN}\n" in done.stdout
    assert f"problem     the file a{SHOWN} isn't one that this ceremony wrote\n" in done.stdout
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", done.stdout)
    refused = held.call("verify-bundle", copied / HOSTILE)
    assert refused.returncode == 1 and refused.stderr.count("\n") == 1 and SHOWN in refused.stderr


@pytest.mark.parametrize("text", ["a\x1b[2Jb", "a\nwords    other", "a\u009bb", "a\u202eb", "a\u200bb"])
def test_a_plan_has_nothing_that_hides_its_hash_on_the_screen(held, text):
    for member, plan in (("purpose", held.changed(purpose=text)),
                         ("token.label", held.changed(token={**held.plan["token"], "label": text})),
                         ("programs.rotate", held.changed(acts=["rotate"], programs={"rotate": ["/bin/echo", text]}))):  # fmt: skip
        refused = held.call("plan", "check", held.write(plan, "hidden.json"))
        assert refused.returncode == 1 and f'field "{member}" must be a line that can be read' in refused.stderr


def test_a_rehearsal_is_no_ceremony(held, copied):
    rehearsal = held.directory / "live-rehearsed"
    shutil.copytree(rehearsal, copied.parent / "rehearsal")
    rehearsal = copied.parent / "rehearsal"
    assert held.verify("-rehearsal", out=rehearsal)["good"]  # whom nobody signed
    held.sign(out=rehearsal)
    assert held.verify(out=rehearsal)["problems"] == ["it is of the mode rehearsal, and not live"]
    assert held.verify("-rehearsal", out=rehearsal)["good"]
    assert held.verify("-rehearsal", out=copied)["problems"] == ["it is of the mode live, and not rehearsal"]


def test_an_attribute_is_absent_only_where_the_profile_lets_it(held, copied):
    for name in ("kek.CKA_EXTRACTABLE", "sign.CKA_SENSITIVE"):
        lines = held.lines()
        for line in lines:
            if (line["type"], line["step"]) == ("done", "attributes"):
                line["facts"][name] = "absent"
        (copied / "transcript").write_text(chained(lines))
        key, attribute = name.split(".")
        said = f'the key isn\'t as planned: field "keys.{key}.attributes.{attribute}" is true, and absent here'
        problems = held.verify(out=copied)["problems"]
        assert said in problems or said.replace("is true", "is false") in problems


def test_each_missing_wrong_or_foreign_signature_is_named(held, copied, tmp_path):
    report = (held.out / "report").read_text()
    lines = report.split("\n\n")[-1].splitlines(keepends=True)
    text = report[: -len("".join(lines))]
    assert len(lines) == 4
    for line, name in zip(lines, ("the token's signature", "the signature of sofia",
                                  "the signature of uwe", "the signature of wilma")):  # fmt: skip
        (copied / "report").write_text(text + "".join(x for x in lines if x != line))
        assert held.verify(out=copied)["problems"] == [f"{name} is missing"]
    eve = held.directory / "eve.key"
    if not eve.exists():
        held.good("person", "-name=eve", f"-out={eve}")
    (copied / "report").write_text(text + "".join(lines[:3]))
    refused = held.call("sign", "-name=wilma", f"-key={eve}", copied)
    assert refused.returncode == 1 and "isn't the one that the plan has for wilma" in refused.stderr
    refused = held.call("sign", "-name=sofia", f"-key={held.key('sofia')}", copied)
    assert refused.returncode == 1 and "sofia has signed already" in refused.stderr
    # A foreign key under a name of the plan, as a program of one's own would write it.
    (tmp_path / "o").mkdir()
    other = Ceremony(tmp_path / "o").whole()
    foreign = (other.out / "report").read_text().splitlines(keepends=True)[-1]
    (copied / "report").write_text(text + "".join(lines[:3]) + foreign)
    problems = held.verify(out=copied)["problems"]
    assert "the key that wilma signed with isn't the one in the plan" in problems
    (copied / "report").write_text(report + lines[3].replace("wilma", "mallory"))
    problems = held.verify(out=copied)["problems"]
    assert problems == ["a signature by mallory, who isn't one of the plan's people"]
    wrong_key = held.verify(f"-sign-key={other.out}/sign.pem")["problems"]
    assert wrong_key == ["the token's sign key isn't the one that was given"]
    assert held.verify(f"-sign-key={held.out}/sign.pem")["good"]


def test_every_line_of_a_report_is_signed(held, copied):
    report = (held.out / "report").read_text()
    end = report.rindex("\n\n")
    for at in range(0, end, 97):
        changed = report[:at] + chr(ord(report[at]) ^ 1) + report[at + 1 :]
        (copied / "report").write_text(changed)
        assert not held.verify(out=copied)["good"], at
