"""Key ceremonies from a plan to a report that verifies, and what must not pass."""

import hashlib
import json
import os
import re
import shutil
import subprocess

import pytest

from ceremony_kit import MODULE, VAULT, Ceremony, chained


@pytest.fixture(scope="module")
def held(tmp_path_factory):
    """One that was rehearsed, held and signed: don't change it, copy it."""
    return Ceremony(tmp_path_factory.mktemp("held")).whole()


@pytest.fixture
def ceremony(tmp_path):
    return Ceremony(tmp_path)


def test_a_ceremony_verifies_and_holds_no_pin(held):
    found = held.verify()
    assert found["good"] and found["mode"] == "live" and found["problems"] == []
    assert all("a test's machine" in text for text in found["exceptions"])
    everything = "".join(path.read_text() for path in held.out.iterdir())
    for name in ("so-pin", "user-pin"):
        assert held.secret(name) not in everything
        assert (held.directory / "secrets" / name).stat().st_mode & 0o777 == 0o400
    assert held.secret("so-pin") != held.secret("user-pin")
    words = held.good("plan", "check", held.directory / "plan.json")
    assert found["plan"] in words


def test_a_vault_is_started_on_the_keys_of_a_ceremony(held, empty_on):
    vault = empty_on(held)
    made = vault.coffer("operator", "init", f"-adopt={VAULT}", "-no-recovery", "-format=json",
                        COFFER_TOKEN_PATH="/nonexistent")  # fmt: skip
    assert made.returncode == 0, made.stderr
    answer = json.loads(made.stdout)
    assert answer["vault_id"] == VAULT and answer["adopted"] is True
    assert answer["token_serial"] == held.serial()
    vault.keep_root_token(answer["root_token"])
    assert vault.coffer("secrets", "enable", "-path=secret", "kv-v2").returncode == 0
    vault.put("app", {"password": "kept by the ceremony's keys"})
    vault.restart()
    assert vault.read("app") == {"password": "kept by the ceremony's keys"}
    pinned = (vault.directory / "signer.pem").read_text()
    assert pinned == (held.out / "sign.pem").read_text()


def test_a_live_run_needs_the_rehearsal_of_its_own_plan(ceremony):
    refused = ceremony.run(rehearsal=False, plan=ceremony.write())
    # "exception" answers for it, so it is on the record.
    assert refused.returncode == 0
    assert "rehearsal: a test's machine (sofia, uwe)" in ceremony.verify()["exceptions"]
    ceremony.answer({"confirm.1": "sofia", "confirm.2": "uwe", "exception.clock": "x",
                     "exception.network": "x", "exception.swap": "x"})  # fmt: skip
    second = ceremony.directory / "second"
    refused = ceremony.run(rehearsal=False, out=second)
    assert refused.returncode == 1 and "no rehearsal was given" in refused.stderr
    assert ceremony.rehearse().returncode == 0
    other = ceremony.write(ceremony.changed(purpose="another"), "other.json")
    refused = ceremony.run(plan=other, out=ceremony.directory / "third")
    assert refused.returncode == 1 and "the plan was changed after the rehearsal" in refused.stderr


def test_a_finding_without_a_reason_stops_the_ceremony(ceremony):
    ceremony.answer({"confirm.1": "sofia", "confirm.2": "uwe"})
    stopped = ceremony.rehearse()
    assert stopped.returncode == 1 and "nobody gave a reason" in stopped.stderr
    types = [line["type"] for line in ceremony.lines(ceremony.rehearsal)]
    assert types[-2:] == ["failed", "aborted"]


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("sofia", "sofia", "the same person can't confirm twice"),
        ("sofia", "mallory", "who confirms isn't one of the plan's people"),
        ("uwe", "wilma", "one of the two must have the role security-officer"),
    ],
)  # fmt: skip
def test_a_wrong_person_cant_confirm(ceremony, first, second, said):
    ceremony.answer({"confirm.1": first, "confirm.2": second, "exception": "x"})
    refused = ceremony.rehearse()
    assert refused.returncode == 1 and said in refused.stderr
    assert any(line["type"] == "refused" for line in ceremony.lines(ceremony.rehearsal))


