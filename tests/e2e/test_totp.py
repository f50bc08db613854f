"""totp/ on a real daemon: the commands of docs/totp.md as they stand, and that a code is good once, whatever
happens."""

import base64
import concurrent.futures
import hashlib
import hmac
import re
import struct
import subprocess
import time
import urllib.parse

import hvac
import memory_scan
import pytest
import requests_unixsocket
from harness import ROOT, bin_dir

KEY = b"12345678901234567890"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)
PERIOD = 86400  # no test sees two of these: a code of the one before counts too


def code_at(key, when, period, digits=6):
    """RFC 6238, written down a second time."""
    mac = hmac.new(key, struct.pack(">Q", int(when) // period), hashlib.sha1).digest()
    value = struct.unpack(">I", mac[(at := mac[-1] & 15) : at + 4])[0] & 0x7FFFFFFF
    return str(value % 10**digits).zfill(digits)


def url_of(period=30):
    secret = base64.b32encode(KEY).decode()
    return f"otpauth://totp/Them:us?secret={secret}&period={period}"


@pytest.fixture
def totp(vault):
    assert vault.client.post("sys/mounts/totp", {"type": "totp"}).status == 204
    vault.client.post("totp/keys/k", {"url": url_of(PERIOD)})
    return vault


def used(answer):
    return answer.status == 400 and "code already used" in answer.body.decode()


def check(client, code):
    return client.post("totp/code/k", {"code": code})


def test_the_commands_of_the_page(vault):
    enable, make, verify, supplier = BLOCK.findall((ROOT / "docs/totp.md").read_text())
    around = vault.command_environment()
    around["PATH"] = f"{bin_dir()}:{around['PATH']}"

    def run(script, **more):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], text=True, capture_output=True,
                              env={**around, **more}, timeout=60, check=False)  # fmt: skip
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    run(enable)
    url = re.search(r"otpauth://\S+", run(make))[0]
    query = urllib.parse.parse_qs(urllib.parse.urlsplit(url).query)
    assert query["issuer"] == ["Shop"] and query["digits"] == ["6"]
    seed = base64.b32decode(query["secret"][0])
    assert re.search(r"valid\s+true", run(verify, code=code_at(seed, time.time(), 30)))
    before = time.time()
    told = run(supplier, url=url_of()).split()[-1]
    assert told in {code_at(KEY, when, 30) for when in (before, time.time())}


@pytest.mark.parametrize("size", [200, 1000])
def test_a_scanner_reads_the_barcode(totp, size):
    for account in ("a", "a.rather.long.name@of.a.rather.long.domain.example.com", "\u00e4 & \u00f6" * 9):
        asked = {"generate": True, "issuer": "A & B", "account_name": account, "qr_size": size}
        answer = totp.client.post("totp/keys/scanned", asked)
        picture = totp.directory / "barcode.png"
        picture.write_bytes(base64.b64decode(answer.data["barcode"]))
        read = subprocess.run(["zbarimg", "--raw", "-q", "-Sbinary", picture], capture_output=True, check=True).stdout
        assert read.decode().rstrip("\n") == answer.data["url"]


def test_of_many_at_once_with_one_code_one_is_told_that_it_is_right(totp):
    code = code_at(KEY, time.time(), PERIOD)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        clients = [totp.new_client() for _ in range(8)]
        answers = list(pool.map(lambda client: check(client, code), clients))
    good = [answer for answer in answers if answer.status == 200 and answer.data["valid"]]
    assert len(good) == 1
    assert all(used(answer) for answer in answers if answer not in good)


def test_a_code_that_was_told_right_stays_used_when_the_daemon_is_killed(totp):
    code = code_at(KEY, time.time(), PERIOD)
    assert check(totp.client, code).data["valid"]
    totp.kill()
    totp.start()
    assert used(check(totp.client, code))


def test_the_seed_is_in_no_file_and_no_line(totp):
    secret = base64.b32encode(KEY)
    made = totp.client.post("totp/keys/new", {"generate": True, "issuer": "I", "account_name": "a"}).data["url"]
    new = urllib.parse.parse_qs(urllib.parse.urlsplit(made).query)["secret"][0]
    files = [path for path in totp.directory.rglob("*") if path.is_file() and "token" not in path.parts]
    everything = b"".join(path.read_bytes() for path in files)
    assert b"totp/keys/new" in everything, "the log is among them"
    for text in (KEY, secret, new.encode(), base64.b32decode(new)):
        assert text not in everything


def test_no_seed_is_left_in_memory(totp):
    """Neither one that was written nor one that was made and told, picture and all."""
    secret = base64.b32encode(KEY).decode()
    made = totp.client.post("totp/keys/new", {"generate": True, "issuer": "I", "account_name": "a"}).data["url"]
    new = urllib.parse.parse_qs(urllib.parse.urlsplit(made).query)["secret"][0]
    for name in ("k", "new"):
        assert totp.client.get(f"totp/code/{name}").status == 200
        check(totp.client, "000000")
    for _ in range(8):  # buffers of connections are used again by whoever comes next
        totp.client.get("sys/health")
    needles = {"seed": KEY, "base32": secret.encode(), "new": base64.b32decode(new), "told": new.encode()}
    left = [(name, where) for name, where, _ in memory_scan.find(totp.pid, needles)]
    assert not left
    assert memory_scan.find(totp.pid, {"mount": b"totp/"}), "it is this process that was searched"


def test_hvac_speaks_to_it(totp):
    address = "http+unix://" + urllib.parse.quote(str(totp.socket_path), safe="")
    client = hvac.Client(url=address, token=totp.root_token, session=requests_unixsocket.Session())
    made = client.write("totp/keys/h", generate=True, issuer="Shop", account_name="bob", exported=True)
    assert made["data"]["url"].startswith("otpauth://totp/Shop:bob?algorithm=SHA1&digits=6&issuer=Shop&period=30&")
    assert client.read("totp/keys/h")["data"] == {
        "account_name": "bob", "algorithm": "SHA1", "digits": 6, "issuer": "Shop", "period": 30,
    }  # fmt: skip
    assert sorted(client.list("totp/keys")["data"]["keys"]) == ["h", "k"]
    code = client.read("totp/code/h")["data"]["code"]
    assert client.write("totp/code/h", code=code)["data"] == {"valid": True}
    with pytest.raises(hvac.exceptions.InvalidRequest, match="code already used"):
        client.write("totp/code/h", code=code)
    client.delete("totp/keys/h")
    assert client.read("totp/keys/h") is None
