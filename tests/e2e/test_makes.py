"""A vault on tokens of other makes: made, written, started again, read."""

import contextlib
import os
import pathlib
import shutil
import subprocess
import time

import pytest

from configured import ConfiguredVault, toml
from conftest import new_directory
from harness import DevVault

PIN = "271828182845"
LABEL = "coffer test"
URI = "pkcs11:token=coffer%20test"  # the serials of the other two are the same on each machine
NSS = "/usr/lib/x86_64-linux-gnu/libsoftokn3.so"
OPENCRYPTOKI = "/usr/lib/x86_64-linux-gnu/opencryptoki/libopencryptoki.so.0"
TPM = "/usr/lib/x86_64-linux-gnu/libtpm2_pkcs11.so.1"


@pytest.fixture
def home():
    made = new_directory()
    os.chmod(made, 0o755)
    yield pathlib.Path(made)
    shutil.rmtree(made)


class VaultOnMake(ConfiguredVault):
    """ConfiguredVault without the development vault's keys, on the token that `token` configures."""

    def __init__(self, home, token, environment=None, command_prefix=(), pin=PIN):
        DevVault.__init__(self, home / "vault", command_prefix=command_prefix)
        self.etc = home / "etc"
        self.etc.mkdir(mode=0o755)
        self.directory.mkdir(mode=0o700)
        pin_file = self.directory / "pin"
        pin_file.write_text(pin + "\n")
        pin_file.chmod(0o400)
        self.settings = {
            "vault": {"directory": str(self.directory)},
            "token": {"pin_from": "file", "pin_file": str(pin_file), **token},
            "token.environment": environment or {},
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


def until(done, what):
    deadline = time.monotonic() + 20
    while not done():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def prepare(prefix, module, so_pin, pin, environment=None):
    """A token with a user's PIN in the module's first slot."""
    for act in (["--init-token", "--label", LABEL], ["--login", "--login-type", "so", "--init-pin", "--new-pin", pin]):
        subprocess.run([*prefix, "pkcs11-tool", "--module", module, "--slot-index", "0", "--so-pin", so_pin, *act],
                       check=True, capture_output=True, env=environment)  # fmt: skip


@contextlib.contextmanager
def program_that_runs(*command, **options):
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options) as process:
        try:
            yield process
        finally:
            process.terminate()
            process.wait()


# Its places are fixed, so it gets a namespace in which they are its own; for as long as its input is open.
OPENCRYPTOKI_PLACES = """
for place in /run /var/lib/opencryptoki /etc/opencryptoki; do mount -t tmpfs tmpfs $place; done
for place in /var/lib/opencryptoki /run/lock/opencryptoki; do
  mkdir -p $place/swtok/TOK_OBJ
  chgrp -R pkcs11 $place && chmod 770 $place $place/swtok $place/swtok/TOK_OBJ
done
printf 'version opencryptoki-3.8\\nslot 0\\n{\\nstdll = libpkcs11_sw.so\\n}\\n' >/etc/opencryptoki/opencryptoki.conf
pkcsslotd
read -r _
kill "$(cat /run/pkcsslotd.pid)"
"""


@contextlib.contextmanager
def opencryptoki(home):
    with program_that_runs("unshare", "--mount", "--ipc", "sh", "-c", OPENCRYPTOKI_PLACES,
                           stdin=subprocess.PIPE) as place:  # fmt: skip
        inside = ["nsenter", "--mount", "--ipc", f"--target={place.pid}"]
        there = [*inside, "test", "-S", "/run/pkcsslotd.socket"]
        until(lambda: subprocess.run(there, check=False, capture_output=True).returncode == 0, "no pkcsslotd")
        prepare(inside, OPENCRYPTOKI, "87654321", PIN[:8])
        vault = VaultOnMake(home, {"module": OPENCRYPTOKI, "uri": URI}, command_prefix=inside, pin=PIN[:8])
        yield vault
        vault.close()
        place.stdin.close()
        until(lambda: place.poll() is not None, "pkcsslotd doesn't end")


BUS = """<busconfig><type>session</type><listen>unix:path=%s</listen><policy context="default">
<allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy></busconfig>
"""


@contextlib.contextmanager
def tpm(home):
    state = home / "tpm"
    state.mkdir(mode=0o700)
    bus, socket = state / "bus", state / "tpm"
    (state / "bus.conf").write_text(BUS % bus)
    environment = {"TPM2_PKCS11_STORE": str(state), "TPM2_PKCS11_TCTI": "tabrmd:bus_type=session",
                   "TSS2_LOG": "all+NONE", "DBUS_SESSION_BUS_ADDRESS": f"unix:path={bus}"}  # fmt: skip
    around = {**os.environ, **environment}
    with contextlib.ExitStack() as running:
        start = lambda *command: running.enter_context(program_that_runs(*command, env=around))  # noqa: E731
        start("swtpm", "socket", "--tpm2", "--tpmstate", f"dir={state}", "--ctrl", f"type=unixio,path={socket}.ctrl",
              "--server", f"type=unixio,path={socket}", "--flags", "not-need-init,startup-clear")  # fmt: skip
        until(socket.exists, "no swtpm")
        start("dbus-daemon", "--nofork", f"--config-file={state}/bus.conf")
        until(bus.exists, "no bus")
        start("tpm2-abrmd", "--session", "--allow-root", f"--tcti=swtpm:path={socket}")
        ping = ["dbus-send", "--session", "--print-reply", "--dest=com.intel.tss2.Tabrmd",
                "/com/intel/tss2/Tabrmd/Tcti", "org.freedesktop.DBus.Peer.Ping"]  # fmt: skip
        until(lambda: subprocess.run(ping, check=False, capture_output=True, env=around).returncode == 0, "no abrmd")
        prepare([], TPM, "a-so-pin-of-a-test", PIN, environment=around)
        vault = VaultOnMake(home, {"module": TPM, "uri": URI}, environment)
        yield vault
        vault.close()


def initialise(vault):
    """Makes the vault, keeps its root token where the harness looks, and mounts secret/."""
    with contextlib.closing(vault.new_client(token="")) as client:
        made = client.request("PUT", "sys/init", {})
        assert made.status == 200, made.body
    vault.keep_root_token(made.json["root_token"])
    mounted = vault.request("POST", "sys/mounts/secret", {"type": "kv", "options": {"version": "2"}})
    assert mounted.status == 204, mounted.body


def lives_through_a_restart(vault):
    vault.start()
    initialise(vault)
    vault.put("app", {"password": "on another make"})
    vault.restart()
    assert vault.read("app") == {"password": "on another make"}
    assert vault.request("GET", "sys/token").data["state"] == "up"


@pytest.mark.parametrize("make", [opencryptoki, tpm])
def test_a_vault_on_a_token_without_gcm_lives_through_a_restart(home, make):
    with make(home) as vault:
        lives_through_a_restart(vault)
        assert vault.request("GET", "sys/token").data["wrap"].startswith("rsa-oaep-")


def test_a_vault_on_nss_lives_through_a_restart(home):
    vault = VaultOnMake(home, nss(home, accept_insecure_token=True))
    try:
        lives_through_a_restart(vault)
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