def test_a_ceremony_that_was_killed_goes_on_where_it_was(ceremony):
    """Killed in a step, and between a step and its confirmation."""
    ceremony.plan["acts"] = ["initialise", "generate", "rotate"]
    kill = ceremony.directory / "kill"
    kill.write_text("#!/bin/sh\n[ -e $0.done ] || { touch $0.done; kill -9 $PPID; }\necho rotated\n")
    kill.chmod(0o755)
    ceremony.plan["programs"] = {"rotate": [str(kill)]}
    assert ceremony.rehearse().returncode == 0
    ceremony.answer({"confirm.1": "sofia", "confirm.2": "uwe", "exception": "x",
                     "confirm.keys.1": "nobody"})  # fmt: skip
    stopped = ceremony.run()
    assert stopped.returncode == 1 and "step keys" in stopped.stderr
    assert ceremony.lines()[-1]["type"] == "aborted"
    ceremony.answer({"confirm.1": "sofia", "confirm.2": "uwe", "exception": "x", "program": "again"})
    assert ceremony.run().returncode == -9
    assert ceremony.lines()[-1]["type"] == "intent"
    ceremony.wait_for_program("rotate")
    with (ceremony.out / "transcript").open("a") as transcript:
        transcript.write('{"sequence":')
    done = ceremony.run()
    assert done.returncode == 0, done.stderr
    lines = ceremony.lines()
    resumed = [x["facts"] for x in lines if x["type"] == "resumed"]
    assert [facts["torn"] for facts in resumed] == ["no", "yes"]
    assert all(len(facts["program-sha256"]) == len(facts["module-sha256"]) == 64 for facts in resumed)
    assert [x["step"] for x in lines if x["type"] == "done"].count("keys") == 1
    rotated = [x for x in lines if x["type"] == "done" and x["step"] == "rotate"][0]["facts"]
    output = (ceremony.out / "rotate.output").read_bytes()
    assert rotated["output-sha256"] == hashlib.sha256(output).hexdigest()
    assert rotated["exit-status"] == "0" and output == b"rotated\nrotated\n"
    ceremony.sign()
    found = ceremony.verify()
    assert found["good"]
    assert [text.split(":")[0] for text in found["interruptions"]] == [
        *["refused at keys"] * 3, "aborted", "resumed", "resumed",
    ]  # fmt: skip
    report = (ceremony.out / "report").read_text()
    for line in ("refused/step keys", "refused/first unknown", "refused/second uwe", "resumed/torn yes",
                 "aborted/why step keys: who confirms isn't one of the plan's people"):  # fmt: skip
        assert f"\n{line}\n" in report


def cut_behind(ceremony, kind, step):
    """As a crash right after that line leaves it."""
    path = ceremony.out / "transcript"
    lines = path.read_text().splitlines(keepends=True)
    wanted = [i for i, x in enumerate(ceremony.lines()) if (x["type"], x["step"]) == (kind, step)]
    path.write_text("".join(lines[: wanted[0] + 1]))
    (ceremony.out / "report").unlink(missing_ok=True)


@pytest.mark.parametrize("step", ["pins", "initialise", "keys", "attributes"])
def test_a_step_that_was_cut_short_is_done_again(ceremony, step):
    """Also when what it does was done: the token is initialised, the keys are there."""
    assert ceremony.rehearse().returncode == 0
    assert ceremony.run().returncode == 0
    if step == "pins":
        shutil.rmtree(ceremony.directory / "objects")  # it wasn't initialised by then
        (ceremony.directory / "objects").mkdir()
    if step == "initialise":  # nor were the keys there
        for kind, key in (("secrkey", "6b"), ("privkey", "73"), ("pubkey", "73")):
            p11(ceremony, ceremony.secret("user-pin"), "--delete-object", "--type", kind,
                "--id", VAULT.replace("-", "") + key + "00000001")  # fmt: skip
    cut_behind(ceremony, "intent" if step in ("initialise", "keys") else "step", step)
    done = ceremony.run()
    assert done.returncode == 0, done.stderr
    ceremony.sign()
    assert ceremony.verify()["good"]


