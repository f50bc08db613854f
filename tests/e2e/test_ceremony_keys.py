"""Keys that a ceremony says it made: none that was on the token before, and what one that was cut had made."""

import subprocess

import pytest

from ceremony_kit import MODULE, VAULT, Ceremony, chained

ANSWERS = {"confirm.1": "sofia", "confirm.2": "uwe", "exception": "x"}
IDS = {"kek": "6b00000001", "sign": "7300000001"}


@pytest.fixture
def ceremony(tmp_path):
    return Ceremony(tmp_path)


def p11(ceremony, *arguments):
    return subprocess.run(
        ["pkcs11-tool", "--module", MODULE, "--login", "--pin", ceremony.secret("user-pin"), *arguments],
        env=ceremony.environment, check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip


def delete(ceremony, name, *kinds):
    for kind in kinds:
        p11(ceremony, "--delete-object", "--type", kind, "--id", VAULT.replace("-", "") + IDS[name])


def facts(ceremony, kind, step, out=None):
    return [x["facts"] for x in ceremony.lines(out) if (x["type"], x["step"]) == (kind, step)]


@pytest.fixture
def second(ceremony):
    """A plan that makes keys on a token which has those of an earlier ceremony, and where it is held."""
    assert ceremony.run(rehearsal=False).returncode == 0
    plan = ceremony.changed(acts=["generate"])
    plan["token"]["serial"] = ceremony.serial()
    return {"plan": ceremony.write(plan, "second.json"), "out": ceremony.directory / "second", "rehearsal": False}


@pytest.mark.parametrize("left", ["kek", "sign"])
def test_a_key_that_was_there_before_is_none_that_the_ceremony_made(ceremony, second, left):
    """Also when it is tried again, and when it was cut short before it looked."""
    delete(ceremony, *(("kek", "secrkey") if left == "sign" else ("sign", "privkey", "pubkey")))
    before = p11(ceremony, "-O")
    for _ in range(2):
        stopped = ceremony.run(**second)
        assert stopped.returncode == 1
        assert f"the token has a key under the id of the vault's {left} already" in stopped.stderr
        assert ceremony.lines(second["out"])[-1]["type"] == "aborted"
    assert facts(ceremony, "intent", "keys", second["out"]) == []
    assert p11(ceremony, "-O") == before
    delete(ceremony, *(("kek", "secrkey") if left == "kek" else ("sign", "privkey", "pubkey")))
    done = ceremony.run(**second)
    assert done.returncode == 0, done.stderr
    old, new = (facts(ceremony, "done", "keys", out)[0] for out in (None, second["out"]))
    assert old["sign-public-key"] != new["sign-public-key"] and not {"kek", "sign"} & new.keys()
    ceremony.sign(out=second["out"])
    assert ceremony.verify(out=second["out"])["good"]


def cut_behind_the_intent(ceremony):
    """As a crash leaves it; the keys are there."""
    lines = ceremony.lines()
    at = next(n for n, x in enumerate(lines) if (x["type"], x["step"]) == ("intent", "keys"))
    (ceremony.out / "transcript").write_text(chained(lines[: at + 1]))
    for name in ("report", "sign.pem"):
        (ceremony.out / name).unlink()


def test_keys_of_a_try_that_was_cut_short_are_taken_up_and_said_to_be_found(ceremony):
    assert ceremony.run(rehearsal=False).returncode == 0
    cut_behind_the_intent(ceremony)
    delete(ceremony, "sign", "privkey", "pubkey")
    ceremony.answer({**ANSWERS, "confirm.keys.1": "nobody"})
    assert ceremony.run(rehearsal=False).returncode == 1
    ceremony.answer(ANSWERS)
    # It goes on behind `done`, and holds that against the token.
    done = ceremony.run(rehearsal=False)
    assert done.returncode == 0, done.stderr
    (said,) = facts(ceremony, "done", "keys")
    assert said["kek"] == "found on the token" and "sign" not in said
    assert len(facts(ceremony, "intent", "keys")) == 1
    ceremony.sign()
    assert ceremony.verify()["good"]
    assert "\nkeys/kek found on the token\n" in (ceremony.out / "report").read_text()


def test_a_key_that_isnt_as_planned_stops_the_ceremony(ceremony):
    """Put there while it was cut short, under the id, and of another kind."""
    assert ceremony.run(rehearsal=False).returncode == 0
    cut_behind_the_intent(ceremony)
    delete(ceremony, "kek", "secrkey")
    p11(ceremony, "--keygen", "--key-type", "AES:32", "--id", VAULT.replace("-", "") + IDS["kek"], "--label", "mine")
    stopped = ceremony.run(rehearsal=False)
    assert stopped.returncode == 1 and "isn't what its role demands" in stopped.stderr
