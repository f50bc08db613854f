"""Witnesses as they are reached for real: HTTP over TCP, TLS and a socket, syslog; bad ones; and what
their signatures show when everything that the vault has was put back."""

import base64
import json
import pathlib
import shutil
import socket
import subprocess

import pytest

from authority import Authority
from configured import copy_of, model_with
from harness import program
from test_audit_signed import audit, lines, status, until, verify, witnessed
from test_rollback import put_back
from witness import MANNERS, NAME, Cosigner, Witness

# In a /dev of its own, where `log` leads to the test.
OWN_DEV = """
mount -t tmpfs none "$1/old" && mount --rbind /dev "$1/old" && mount -t tmpfs none /dev &&
for n in null zero full random urandom; do touch /dev/$n && mount --bind "$1/old/$n" /dev/$n || exit; done &&
ln -s /proc/self/fd /dev/fd && mkdir -m 1777 /dev/shm && ln -s "$1/log" /dev/log && shift && exec "$@"
"""


@pytest.fixture(scope="module")
def model():
    with model_with(("app", {"n": 1})) as directory:
        yield directory


@pytest.fixture
def vault(model):
    with copy_of(model) as made:
        yield made


@pytest.fixture
def witness(vault):
    node = vault.audit_lines()[0]["node"]
    return Witness(f"coffer-audit/{node}", (vault.directory / "signer.pem").read_bytes())


def configure(vault, **settings):
    vault.settings["vault"] |= {f"audit_witness_{key}": value for key, value in {"seconds": 1, **settings}.items()}
    vault.write()


UNREACHED = "cannot reach the witness"
UNVERIFIED = "what the witness signed doesn't verify"
TROUBLE = {
    "not HTTP": UNREACHED,
    "no body": "the witness took the checkpoint and signed nothing",
    "hangs": UNREACHED,
    "no signature": "the witness sent signatures that are none",
    "too much": UNREACHED,
    "another's signature": UNVERIFIED,
    "nothing": UNREACHED,
    "of another checkpoint": UNVERIFIED,
    "no size": "the witness answered 409 without the size that it knows",
    "an error": "the witness answered 500",
    "drips": UNREACHED,
}


def with_key(directory, witness, name="witness.vkey"):
    path = directory / name
    path.write_text(witness.cosigner.vkey + "\n")
    return f"-witness-key={path}"


def expect_cosigned(vault, witness, directory):
    """To the last line, as the verifier sees it."""
    vault.stop()
    assert witness.size == lines(vault)
    seen = verify(vault, with_key(directory, witness))
    (one,) = seen["cosigned"]
    # The anchor that the token has is among what they signed.
    assert seen["anchor"]["line"] == lines(vault)
    assert (one["witness"], one["lines"]) == (NAME, lines(vault)) and one["at"].endswith("Z")
    other = directory / "other.vkey"
    other.write_text(Cosigner().vkey)
    done = audit("verify", f"-witness-key={other}", vault.audit_directory)
    assert done.returncode == 2 and "none of the witnesses given signed it" in done.stdout


def serve_a_while(vault, witness):
    """From one start to another, so that it is asked what it knows."""
    for n in range(2):
        vault.start()
        vault.put("a", {"n": n})
        until(lambda: witnessed(vault, "http")["lines"] > 0)
        assert witnessed(vault, "http")["signed_by"] == NAME
        assert witnessed(vault, "http")["trouble"] == ""
        if n == 0:
            vault.stop()
    assert 409 in witness.statuses and set(witness.statuses) == {200, 409}
    assert not vault.events("fork")


def test_a_witness_over_tcp(vault, witness, directory):
    with witness.serve_tcp():
        configure(vault, url=f"http://127.0.0.1:{witness.port}/", key=witness.cosigner.vkey)
        serve_a_while(vault, witness)
        expect_cosigned(vault, witness, directory)


def test_a_witness_over_a_socket(vault, witness, directory):
    with witness.serve_unix(directory / "witness.sock"):
        configure(vault, url=f"unix:{directory}/witness.sock", key=witness.cosigner.vkey)
        serve_a_while(vault, witness)
        expect_cosigned(vault, witness, directory)


def test_a_witness_over_tls_is_held_against_the_authority_that_was_named(vault, witness, directory):
    ours, others = Authority(directory, "ours"), Authority(directory, "others")
    ours.sign(directory, "DNS:localhost")
    with witness.serve_tls(directory / "server.pem", directory / "server.key"):
        url = f"https://localhost:{witness.port}"
        configure(vault, url=url, key=witness.cosigner.vkey, ca=str(ours.certificate))
        vault.start()
        until(lambda: witnessed(vault, "http")["lines"] > 0)
        expect_cosigned(vault, witness, directory)
        # Another authority, the system's, and a name that isn't the certificate's.
        for more in ({"ca": str(others.certificate)}, {"ca": ""},
                     {"ca": str(ours.certificate), "url": f"https://127.0.0.1:{witness.port}"}):  # fmt: skip
            configure(vault, **{"url": url, **more})
            before = list(witness.statuses)
            vault.start()
            until(lambda: witnessed(vault, "http")["trouble"] == "cannot reach the witness")
            vault.stop()
            assert witness.statuses == before, more