def stopped_at(ceremony, step):
    """Nobody confirms that step. What the screen showed last to be noted."""
    ceremony.answer({"confirm.1": "sofia", "confirm.2": "uwe", "exception": "x", f"confirm.{step}.1": "nobody"})
    stopped = ceremony.run(rehearsal=False)
    assert stopped.returncode == 1 and f"step {step}" in stopped.stderr
    ceremony.answer({"confirm.1": "sofia", "confirm.2": "uwe", "exception": "x"})
    return re.findall(r"Note the transcript's hash: ([0-9a-f]{64})\n  ([a-zA-Z ]+)\n", stopped.stdout)


def test_the_hash_that_was_noted_finds_a_transcript_that_was_edited_before_it_goes_on(ceremony):
    noted = stopped_at(ceremony, "attributes")
    good = (ceremony.out / "transcript").read_text()
    assert noted[-1][0] == ceremony.noted()  # also behind each step, and what was aborted
    answered = [x for x in ceremony.lines() if x["type"] in ("exception", "confirmed", "aborted")]
    assert len(noted) == len(answered) and all(len(words.split()) == 32 for _, words in noted)
    lines = [x for x in ceremony.lines() if x["type"] not in ("aborted", "refused")]
    lines.append({**lines[-1], "type": "confirmed", "facts": {"first": "wilma", "second": "sofia"}})
    (ceremony.out / "transcript").write_text(chained(lines))
    edited = (ceremony.out / "transcript").read_text()
    for head, said in ((noted[-1][0], "isn't the one whose hash was noted"), ("", "-head"), ("0" * 64, "was noted")):
        refused = ceremony.run(rehearsal=False, head=head)
        assert refused.returncode == 1 and said in refused.stderr
        assert (ceremony.out / "transcript").read_text() == edited
    (ceremony.out / "transcript").write_text(good)
    assert ceremony.run(rehearsal=False, head=noted[-1][0]).returncode == 0
    (resumed,) = [x["facts"] for x in ceremony.lines() if x["type"] == "resumed"]
    assert (resumed["head"], resumed["first"], resumed["second"]) == (noted[-1][0], "sofia", "uwe")
    ceremony.sign()
    assert ceremony.verify()["good"]
    for change, said in (({"head": "0" * 64}, "its head isn't the one that was noted last"),
                         ({"second": "sofia"}, "the same person can't confirm twice")):  # fmt: skip
        lines = [{**x, "facts": {**x["facts"], **change}} if x["type"] == "resumed" else x for x in ceremony.lines()]
        out = ceremony.directory / "changed"
        shutil.copytree(ceremony.out, out, dirs_exist_ok=True)
        (out / "transcript").write_text(chained(lines))
        assert any(said in problem for problem in ceremony.verify(out=out)["problems"])


def test_an_edited_transcript_that_came_to_its_end_isnt_signed(ceremony):
    """When all that is missing is the report."""
    assert ceremony.run(rehearsal=False).returncode == 0
    (ceremony.out / "report").unlink()
    refused = ceremony.run(rehearsal=False, head="0" * 64)
    assert refused.returncode == 1 and "isn't the one whose hash was noted" in refused.stderr
    assert not (ceremony.out / "report").exists()
    assert ceremony.run(rehearsal=False).returncode == 0
    ceremony.sign()
    assert ceremony.verify()["good"]


@pytest.mark.parametrize(("step", "name", "value"),
                         [("keys", "sign-public-key", "AAAA"), ("attributes", "kek.CKA_WRAP", "neither")])  # fmt: skip
def test_what_the_transcript_says_of_the_token_is_read_again(ceremony, step, name, value):
    """Also by who confirmed a hash that wasn't what they had noted."""
    stopped_at(ceremony, "attributes")
    lines = ceremony.lines()
    (done,) = [x for x in lines if (x["type"], x["step"]) == ("done", step)]
    assert done["facts"][name] != value
    done["facts"][name] = value
    (ceremony.out / "transcript").write_text(chained(lines))
    refused = ceremony.run(rehearsal=False)
    assert refused.returncode == 1
    assert f"step {step}: {name} of the transcript isn't what the token has" in refused.stderr
    assert ceremony.lines()[-1]["type"] == "aborted"


