"""ssh/ against Debian's OpenSSH: its sshd lets in who has a certificate of ours, and nobody else; its client
takes a host by its certificate; its ssh-keygen reads what we write. And the commands of docs/ssh.md, as they
stand."""

import pathlib
import re
import subprocess
import time
import urllib.parse

import hvac
import pytest
import requests_unixsocket
from harness import ROOT, bin_dir

HOST = "web.example.com"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)
ROLE = {
    "key_type": "ca", "allow_user_certificates": True, "allowed_users": "root,nobody", "default_user": "root",
    "ttl": "10m",
}  # fmt: skip
CONFIG = """
HostKey {home}/host
HostCertificate {home}/host-cert.pub
TrustedUserCAKeys {home}/ca.pub
AuthorizedKeysFile none
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
StrictModes no
PidFile none
LogLevel VERBOSE
"""


def keygen(path, kind="ed25519"):
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "", "-f", path], check=True)


class Login:
    """An sshd that trusts the CA of `vault` and lives for one connection, and a client's key."""

    def __init__(self, vault):
        self.vault = vault
        self.home = home = vault.directory / "ssh"
        home.mkdir()
        pathlib.Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where sshd keeps its children in
        for name in ("host", "user"):
            keygen(home / name)
        assert vault.client.post("sys/mounts/ssh", {"type": "ssh"}).status == 204
        self.ca = vault.client.post("ssh/config/ca", {"generate_signing_key": True}).data["public_key"]
        (home / "ca.pub").write_text(self.ca)
        (home / "sshd_config").write_text(CONFIG.format(home=home))
        self.role("hosts", key_type="ca", allow_host_certificates=True, allowed_domains="example.com",
                  allow_subdomains=True)  # fmt: skip
        self.trust_host()
        (home / "known_hosts").write_text(f"@cert-authority *.example.com {self.ca}")

    def role(self, name, **fields):
        answer = self.vault.client.post(f"ssh/roles/{name}", fields)
        assert answer.status == 204, answer.body

    def signed(self, role, key, **fields):
        public_key = (self.home / f"{key}.pub").read_text()
        answer = self.vault.client.post(f"ssh/sign/{role}", {"public_key": public_key, **fields})
        assert answer.status == 200, answer.body
        (self.home / f"{key}-cert.pub").write_text(answer.data["signed_key"])
        return answer.data

    def trust_host(self, name=HOST):
        return self.signed("hosts", "host", cert_type="host", valid_principals=name)

    def run(self, command="echo in", user="root", key="user"):
        """What ssh came to, and what sshd said of it."""
        log = self.home / "sshd.log"
        log.write_text("")
        sshd = f"/usr/sbin/sshd -i -f {self.home}/sshd_config -E {log}"
        options = {
            "ProxyCommand": sshd, "UserKnownHostsFile": self.home / "known_hosts",
            "GlobalKnownHostsFile": "/dev/null", "StrictHostKeyChecking": "yes", "IdentitiesOnly": "yes",
            "BatchMode": "yes", "IdentityAgent": "none", "HostKeyAlgorithms": "ssh-ed25519-cert-v01@openssh.com",
        }  # fmt: skip
        flags = [flag for name, value in options.items() for flag in ("-o", f"{name}={value}")]
        done = subprocess.run(["ssh", "-F", "none", *flags, "-i", self.home / key, f"{user}@{HOST}", command],
                              text=True, capture_output=True, timeout=60, check=False)  # fmt: skip
        return done, log.read_text()

    def lets_in(self, **more):
        done, said = self.run(**more)
        assert done.returncode in (0, 255), (done.stderr, said)
        return done.returncode == 0, done.stdout + done.stderr + said


@pytest.fixture
def login(vault):
    return Login(vault)


def test_a_certificate_opens_the_door_and_a_bare_key_does_not(login):
    login.role("r", **ROLE)
    assert not login.lets_in()[0]
    data = login.signed("r", "user")
    inside, said = login.lets_in()
    assert inside and said.startswith("in\n"), said
    serial = int(data["serial_number"], 16)
    assert f"(serial {serial})" in said and "ID vault-root-" in said, "sshd's log knows who it was"


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
def test_other_kinds_of_keys_are_let_in_too(login, kind):
    login.role("r", **ROLE)
    keygen(login.home / kind, kind)
    login.signed("r", kind)
    inside, said = login.lets_in(key=kind)
    assert inside, said


@pytest.mark.parametrize("asked", [{"key_type": "ed25519"}, {"key_type": "ec", "key_bits": 384},
                                   {"key_bits": 2048}], ids=["ed25519", "ec", "rsa"])  # fmt: skip
def test_a_key_that_was_issued_is_let_in(login, asked):
    login.role("r", **ROLE)
    data = login.vault.client.post("ssh/issue/r", asked).data
    assert set(data) == {"private_key", "private_key_type", "serial_number", "signed_key"}
    assert data["private_key_type"] == asked.get("key_type", "rsa")
    key = login.home / "issued"
    key.touch(mode=0o600)
    key.write_text(data["private_key"])
    (login.home / "issued-cert.pub").write_text(data["signed_key"])
    inside, said = login.lets_in(key="issued")
    assert inside and f"(serial {int(data['serial_number'], 16)})" in said, said
    secret = data["private_key"].split("\n")[3]
    assert len(secret) > 40 and all(secret not in str(line) for line in login.vault.audit_lines())


