"""A vault on tokens of other makes: made, written, started again, read."""

import contextlib
import os
import pathlib
import shutil
import subprocess

import pytest

from configured import ConfiguredVault, toml
from conftest import new_directory
from harness import DevVault

PIN = "271828182845"
NSS = "/usr/lib/x86_64-linux-gnu/libsoftokn3.so"


@pytest.fixture
def home():
    made = new_directory()
    os.chmod(made, 0o755)
    yield pathlib.Path(made)
    shutil.rmtree(made)


class VaultOnMake(ConfiguredVault):
    """ConfiguredVault without the development vault's keys, on the token that `token` configures."""

    def __init__(self, home, token):
        DevVault.__init__(self, home / "vault")
        self.etc = home / "etc"
        self.etc.mkdir(mode=0o755)
        self.directory.mkdir(mode=0o700)
        pin = self.directory / "pin"
        pin.write_text(PIN + "\n")
        pin.chmod(0o400)
        self.settings = {
            "vault": {"directory": str(self.directory)},
            "token": {"pin_from": "file", "pin_file": str(pin), **token},
            "listener": [{"path": str(self.socket_path)}],
            "limits": {},
            "process": {"allow_root": True},
        }
        self.write()

    def write(self):
        self.config_path.write_text(toml(self.settings))
        os.chmod(self.config_path, 0o644)


def nss(home, **more):
    database = home / "nss"
    database.mkdir(mode=0o700)
    (home / "nss-pin").write_text(PIN + "\n")
    subprocess.run(["certutil", "-N", "-d", f"sql:{database}", "-f", str(home / "nss-pin")],
                   check=True, capture_output=True)  # fmt: skip
    return {
        "module": NSS,
        "uri": "pkcs11:token=NSS%20Certificate%20DB",
        "init_string": f"configdir='sql:{database}' certPrefix='' keyPrefix='' secmod='secmod.db'",
        **more,
    }


def initialise(vault):
    """Makes the vault, keeps its root token where the harness looks, and mounts secret/."""
    with contextlib.closing(vault.new_client(token="")) as client:
        made = client.request("PUT", "sys/init", {})
        assert made.status == 200, made.body
    vault.root_token_path.touch(mode=0o600)
    vault.root_token_path.write_text(made.json["root_token"])
    mounted = vault.request("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
    assert mounted.status == 204, mounted.body


def test_a_vault_on_nss_lives_through_a_restart(home):
    vault = VaultOnMake(home, nss(home, accept_insecure_token=True))
    vault.start()
    try:
        initialise(vault)
        vault.put("app", {"password": "on another make"})
        vault.restart()
        assert vault.read("app") == {"password": "on another make"}
    finally:
        vault.close()


def test_nss_is_refused_by_name_in_production(home):
    vault = VaultOnMake(home, nss(home))
    vault.start()
    try:
        with contextlib.closing(vault.new_client(token="")) as client:
            refused = client.request("PUT", "sys/init", {})
        assert refused.status in (400, 503), refused.body
        assert "accept_insecure_token" in refused.body.decode(), refused.body
    finally:
        vault.close()