def test_a_pin_that_no_token_has_yet_is_made_anew_when_it_goes_on(ceremony):
    """Else whatever is typed in would be taken, and the same for two people."""
    stopped_at(ceremony, "pins")
    before = {}
    for name in ("so-pin", "user-pin"):
        path = ceremony.directory / "secrets" / name
        before[name] = path.read_text()
        path.chmod(0o600)
        path.write_text("11111111")
        path.chmod(0o400)
    assert ceremony.run(rehearsal=False).returncode == 0
    after = {name: ceremony.secret(name) for name in before}
    assert len({*before.values(), *after.values(), "11111111"}) == 5
    (facts,) = [x["facts"] for x in ceremony.lines() if (x["type"], x["step"]) == ("done", "initialise")]
    assert facts["so-pin"] == facts["user-pin"] == "made anew"
    ceremony.sign()
    assert ceremony.verify()["good"]


def test_a_new_pin_that_no_token_has_yet_is_made_anew_when_it_goes_on(ceremony):
    ceremony.whole()
    change = ceremony.next_plan("change.json", acts=["change-pins"])
    out = ceremony.directory / "changed"
    ceremony.answer({"confirm.1": "sofia", "confirm.2": "uwe", "exception": "x", "confirm.change-user-pin.1": "nobody"})
    assert ceremony.run(plan=change, out=out, rehearsal=False).returncode == 1
    first = {name: ceremony.secret(name) for name in ("new-so-pin", "new-user-pin")}
    ceremony.answer({"confirm.1": "sofia", "confirm.2": "uwe", "exception": "x"})
    done = ceremony.run(plan=change, out=out, rehearsal=False)
    assert done.returncode == 0, done.stderr
    # The token had the one already, which opens it also for the report.
    assert ceremony.secret("new-user-pin") == first["new-user-pin"]
    assert ceremony.secret("new-so-pin") != first["new-so-pin"]
    ceremony.sign(out=out)
    assert ceremony.verify(out=out)["good"]


def test_a_token_of_that_label_is_never_initialised_again(ceremony):
    assert ceremony.run(rehearsal=False).returncode == 0
    before = sorted(path.name for path in (ceremony.directory / "objects").iterdir())
    again = ceremony.run(rehearsal=False, out=ceremony.directory / "second")
    assert again.returncode == 1 and "a token of that label already" in again.stderr
    assert sorted(path.name for path in (ceremony.directory / "objects").iterdir()) == before


def test_no_token_but_the_planned_one_is_initialised(ceremony):
    """C_InitToken can't be undone: the serial is compared before."""
    ceremony.plan["token"]["serial"] = "CAFE0001"
    refused = ceremony.run(rehearsal=False)
    assert refused.returncode == 1
    assert "no uninitialised token has the serial that was planned" in refused.stderr
    assert list((ceremony.directory / "objects").iterdir()) == []


def test_another_plan_cant_take_over_a_ceremony(ceremony):
    ceremony.answer({"confirm.1": "sofia", "confirm.2": "uwe", "exception": "x",
                     "confirm.keys.1": "nobody"})  # fmt: skip
    assert ceremony.run().returncode == 1
    other = ceremony.write(ceremony.changed(purpose="another"), "other.json")
    refused = ceremony.run(plan=other)
    assert refused.returncode == 1 and "ceremony of another plan" in refused.stderr


def test_a_rehearsal_that_was_cut_short_never_becomes_the_ceremony(ceremony):
    answers = {"confirm.1": "sofia", "confirm.2": "uwe", "exception": "x"}
    ceremony.answer({**answers, "confirm.preflight.1": "nobody"})
    assert ceremony.rehearse().returncode == 1
    ceremony.answer(answers)
    before = (ceremony.rehearsal / "transcript").read_bytes()
    for more in ({"rehearsal": False}, {"rehearsal": True}):
        refused = ceremony.run(out=ceremony.rehearsal, **more)
        assert refused.returncode == 1 and "isn't of a ceremony with the mode live" in refused.stderr
    assert (ceremony.rehearsal / "transcript").read_bytes() == before
    assert list((ceremony.directory / "objects").iterdir()) == []


