"""A witness of logs, by c2sp.org/tlog-witness, tlog-cosignature and signed-note, with a tree check and
signatures of its own.

    with Witness(origin, public_key).serve_tcp() as witness:
        …  f"http://127.0.0.1:{witness.port}"

`witness.manner` makes it a bad one: see MANNERS."""

import base64
import contextlib
import hashlib
import http.server
import socket
import socketserver
import ssl
import threading
import time

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

DASH = "— "
NAME = "witness.example/w1"
RAW = serialization.Encoding.Raw, serialization.PublicFormat.Raw


def node_hash(left, right):
    return hashlib.sha256(b"\x01" + left + right).digest()


def consistent(first, first_root, second, second_root, path):
    """RFC 9162, section 2.1.4.2."""
    if first == second:
        return first_root == second_root and not path
    path = [first_root, *path] if first & (first - 1) == 0 else list(path)
    if not path:
        return False
    fn, sn = first - 1, second - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node_hash(c, fr), node_hash(c, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node_hash(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return fr == first_root and sr == second_root and sn == 0


def key_id(name, typed_key):
    return hashlib.sha256(name.encode() + b"\n" + typed_key).digest()[:4]


class Cosigner:
    """The key of a witness."""

    def __init__(self, name=NAME):
        self.name, self.key = name, ed25519.Ed25519PrivateKey.generate()
        self.typed = b"\x04" + self.key.public_key().public_bytes(*RAW)

    @property
    def vkey(self):
        return f"{self.name}+{key_id(self.name, self.typed).hex()}+{base64.b64encode(self.typed).decode()}"

    def cosign(self, text, now=None):
        now = int(time.time()) if now is None else now
        signed = self.key.sign(f"cosignature/v1\ntime {now}\n{text}".encode())
        whole = key_id(self.name, self.typed) + now.to_bytes(8, "big") + signed
        return f"{DASH}{self.name} {base64.b64encode(whole).decode()}\n"


class Refused(Exception):
    def __init__(self, status, body="", kind="text/plain"):
        super().__init__(status)
        self.status, self.body, self.kind = status, body, kind


class Witness:
    """Knows one log: its origin, and the public key (PEM) that signs it."""

    def __init__(self, origin, pem):
        self.origin = origin
        self.log_key = serialization.load_pem_public_key(pem)
        spki = self.log_key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
        self.log_id = hashlib.sha256(spki).digest()[:4]  # type 0x02 of signed-note
        self.cosigner = Cosigner()
        self.known = (0, b"")
        self.manner = "good"
        self.statuses = []
        self.lock = threading.Lock()

    @property
    def size(self):
        return self.known[0]

    def read_request(self, body):
        """(old size, hashes, text of the checkpoint, size, root)"""
        head, text, signatures = body.split("\n\n")
        first, *path = head.split("\n")
        old = int(first.removeprefix("old "))
        if not first.startswith("old ") or str(old) != first[4:] or len(path) > 63:
            raise ValueError(first)
        text += "\n"
        origin, size, root = text.split("\n")[:3]
        if origin != self.origin:
            raise Refused(404)
        self.expect_signed(text, signatures)
        return old, [base64.b64decode(one, validate=True) for one in path], text, int(size), base64.b64decode(root)

    def expect_signed(self, text, signatures):
        for line in signatures.splitlines():
            name, encoded = line.removeprefix(DASH).split(" ")
            raw = base64.b64decode(encoded, validate=True)
            if (name, raw[:4]) != (self.origin, self.log_id):
                continue
            with contextlib.suppress(InvalidSignature):
                self.log_key.verify(raw[4:], text.encode(), ec.ECDSA(hashes.SHA256()))
                return
        raise Refused(403)

    def add_checkpoint(self, body):
        try:
            old, path, text, size, root = self.read_request(body)
        except ValueError:
            raise Refused(400) from None
        if old > size or (old == 0 and path):
            raise Refused(400)
        with self.lock:
            known, known_root = self.known
            if old != known or (old == size and root != known_root):
                raise Refused(409, f"{known}\n", "text/x.tlog.size")
            if old and not consistent(old, known_root, size, root, path):
                raise Refused(422)
            self.known = (size, root)
        return self.cosigner.cosign(text)

    # How it can be reached.
    @contextlib.contextmanager
    def serving(self, server):
        server.witness = self
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()

    def serve_unix(self, path):
        return self.serving(UnixServer(str(path), Handler))

    def serve_tcp(self, port=0):
        server = TcpServer(("127.0.0.1", port), Handler)
        self.port = server.server_address[1]
        return self.serving(server)

    def serve_tls(self, certificate, key):
        server = TcpServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        # The handshake is the thread's of the connection: one that fails holds nobody up.
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        self.port = server.server_address[1]
        return self.serving(server)


def forever(write):
    with contextlib.suppress(OSError):
        while True:
            write(b"x")
            time.sleep(0.05)


# What a witness that isn't good answers to everything: bytes, or a body with status 200.
MANNERS = {
    "not HTTP": lambda handler: handler.wfile.write(b"\x00\xff nothing that HTTP is\r\n\r\n"),
    "nothing": lambda handler: None,
    "no body": lambda handler: handler.answer(200, ""),
    "no signature": lambda handler: handler.answer(200, "fine\n"),
    "another's signature": lambda handler: handler.answer(200, Cosigner().cosign(handler.text())),
    "of another checkpoint": lambda handler: handler.answer(200, handler.witness.cosigner.cosign("a\n1\nAA==\n")),
    "no size": lambda handler: handler.answer(409, "many\n"),
    "an error": lambda handler: handler.answer(500, "no"),
    "too much": lambda handler: handler.answer(200, "x" * 300_000),
    "hangs": lambda handler: handler.server.released.wait(30),
    "drips": lambda handler: (handler.wfile.write(b"HTTP/1.1 200 OK\r\n\r\n"), forever(handler.wfile.write)),
}


class Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def address_string(self):
        return "a log"

    @property
    def witness(self):
        return self.server.witness

    def text(self):
        return self.body.split("\n\n")[1] + "\n"

    def do_POST(self):
        self.body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        manner = self.witness.manner
        if manner != "good":
            self.close_connection = True
            self.witness.statuses.append(manner)
            return MANNERS[manner](self)
        try:
            if self.path != "/add-checkpoint":
                raise Refused(404)
            return self.answer(200, self.witness.add_checkpoint(self.body))
        except Refused as refused:
            return self.answer(refused.status, refused.body, refused.kind)

    def answer(self, status, text, kind="text/plain"):
        self.witness.statuses.append(status)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        with contextlib.suppress(OSError):
            self.wfile.write(text.encode())


class Quiet:
    """Whoever goes away in the middle is no news."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.released = threading.Event()

    def handle_error(self, *_):
        pass

    def shutdown(self):
        self.released.set()
        super().shutdown()


class UnixServer(Quiet, socketserver.ThreadingUnixStreamServer):
    pass


class TcpServer(Quiet, socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET
