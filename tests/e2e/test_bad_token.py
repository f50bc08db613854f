"""A token whose keys aren't what the vault made them: it isn't served with, and the log says what is
wrong. Each by its own hand on a copy of a good vault."""

import os
import shutil
import subprocess

import pytest

from configured import copy_of, model_with


@pytest.fixture(scope="module")
def model():
    with model_with(("app", {"n": 1})) as directory:
        yield directory


@pytest.fixture
def configured(model):
    with copy_of(model) as vault:
        yield vault


def environment(vault):
    return {**os.environ, "SOFTHSM2_CONF": vault.settings["token"]["softhsm2_conf"]}


def kek_file(vault):
    """The kek's file: the one object whose CKA_CLASS is CKO_SECRET_KEY. SoftHSM writes an attribute
    as type, kind (2: a number) and value, eight bytes each."""
    secret_key = b"".join(n.to_bytes(8, "big") for n in (0, 2, 4))
    objects = (vault.directory / "token/objects").rglob("*.object")
    (kek,) = [path for path in objects if secret_key in path.read_bytes()]
    return kek


def vault_id(vault):
    """As the keyring says it: magic, format, suite, then 16 bytes."""
    store = (vault.directory / "store.db").read_bytes()
    at = store.index(b"CFKR")
    return store[at + 6 : at + 22]


def pin(vault):
    return (vault.directory / "pin").read_text().strip()


def why_not(vault):
    """What a start says that is refused."""
    done = vault.run()
    assert done.returncode not in (0, 78), done.stderr
    return done.stderr


def test_the_copy_itself_is_good(configured):
    configured.start()
    assert configured.read("app") == {"n": 1}


def test_two_keys_of_one_id_are_refused(configured):
    kek = kek_file(configured)
    shutil.copy(kek, kek.with_name("00000000-0000-0000-0000-0000000000aa.object"))
    shutil.copy(kek.with_suffix(".lock"), kek.with_name("00000000-0000-0000-0000-0000000000aa.lock"))
    assert "several keys on the token have the same CKA_ID" in why_not(configured)


def test_a_key_that_was_brought_along_is_refused_by_its_attribute(configured):
    """Of the right id and length, but someone has it outside of the token."""
    kek = kek_file(configured)
    kek.unlink()
    key = configured.directory / "planted.key"
    key.write_bytes(bytes(32))
    identifier = (vault_id(configured) + b"k" + (1).to_bytes(4, "big")).hex()
    done = subprocess.run(
        ["softhsm2-util", "--import", str(key), "--aes", "--token", "coffer-dev", "--id", identifier,
         "--label", "coffer kek v1", "--pin", pin(configured)],
        text=True, capture_output=True, env=environment(configured), check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said = why_not(configured)
    assert "isn't what its role demands: CKA_" in said, said


def test_a_token_that_lost_its_key_is_away_not_new(configured):
    kek = kek_file(configured)
    kek.unlink()
    said = why_not(configured)
    assert "the vault's key isn't on the token, or it went away" in said


def test_two_tokens_of_one_label_are_refused(configured):
    subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "coffer-dev", "--pin",
                    pin(configured), "--so-pin", "so-pin-7531"], check=True, capture_output=True,
                   env=environment(configured))  # fmt: skip
    assert "2 tokens match the PKCS#11 URI, wanted one" in why_not(configured)


def test_another_token_of_the_same_label_is_refused_by_its_serial(configured):
    shutil.rmtree(configured.directory / "token/objects")
    (configured.directory / "token/objects").mkdir()
    subprocess.run(["softhsm2-util", "--init-token", "--free", "--label", "coffer-dev", "--pin",
                    pin(configured), "--so-pin", "so-pin-7531"], check=True, capture_output=True,
                   env=environment(configured))  # fmt: skip
    assert "serial isn't one of this vault's tokens" in why_not(configured)