def test_two_people_answer_for_each_exception(ceremony):
    answers = {"confirm.1": "sofia", "confirm.2": "uwe", "exception": "a desk"}
    ceremony.answer({**answers, "confirm.exception.2": "sofia"})
    refused = ceremony.run(rehearsal=False)
    assert refused.returncode == 1 and "the same person can't confirm twice" in refused.stderr
    assert not (ceremony.out / "transcript").read_bytes()  # a rehearsal's want stands before its first line
    ceremony.answer({**answers, "confirm.exception.1": "wilma"})
    assert ceremony.run(rehearsal=False).returncode == 0
    ceremony.sign()
    assert ceremony.verify()["good"]
    made = [line for line in ceremony.lines() if line["type"] == "exception"]
    assert made and all((x["facts"]["first"], x["facts"]["second"]) == ("wilma", "uwe") for x in made)
    assert "\nexception/first wilma\n" in (ceremony.out / "report").read_text()
    lines = ceremony.lines()
    del next(x for x in lines if x["type"] == "exception")["facts"]["second"]
    (ceremony.out / "transcript").write_text(chained(lines))
    problems = ceremony.verify()["problems"]
    assert "line 2 of the transcript, an exception: who confirms isn't one of the plan's people" in problems


def test_the_script_names_programs_and_has_forms_where_something_is_handed_out(held):
    rotate = held.next_plan("script.json", acts=["rotate"], programs={"rotate": ["/bin/echo", "a|b"]})
    script = held.good("render", rotate)
    assert "its output is read: /bin/echo a\\|b |" in script and "I took" not in script
    change = held.good("render", held.next_plan("script.json", acts=["change-pins"]))
    assert "I took the SO PIN" in change and "I took the user PIN" in change


def test_shares_of_the_so_pin_are_tried_and_initialise_the_token(tmp_path):
    roles = {"anna": "custodian", "bert": "custodian", "cora": "custodian", "uwe": "user"}
    ceremony = Ceremony(tmp_path, roles)
    ceremony.plan["shares"] = {"needed": 2, "total": 3}
    ceremony.answer({"confirm.1": "anna", "confirm.2": "uwe", "exception": "x"})
    ceremony.whole()
    assert ceremony.verify()["good"]
    secrets = tmp_path / "secrets"
    assert not (secrets / "so-pin").exists()
    for pair in (("share-1", "share-2"), ("share-1", "share-3"), ("share-2", "share-3")):
        pins = ceremony.call("combine", *(secrets / name for name in pair))
        assert pins.returncode == 0 and len(pins.stdout) == 8
    alone = ceremony.call("combine", secrets / "share-1")
    assert alone.returncode == 1 and "too few" in alone.stderr
    everything = "".join(path.read_text() for path in ceremony.out.iterdir())
    assert ceremony.secret("share-1") not in everything and pins.stdout not in everything


