"""After 1,000 puts and gets with the cache off, no value, token or PIN is in the daemon's memory."""

import base64
import http.client
import os
import secrets
import signal
import time

from memory_scan import find


def forms(name, text):
    raw = text.encode()
    return {name: raw, f"{name}, hex": raw.hex().encode(), f"{name}, base64": base64.b64encode(raw)[:-4]}


def test_the_scan_sees_what_is_there():
    canary = bytearray(secrets.token_hex(16).encode())
    assert find(os.getpid(), {"canary": bytes(canary)})


def test_no_secret_stays(make_vault):
    vault = make_vault("--cache-age", 0)
    canary = secrets.token_hex(12)
    for n in range(1000):
        vault.put(f"memory/{n % 50}", {"password": f"{canary}-{n}"})
        assert vault.read(f"memory/{n % 50}") == {"password": f"{canary}-{n}"}
    # The paths on which things go wrong hold secrets too.
    vault.client.post("secret/data/m", f'{{"data":{{"a":"{canary}"'.encode())
    vault.client.post("secret/data/m", {"data": {"a": canary}, "options": {"cas": 99}})
    vault.client.post("secret/data/m", {"data": f"{canary}"})
    vault.client.get(f"secret/data/m?version={canary}")
    try:
        vault.client.request("PUT", "secret/data/m", b"{" + canary.encode(), headers={"X A": "b"})
    except (OSError, http.client.HTTPException):
        pass
    wrong = secrets.token_hex(12)
    vault.new_client(token=wrong).get("secret/data/m")
    vault._forget_client()
    time.sleep(1.5)
    needles = {
        **forms("value", canary),
        **forms("root token", vault.root_token[4:]),
        "refused token": wrong.encode(),
        "PIN": (vault.directory / "pin").read_bytes(),
    }
    found = find(vault.pid, needles)
    assert not found, found[:10]


def test_no_core_no_environment_no_argument(vault):
    token = vault.root_token.encode()
    pin = (vault.directory / "pin").read_bytes()
    vault.put("a", {"n": 1})
    with open(f"/proc/{vault.pid}/limits") as limits:
        assert any(line.split()[4] == "0" for line in limits if line.startswith("Max core file"))
    for name in ("cmdline", "environ"):
        with open(f"/proc/{vault.pid}/{name}", "rb") as file:
            content = file.read()
        assert token not in content and pin not in content
    assert token not in vault.log_path.read_bytes() and pin not in vault.log_path.read_bytes()


def test_a_crash_leaves_no_core(vault):
    vault.put("a", {"n": 1})
    cwd = os.readlink(f"/proc/{vault.pid}/cwd")
    before = set(os.listdir(cwd))
    os.kill(vault.pid, signal.SIGSEGV)
    ended = os.waitid(os.P_PID, vault.pid, os.WEXITED | os.WNOWAIT)
    assert (ended.si_code, ended.si_status) == (os.CLD_KILLED, signal.SIGSEGV)  # not CLD_DUMPED
    assert not [name for name in set(os.listdir(cwd)) - before if "core" in name]
    vault.kill()
    vault.start()
    assert vault.read("a") == {"n": 1}


def test_every_file_is_the_owners_alone(vault):
    vault.put("a", {"n": 1})
    for path in vault.directory.rglob("*"):
        mode = path.stat().st_mode & 0o777
        if path.name != "cofferd.log" and path.name != "signer.pem":
            assert mode & 0o077 == 0, f"{path} {mode:o}"
    assert (vault.directory / "pin").stat().st_mode & 0o777 == 0o400
    assert vault.root_token_path.stat().st_mode & 0o777 == 0o600