def test_a_certificate_for_another_user_opens_nothing(login):
    login.role("r", **ROLE)
    login.signed("r", "user", valid_principals="nobody")
    inside, said = login.lets_in()
    assert not inside and "name is not a listed principal" in said.lower().replace("certificate ", ""), said


def test_a_certificate_ends(login):
    login.role("r", **ROLE)
    login.signed("r", "user", ttl=1)
    deadline = time.monotonic() + 30
    while (outcome := login.lets_in())[0]:
        assert time.monotonic() < deadline, "it never ends"
    assert "expired" in outcome[1].lower(), outcome[1]


def test_a_certificate_of_another_ca_opens_nothing(login):
    login.role("r", **ROLE)
    assert login.vault.client.delete("ssh/config/ca").status == 204
    assert login.vault.client.post("ssh/config/ca", {}).data["public_key"] != login.ca
    login.signed("r", "user")
    assert not login.lets_in()[0]


def test_a_forced_command_runs_whatever_was_asked(login):
    login.role("r", **ROLE, default_critical_options={"force-command": "echo forced"})
    login.signed("r", "user")
    inside, said = login.lets_in()
    assert inside and said.startswith("forced\n"), said


def test_a_host_is_taken_by_its_certificate_alone(login):
    login.role("r", **ROLE)
    login.signed("r", "user")
    assert login.lets_in()[0]
    login.trust_host("other.example.com")
    inside, said = login.lets_in()
    assert not inside and "Host key verification failed" in said, said


def test_the_ca_survives_a_restart_and_its_key_a_kill(login):
    login.role("r", **ROLE)
    login.vault.restart()
    login.signed("r", "user")
    assert login.lets_in()[0]
    login.vault.kill()
    login.vault.start()
    assert login.vault.client.get("ssh/config/ca").data["public_key"] == login.ca
    login.signed("r", "user")
    assert login.lets_in()[0]


def test_ssh_keygen_reads_what_was_signed(login):
    login.role("r", **ROLE, allow_user_key_ids=True, allowed_extensions="*")
    login.signed("r", "user", valid_principals="root,nobody", key_id="a key", ttl="1h",
                 critical_options={"source-address": "10.0.0.0/8", "force-command": "/bin/true"},
                 extensions={"permit-pty": "", "permit-X11-forwarding": "", "a@example.com": "v"})  # fmt: skip
    said = subprocess.run(["ssh-keygen", "-L", "-f", login.home / "user-cert.pub"], text=True,
                          capture_output=True, check=True).stdout  # fmt: skip
    for part in ("ssh-ed25519-cert-v01@openssh.com user certificate", "(using ecdsa-sha2-nistp256)", '"a key"',
                 "root", "nobody", "source-address 10.0.0.0/8", "force-command /bin/true", "permit-pty",
                 "permit-X11-forwarding", "a@example.com"):  # fmt: skip
        assert part in said, said


def test_the_commands_of_the_page(vault):
    home = vault.directory / "ssh"
    home.mkdir()
    for name in ("id_ed25519", "ssh_host_ed25519_key"):
        keygen(home / name)
    around = vault.command_environment()
    around |= {"PATH": f"{bin_dir()}:{around['PATH']}", "VAULT_ADDR": f"unix://{vault.socket_path}"}
    script = "".join(BLOCK.findall((ROOT / "docs/ssh.md").read_text()))
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], text=True, capture_output=True, env=around,
                          cwd=home, timeout=120, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert (home / "trusted-user-ca.pub").read_text() == vault.client.get("ssh/config/ca").data["public_key"]
    public_half = subprocess.run(["ssh-keygen", "-y", "-f", home / "id_issued"], text=True, capture_output=True,
                                 check=True).stdout  # fmt: skip
    assert public_half.startswith("ssh-ed25519 ") and not (home / "issued.json").exists()
    for name, kind in (("id_ed25519", "user"), ("id_issued", "user"), ("ssh_host_ed25519_key", "host")):
        said = subprocess.run(["ssh-keygen", "-L", "-f", home / f"{name}-cert.pub"], text=True,
                              capture_output=True, check=True).stdout  # fmt: skip
        assert f"{kind} certificate" in said


def test_hvac_speaks_to_it(vault):
    address = "http+unix://" + urllib.parse.quote(str(vault.socket_path), safe="")
    client = hvac.Client(url=address, token=vault.root_token, session=requests_unixsocket.Session())
    client.sys.enable_secrets_engine("ssh")
    made = client.write("ssh/config/ca", generate_signing_key=True)["data"]["public_key"]
    assert client.read("ssh/config/ca")["data"]["public_key"] == made
    client.write("ssh/roles/r", **ROLE)
    role = client.read("ssh/roles/r")["data"]
    assert (role["key_type"], role["ttl"], role["allowed_users"]) == ("ca", 600, "root,nobody")
    assert client.list("ssh/roles")["data"] == {"keys": ["r"], "key_info": {"r": {"key_type": "ca"}}}
    keygen(vault.directory / "key")
    signed = client.write("ssh/sign/r", public_key=(vault.directory / "key.pub").read_text())["data"]
    assert signed["signed_key"].startswith("ssh-ed25519-cert-v01@openssh.com ")
    with pytest.raises(hvac.exceptions.InvalidRequest, match="already configured"):
        client.write("ssh/config/ca", generate_signing_key=True)
    client.delete("ssh/config/ca")
    with pytest.raises(hvac.exceptions.InvalidRequest, match="haven't been configured"):
        client.read("ssh/config/ca")