def p11(ceremony, pin, *arguments):
    return subprocess.run(
        ["pkcs11-tool", "--module", MODULE, "--login", "--pin", pin, *map(str, arguments)],
        env=ceremony.environment, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


def test_pins_are_changed_and_then_the_keys_are_destroyed(ceremony):
    ceremony.whole()
    before = ceremony.secret("user-pin")
    change = ceremony.next_plan("change.json", acts=["change-pins"])
    out = ceremony.directory / "changed"
    ceremony.whole(plan=change, out=out)
    assert ceremony.verify(out=out)["good"]
    after = ceremony.secret("new-user-pin")
    assert after != before
    destroy = ceremony.next_plan("destroy.json", acts=["decommission"])
    gone = ceremony.directory / "gone"
    answers = {"confirm.1": "sofia", "confirm.2": "uwe", "exception": "x"}
    ceremony.answer({**answers, "serial": "another"})
    old = ceremony.run(plan=destroy, out=gone, rehearsal=False)
    # The old PIN is of no use, and no step is gone past.
    assert old.returncode == 1 and "wrong PIN" in old.stderr
    for name in ("user-pin", "so-pin"):
        (ceremony.directory / "secrets" / name).unlink()
        shutil.copy(ceremony.directory / "secrets" / f"new-{name}",
                    ceremony.directory / "secrets" / name)  # fmt: skip
    low = ceremony.run(plan=destroy, out=gone, rehearsal=False)
    # SoftHSM tells of the wrong PIN until a right one comes: so it is with other tokens, by design.
    assert low.returncode == 1 and "PIN" in low.stderr
    subprocess.run(
        ["pkcs11-tool", "--module", MODULE, "--login", "--pin", after, "--list-objects"],
        env=ceremony.environment, check=True, capture_output=True,
    )  # fmt: skip
    wrong = ceremony.run(plan=destroy, out=gone, rehearsal=False)
    assert wrong.returncode == 1 and "isn't the token's" in wrong.stderr
    ceremony.answer({**answers, "serial": ceremony.serial()})
    # As the daemon writes them, one of them copied; and what isn't the vault's.
    anchors = [f"coffer/{VAULT}/anchor/{n}" for n in (0, 1, 1)]
    for label in (*anchors, f"coffer/{VAULT[:-1]}0/anchor/0"):
        p11(ceremony, after, "--write-object", ceremony.directory / "plan.json", "--type", "data", "--private",
            "--application-label", "coffer", "--label", label)  # fmt: skip
    p11(ceremony, after, "--keygen", "--key-type", "AES:32", "--id", "abcd", "--label", "another's")
    done = ceremony.run(plan=destroy, out=gone, rehearsal=False)
    assert done.returncode == 0, done.stderr
    (facts,) = (x["facts"] for x in ceremony.lines(gone) if x["type"] == "done" and x["step"] == "decommission")
    assert facts["destroyed-anchors"] == "3" and facts["keys-left"] == "abcd"
    left = p11(ceremony, after, "--list-objects", "--type", "data")
    assert left.count("/anchor/") == 1 and f"{VAULT[:-1]}0/anchor/0" in left
    ceremony.sign(out=gone)
    assert ceremony.verify(out=gone)["good"]
    again = ceremony.run(plan=change, out=ceremony.directory / "late", rehearsal=False)
    assert again.returncode == 1 and "no such key on the token" in again.stderr


def test_a_further_token_is_enrolled(ceremony):
    ceremony.plan["acts"] = ["initialise", "enrol"]
    ceremony.plan["token"]["profile"] = "generic-oaep-sha1"
    ceremony.plan["keys"] = ceremony.template("generic-oaep-sha1")
    ceremony.whole()
    assert ceremony.verify()["good"]
    enrolment = (ceremony.out / "enrolment.json").read_bytes()
    assert json.loads(enrolment)["vault"] == VAULT
    (line,) = [x for x in ceremony.lines() if x["type"] == "done" and x["step"] == "enrolment"]
    assert line["facts"]["enrolment-sha256"] == hashlib.sha256(enrolment).hexdigest()


@pytest.fixture
def empty_on():
    """A vault without keys of its own, whose token is that of a ceremony."""
    from configured import copy_of, model_with  # heavy, and for one test

    with model_with() as model, copy_of(model) as vault:

        def start(ceremony):
            for old in ("objects", "store.db", "signer.pem", "audit", "root-token"):
                path = vault.directory / old
                if path.is_dir():
                    shutil.rmtree(path)
                elif path.exists():
                    os.unlink(path)
            shutil.rmtree(vault.directory / "token")
            shutil.copytree(ceremony.directory / "objects", vault.directory / "token/objects")
            conf = vault.directory / "token/softhsm2.conf"
            conf.write_text(f"directories.tokendir = {vault.directory}/token/objects\n"
                            "log.level = ERROR\n")  # fmt: skip
            pin = vault.directory / "pin"
            pin.unlink()
            pin.write_text(ceremony.secret("user-pin"))
            pin.chmod(0o400)
            vault.settings["token"]["uri"] = f"pkcs11:serial={ceremony.serial()}"
            vault.write()
            return vault.start()

        yield start