def test_syslog_gets_a_line_that_tells_all_of_the_checkpoint(vault, directory):
    (directory / "old").mkdir()
    collector = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    collector.bind(str(directory / "log"))
    collector.settimeout(20)
    configure(vault, syslog=True)
    vault.command_prefix = ["unshare", "--mount", "sh", "-c", OWN_DEV, "sh", str(directory)]
    vault.start()
    until(lambda: witnessed(vault, "syslog")["lines"] > 0)
    ours = f" cofferd[{vault.pid}]: "
    # The token's module writes there too.
    head, line = until(lambda: (lambda got: got.split(ours) if ours in got else None)(collector.recv(65536).decode()))
    assert head.startswith("<85>")  # authpriv, notice
    collector.close()
    vault.put("a", {"n": 1})
    until(lambda: witnessed(vault, "syslog")["trouble"] == "syslog doesn't take the checkpoint")
    vault.stop()
    # The signed note is put together again from that line.
    word, origin, size, root, signature = line.split(" ")
    (notes,) = vault.audit_directory.glob("*.checkpoints")
    noted = notes.read_text().split("\n\n")
    assert word == "checkpoint" and f"{origin}\n{size}\n{root}" in noted
    signatures = [base64.b64decode(text.split(" ")[2]) for text in noted if text.startswith("— ")]
    assert base64.b64decode(signature) in [raw[4:] for raw in signatures]  # without the key's id


def test_a_bad_witness_delays_nothing_and_is_told(vault, witness, directory):
    cosigned = vault.audit_directory / "cosigned"
    with witness.serve_tcp():
        configure(vault, url=f"http://127.0.0.1:{witness.port}", key=witness.cosigner.vkey)
        assert TROUBLE.keys() == MANNERS.keys()
        for n, (manner, trouble) in enumerate(TROUBLE.items()):
            witness.manner = manner
            asked = len(witness.statuses)
            if not vault.running:
                vault.start()
            vault.put("a", {"n": n})
            until(lambda: len(witness.statuses) > asked, 30)
            # While it may be at work on its answer: served, and signed.
            now = lines(vault)
            assert vault.read("a") == {"n": n}
            until(lambda: status(vault)["signed_lines"] >= now)
            until(lambda: witnessed(vault, "http")["trouble"] == trouble)
            assert witnessed(vault, "http")["lines"] == 0 and not cosigned.exists()
        assert vault.stop() == 0, "a witness that drips, at the stop"
        assert not vault.events("fork")
        witness.manner = "good"
        vault.start()
        until(lambda: witnessed(vault, "http")["lines"] > 0)
        assert witnessed(vault, "http")["trouble"] == ""
        expect_cosigned(vault, witness, directory)


def test_a_fork_is_told_by_the_daemon_and_by_the_verifier(vault, witness, directory):
    with witness.serve_tcp():
        configure(vault, url=f"http://127.0.0.1:{witness.port}", key=witness.cosigner.vkey)
        vault.start()
        until(lambda: witnessed(vault, "http")["lines"] > 0)
        vault.stop()
        witness.known = (5, b"another history of this node....")
        vault.start()
        until(lambda: witnessed(vault, "http")["fork"])
        assert vault.request("GET", "sys/health", token=None).json["audit_fork"] is True
        assert len(vault.events("fork")) == 1
        vault.stop()


def test_token_store_and_log_put_back_together_are_seen_at_the_witness(vault, model, witness, directory):
    """The one thing that nothing in the vault's own hands can show."""
    key, kept = with_key(directory, witness), directory / "kept"
    kept.touch()
    with witness.serve_tcp():
        configure(vault, url=f"http://127.0.0.1:{witness.port}", key=witness.cosigner.vkey, file=str(kept))
        vault.start()
        until(lambda: status(vault)["anchor"]["written_at"])
        vault.put("app", {"n": 2})
        vault.stop()
        told = pathlib.Path(shutil.copy(vault.audit_directory / "cosigned", directory / "told"))
        configured = (vault.directory / "token/softhsm2.conf").read_bytes()
        put_back(vault, model, "store.db", "audit", "token")
        (vault.directory / "token/softhsm2.conf").write_bytes(configured)
        # By hand, before anyone starts it: with the checkpoint of either witness.
        for options in ((f"-checkpoint={kept}",), (key, f"-checkpoint={told}")):
            seen = verify(vault, *options, code=2)
            assert "were signed" in seen["bad"]["what"] or "cut off" in seen["bad"]["what"], seen
        alone = audit("verify", key, f"-checkpoint={told}", "-format=json", vault.audit_directory)
        assert alone.returncode == 2 and json.loads(alone.stdout)["good"] is False
        verify(vault)  # which is why it takes one
        # And by the daemon, once it asks.
        vault.start()
        assert vault.read("app") == {"n": 1}
        until(lambda: witnessed(vault, "http")["fork"])
        assert vault.request("GET", "sys/health", token=None).json["audit_fork"] is True
        vault.stop()
    done = subprocess.run([program("coffer-audit"), "verify", f"-key={vault.directory}/signer.pem", key,
                           str(vault.audit_directory)], capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 3 and "by no witness" in done.stdout
