"""coffer-ceremony: what it says of a token, and what it refuses."""

import json
import os
import subprocess

import pytest

from harness import program

MODULE = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "271828182845"


@pytest.fixture
def token(tmp_path):
    """A SoftHSM token of its own: (environment, PIN file)."""
    (tmp_path / "objects").mkdir()
    conf = tmp_path / "softhsm2.conf"
    conf.write_text(f"directories.tokendir = {tmp_path}/objects\nlog.level = ERROR\n")
    environment = {**os.environ, "SOFTHSM2_CONF": str(conf)}
    subprocess.run(
        ["softhsm2-util", "--init-token", "--free", "--label", "t", "--so-pin", PIN, "--pin", PIN],
        env=environment, check=True, capture_output=True,
    )  # fmt: skip
    pin = tmp_path / "pin"
    pin.write_text(PIN + "\n")
    pin.chmod(0o400)
    return environment, pin


def run(environment, *arguments):
    return subprocess.run(
        [program("coffer-ceremony"), *arguments], env=environment, text=True, capture_output=True,
        timeout=120, check=False, stdin=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip


def probe(environment, pin, *more):
    return run(environment, "probe", "-uri=pkcs11:token=t", f"-pin-file={pin}", *more)


def test_a_probe_tells_what_works_and_what_is_ignored(token):
    done = probe(*token, "-format=json", MODULE)
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["token"]["label"] == "t"
    assert report["profile_by_make"] == report["profile_that_fits"] == "softhsm"
    verdicts = {each["check"]: each["verdict"] for each in report["findings"]}
    assert verdicts["aes-gcm"] == "works"
    assert verdicts["rsa-oaep-sha256"] == "cannot"
    assert verdicts["an empty IV is refused"] == "ignored"
    text = probe(*token, MODULE)
    assert "profile that fits" in text.stdout and "IGNORED" in text.stdout
    assert PIN not in text.stdout + text.stderr


def test_a_profile_that_does_not_fit_is_said_to_be_none_of_this_token(token):
    done = probe(*token, "-profile=generic-oaep", "-format=json", MODULE)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["profile_that_fits"] == "generic-gcm"


def test_what_is_no_module_is_refused_by_name(token, tmp_path):
    environment, pin = token
    text = tmp_path / "module.so"
    text.write_text("not a library\n")
    for path, said in (
        (str(text), "not a PKCS#11 module"),
        ("/usr/lib/x86_64-linux-gnu/libm.so.6", "not a PKCS#11 module"),
        ("/nonexistent/module.so", "refused to load the module /nonexistent/module.so"),
        ("module.so", "the path isn't absolute"),
    ):
        done = probe(environment, pin, path)
        assert done.returncode == 1
        assert said in done.stderr and path in done.stderr, done.stderr
    text.chmod(0o666)
    done = probe(environment, pin, str(text))
    assert done.returncode == 1 and "can be written" in done.stderr, done.stderr


def test_a_pin_that_others_may_read_or_that_is_wrong_is_refused(token):
    environment, pin = token
    pin.chmod(0o644)
    done = probe(environment, pin, MODULE)
    assert done.returncode == 1 and "owner alone" in done.stderr, done.stderr
    pin.chmod(0o600)
    pin.write_text("999999\n")
    done = probe(environment, pin, MODULE)
    assert done.returncode == 1 and "wrong PIN" in done.stderr, done.stderr


def test_wrong_words_are_wrong_usage(token):
    environment, pin = token
    for arguments in ((), ("nothing",), ("probe",), ("probe", MODULE), ("probe", "-uri=x", MODULE),
                      ("probe", "-uri=pkcs11:token=t", "-pin=1", MODULE),
                      ("probe", "-uri=pkcs11:token=t", "-format=xml", MODULE)):  # fmt: skip
        done = run(environment, *arguments)
        assert done.returncode == 1, arguments
        assert "coffer-ceremony: " in done.stderr
    assert run(environment, "-help").returncode == 0
    # Without a terminal there is nobody to ask.
    done = run(environment, "probe", "-uri=pkcs11:token=t", MODULE)
    assert done.returncode == 1 and "-pin-file" in done.stderr


ACTS = ["plan", "render", "person", "preflight", "rehearse", "run", "sign", "verify-bundle", "combine", "enrol", "probe"]


def test_wrong_words_of_an_act_are_wrong_usage(token, tmp_path):
    """Whoever looks at the exit status alone must not take a plan for checked."""
    environment, _ = token
    text = run(environment, "-help").stdout
    assert [line.split()[0] for line in text.partition("acts:")[2].splitlines()[1:12]] == ACTS
    plan = tmp_path / "plan.json"
    plan.write_text("{}")
    before = sorted(tmp_path.iterdir())
    out = ("-out=" + str(tmp_path / "new"),)
    for arguments in (*((act, *more) for act in ACTS for more in ((), ("-nothing",))),
                      *((act, plan) for act in ACTS if act != "verify-bundle"), ("plan", "chek", plan), ("plan", "-check", plan),
                      ("plan", "check"), ("plan", "check", plan, plan), ("plan", "template"),
                      ("plan", "template", "softhsm", "-profile=softhsm"), ("render", plan, plan),
                      ("person", "-name=a", "-role=pope", *out), ("person", "b", "-name=a", *out),
                      ("preflight", f"-plan={plan}", "-format=xml"), ("preflight", f"-plan={plan}", "format=json"),
                      ("verify-bundle", "-format=xml", tmp_path), ("run", "head=00", *out),
                      ("rehearse", f"-plan={plan}", "profile=softhsm", *out)):  # fmt: skip
        done = run(environment, *arguments)
        assert done.returncode == 1 and "coffer-ceremony: " in done.stderr and not done.stdout, arguments
    assert sorted(tmp_path.iterdir()) == before
    done = run(environment, "run", "hunter2", *out)
    assert done.returncode == 1 and "takes options alone" in done.stderr and "hunter2" not in done.stderr
    for act in ACTS:
        done = run(environment, act, "-help")
        assert done.returncode == 0 and f"coffer-ceremony {act}" in done.stdout and not done.stderr, act
