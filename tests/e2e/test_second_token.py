"""The drill: a vault with two tokens, the first of which is destroyed. Every secret opens with the
second, and nothing has to be known of the first any more."""

import json
import os
import pathlib
import shutil
import subprocess

import pytest

from configured import copy_of, empty_out, model_with
from harness import program

SECRETS = 25
MODULE = "/usr/lib/softhsm/libsofthsm2.so"


class SecondToken:
    """A SoftHSM token in a directory of its own, as it would stand in a safe."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.objects = self.directory / "objects"
        self.objects.mkdir(parents=True)
        self.conf = self.directory / "softhsm2.conf"
        self.conf.write_text(f"directories.tokendir = {self.objects}\nobjectstore.backend = file\n")
        self.pin = self.directory / "pin"
        self.pin.write_text("second-pin-8642")
        os.chmod(self.pin, 0o400)
        subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "second", "--pin",
                        self.pin.read_text(), "--so-pin", "so-pin-8642"], check=True,
                       capture_output=True, env=self.environment)  # fmt: skip

    @property
    def environment(self):
        return {**os.environ, "SOFTHSM2_CONF": str(self.conf)}

    def enrol(self, vault_id, *more):
        out = self.directory / "second.json"
        done = subprocess.run(
            [program("coffer-ceremony"), "enrol", "--vault", vault_id, "--module", MODULE, "--token",
             "pkcs11:token=second", "--profile", "generic-oaep-sha1", "--pin-file", str(self.pin),
             "--sync-directory", str(self.objects), "--out", str(out), *more],
            text=True, capture_output=True, env=self.environment, check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return out

    def serve(self, vault):
        """The configuration of `vault`, changed to this token."""
        vault.settings["token"].update(
            {"uri": "pkcs11:token=second", "pin_file": str(self.pin), "softhsm2_conf": str(self.conf),
             "profile": "generic-oaep-sha1"}
        )
        vault.write()


@pytest.fixture(scope="module")
def model():
    with model_with() as directory:
        yield directory


@pytest.fixture
def configured(model):
    with copy_of(model) as vault:
        yield vault


@pytest.fixture
def empty(configured):
    empty_out(configured)
    return configured


@pytest.fixture
def second(configured):
    return SecondToken(configured.directory.parent / "safe")


def vault_id(vault):
    return vault.client.get("sys/seal-status").json["cluster_id"]


def fill(vault):
    for n in range(SECRETS):
        vault.put(f"app/{n}", {"n": n})


def all_read(vault):
    for n in range(SECRETS):
        assert vault.read(f"app/{n}") == {"n": n}


def coffer(vault, *words):
    done = vault.coffer(*words)
    assert done.returncode == 0, (words, done.stderr)
    return done.stdout


def enrolled(vault, second):
    """The second token's id, once everything is wrapped to it."""
    file = second.enrol(vault_id(vault))
    made = coffer(vault, "operator", "token", "enroll", "-field=id", str(file))
    coffer(vault, "operator", "rotate-key", "-watch")
    return made


def test_the_first_token_is_destroyed_and_every_secret_opens(configured, second):
    vault = configured.start()
    fill(vault)
    assert not vault.client.get("sys/health").json["recovery"]
    token = enrolled(vault, second)
    assert vault.client.get("sys/health").json["recovery"]
    assert token in coffer(vault, "operator", "token", "list")
    vault.put("after", {"n": "for both"})
    first = json.loads(coffer(vault, "operator", "token", "list", "-format=json"))["data"]
    first_id = next(key for key in first["keys"] if key != token)
    pinned = (vault.directory / "signer.pem").read_text()
    vault.stop()
    shutil.rmtree(vault.directory / "token/objects")  # it is gone

    second.serve(vault)
    vault.start()
    all_read(vault)
    assert vault.read("after") == {"n": "for both"}
    assert (vault.directory / "signer.pem").read_text() != pinned
    vault.put("app/0", {"n": 0})
    assert "each by the token" in coffer(vault, "operator", "rotate-key", "-verify")
    coffer(vault, "operator", "rotate-key", "-watch")
    coffer(vault, "operator", "token", "retire", first_id)
    coffer(vault, "operator", "rotate-key", "-key=sign")
    coffer(vault, "operator", "rotate-key", "-watch")
    coffer(vault, "operator", "rotate-key", "-verify")
    coffer(vault, "operator", "rotate-key")
    coffer(vault, "operator", "rotate-key", "-watch")
    coffer(vault, "operator", "rotate-key", "-retire=1")
    vault.restart()
    all_read(vault)
    vault.stop()
    assert vault.verify_audit()[0] == 0


