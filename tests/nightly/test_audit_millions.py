"""Ten million lines of an audit log: how much memory and time the verifier takes. COFFER_AUDIT_LINES is
another number of them, COFFER_AUDIT_DIRECTORY where there is room for a kilobyte of each."""

import base64
import hashlib
import os
import pathlib
import shutil
import subprocess
import tempfile

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from harness import program

LINES = int(os.environ.get("COFFER_AUDIT_LINES", "10000000"))
NODE = "0b5f8d5e-3c62-4f0a-9b1e-5d2c7a4e8f10"
ORIGIN = f"coffer-audit/{NODE}"
SEGMENT = 64 << 20
GIB = 1 << 30

# A read of a secret, as the daemon writes it down.
TIME = "2026-01-01T%02d:%02d:%02d.%09dZ"
REQUEST = (
    '{"time":"%s","type":"%s","request":{"id":"00000000-0000-4000-8000-%012x","operation":"read",'
    '"mount_point":"secret/","mount_type":"kv","client_token":"hmac-sha256:' + "94581ca0" * 8 + '",'
    '"client_token_accessor":"sJvVdhqTzQwFZ2","path":"secret/data/app"},"auth":{"client_token":"hmac-sha256:'
    + "94581ca0" * 8 + '","accessor":"sJvVdhqTzQwFZ2","display_name":"app","policies":["default","app"],'
    '"token_policies":["default","app"],"token_type":"service","policy_results":{"allowed":true,'
    '"granting_policies":[{"name":"app","type":"acl"}]}},"peer":{"uid":1000,"gid":1000,"pid":4242,'
    '"unit":"app.service"},"rule":{"path":"secret/data/*","policy":"app"},"hmac_key_version":1'
)  # fmt: skip
ANSWER = (',"response":{"data":{"data":{"password":"hmac-sha256:' + "f6c2ff60" * 8 + '"},"metadata":{'
          '"created_time":"2026-01-01T00:00:01.50025Z","deletion_time":"","destroyed":false,"version":1}}}')  # fmt: skip
TAIL = ',"node":"' + NODE + '","seq":%d,"open":%d,"prev":"%s"}'


class Tree:
    """RFC 6962: the roots of the perfect subtrees, the largest first."""

    def __init__(self):
        self.size, self.roots = 0, []

    def add(self, leaf):
        at = self.size
        while at & 1:
            leaf, at = hashlib.sha256(b"\x01" + self.roots.pop() + leaf).digest(), at >> 1
        self.roots.append(leaf)
        self.size += 1

    def root(self):
        node = self.roots[-1]
        for left in reversed(self.roots[:-1]):
            node = hashlib.sha256(b"\x01" + left + node).digest()
        return node


class Log:
    """In segments, as the daemon writes them."""

    def __init__(self, directory):
        self.directory, self.tree, self.head, self.open = directory, Tree(), "0" * 64, 0
        self.file = None
        self.begin()

    def begin(self):
        if self.file:
            self.file.close()
        name = f"audit-{self.tree.size + 1:020}.jsonl"
        self.file = open(self.directory / name, "wb", buffering=1 << 20)
        self.left = SEGMENT

    def write(self, body):
        line = (body + TAIL % (self.tree.size + 1, self.open, self.head)).encode()
        hashed = hashlib.sha256(b"\0" + line)
        self.head = hashed.hexdigest()
        self.tree.add(hashed.digest())
        self.file.write(line)
        self.file.write(b"\n")
        self.left -= len(line) + 1

    def add(self, time, body, opens):
        if self.left <= 0:
            self.begin()
            told = ",".join(f'"{one.hex()}"' for one in self.tree.roots)
            self.write('{"time":"' + time + '","type":"segment","tree":[' + told + "]")
        # The only request that is open, if one is, this line counted.
        self.open = self.tree.size + 1 if opens else 0
        self.write(body)


def make(directory, lines):
    log = Log(directory)
    for number in range((lines + 1) // 2):
        second, part = divmod(number, 1000)
        time = TIME % (second // 3600, second // 60 % 60, second % 60, part * 1_000_000)
        log.add(time, REQUEST % (time, "request", number), opens=True)
        log.add(time, REQUEST % (time, "response", number) + ANSWER, opens=False)
    log.file.close()
    return log


def sign(log, directory):
    """What the token would have signed of it: options of the verifier."""
    key = ec.generate_private_key(ec.SECP256R1())
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    (directory / "signer.pem").write_bytes(key.public_key().public_bytes(serialization.Encoding.PEM, form))
    spki = key.public_key().public_bytes(serialization.Encoding.DER, form)
    text = f"{ORIGIN}\n{log.tree.size}\n{base64.b64encode(log.tree.root()).decode()}\n"
    signature = hashlib.sha256(spki).digest()[:4] + key.sign(text.encode(), ec.ECDSA(hashes.SHA256()))
    (directory / "kept").write_text(f"{text}\n— {ORIGIN} {base64.b64encode(signature).decode()}\n")
    return f"-key={directory}/signer.pem", f"-checkpoint={directory}/kept"


def run(*command):
    """(what it printed, peak of its memory in bytes, seconds of the processor)"""
    with tempfile.TemporaryFile() as out:
        process = subprocess.Popen(command, stdout=out)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        said = out.read().decode()
    assert process.returncode == 0, said
    return said, used.ru_maxrss * 1024, used.ru_utime, used.ru_stime


def test_the_verifier_takes_less_than_a_gibibyte(capsys):
    directory = pathlib.Path(tempfile.mkdtemp(prefix="coffer-", dir=os.environ.get("COFFER_AUDIT_DIRECTORY")))
    try:
        audit = directory / "audit"
        audit.mkdir(mode=0o700)
        log = make(audit, LINES)
        options = sign(log, directory)
        size = sum(path.stat().st_size for path in audit.iterdir())
        for form in ("plain", "compressed"):
            if form == "compressed":
                run(program("coffer-audit"), "compress", str(audit))
                size = sum(path.stat().st_size for path in audit.iterdir())
            said, peak, user, system = run(program("coffer-audit"), "verify", *options, str(audit))
            assert f"signed lines    {log.tree.size}\n" in said, said
            assert peak < GIB
            with capsys.disabled():
                print(f"\n{form}: {log.tree.size} lines, {size / GIB:.1f} GiB: peak {peak / (1 << 20):.1f} MiB, "
                      f"{user:.1f} s user and {system:.1f} s system, {log.tree.size / user:.0f} lines a second of "
                      f"user time")  # fmt: skip
    finally:
        shutil.rmtree(directory)