def test_neither_is_given_up_while_something_needs_it(configured, second):
    vault = configured.start()
    fill(vault)
    token = enrolled(vault, second)
    tokens = json.loads(coffer(vault, "operator", "token", "list", "-format=json"))["data"]
    in_use = next(key for key, info in tokens["key_info"].items() if info["in_use"])
    refused = vault.coffer("operator", "token", "retire", in_use)
    assert refused.returncode == 2 and "in use" in refused.stderr
    vault.stop()
    second.serve(vault)
    vault.start()
    vault.put("alone", {"n": "the first can't be wrapped to"})
    coffer(vault, "operator", "rotate-key", "-key=audit")
    coffer(vault, "operator", "rotate-key", "-watch")
    counts = json.loads(coffer(vault, "operator", "token", "list", "-format=json"))["data"]["key_info"]
    assert counts[token]["alone"] == 1 and counts[in_use]["alone"] == 0
    vault.settings["token"].update(
        {"uri": "pkcs11:token=coffer-dev", "pin_file": str(vault.directory / "pin"), "profile": "auto",
         "softhsm2_conf": str(vault.directory / "token/softhsm2.conf")}
    )  # fmt: skip
    vault.write()
    vault.restart()
    all_read(vault)
    coffer(vault, "operator", "rotate-key", "-watch")
    refused = vault.coffer("operator", "token", "retire", token)
    assert refused.returncode == 2 and "1 records can be opened by this token alone" in refused.stderr


def test_an_enrolment_that_was_changed_or_is_another_vaults_is_refused(configured, second):
    vault = configured.start()
    other = json.loads(second.enrol("11111111-2222-4333-8444-555555555555").read_text())
    assert vault.client.post("sys/token-enrolments", other).status == 400
    good = json.loads(second.enrol(vault_id(vault)).read_text())
    for field in good:
        changed = {**good, field: good[field] + "x" if field != "algorithm" else "rsa-oaep-sha256"}
        answer = vault.client.post("sys/token-enrolments", changed)
        # A label longer by a letter is well formed: the signature shows it.
        assert answer.status == 400, (field, answer.body)
    assert vault.client.post("sys/token-enrolments", good).status == 200
    assert vault.client.post("sys/token-enrolments", good).status == 400


def test_a_vault_may_have_its_second_token_from_the_start(empty, second):
    """init -recovery-token: the vault gets the id that the token's keys were made for."""
    vault = empty
    wanted = "0a1b2c3d-0000-4000-8000-00000000c0de"
    file = second.enrol(wanted)
    vault.start()
    neither = vault.coffer("operator", "init", COFFER_TOKEN_PATH="/nonexistent")
    assert neither.returncode == 1 and "-no-recovery" in neither.stderr
    made = vault.coffer("operator", "init", f"-recovery-token={file}", "-format=json",
                        COFFER_TOKEN_PATH="/nonexistent")  # fmt: skip
    assert made.returncode == 0, made.stderr
    answer = json.loads(made.stdout)
    assert answer["vault_id"] == wanted and answer["recovery"] is True
    vault.keep_root_token(answer["root_token"])
    assert vault.coffer("secrets", "enable", "-path=secret", "kv-v2").returncode == 0
    fill(vault)
    vault.stop()
    shutil.rmtree(vault.directory / "token/objects")
    second.serve(vault)
    vault.start()
    all_read(vault)
