"""A database server's socket with somebody in between, who can hold a message back, cut connections at any
byte, and let nothing through. Knows no protocol: a message is what comes at once."""

import contextlib
import os
import pathlib
import shutil
import socket
import struct
import threading
import time


class Hold:
    """The first message from now on that has `words` in it, or the answer to it. `reached` is set when
    it is there; it goes on when somebody calls go_on(), and is lost if somebody calls cut(), but for its
    first bytes if that says so."""

    def __init__(self, words, answer):
        self.words = words.encode()
        self.answer = answer
        self.reached = threading.Event()
        self.decided = threading.Event()
        self.lost = False
        self.passes = 0  # bytes of one that is lost
        self.message = b""

    def go_on(self):
        self.decided.set()

    def cut(self, after=0):
        self.passes = after
        self.lost = True
        self.decided.set()

    def wait(self):
        assert self.reached.wait(30), f"nothing with {self.words!r} came by"


def reset(connection):
    """Ends it with RST, if it is one of TCP."""
    with contextlib.suppress(OSError):
        if connection.family == socket.AF_INET:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
        else:
            connection.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def proxy_to(server):
    """One in a directory of its own, for as long as a test takes."""
    between = Proxy(pathlib.Path("/tmp") / f"coffer-proxy-{os.getpid()}-{time.monotonic_ns()}", server.socket)
    yield between
    between.close()


class Proxy:
    def __init__(self, directory, server_socket):
        """Listens in `directory` under the name that the server's socket has in its own, and at `port` of
        127.0.0.1."""
        self.directory = directory
        directory.mkdir()
        self._target = str(server_socket)
        self._lock = threading.Lock()
        self._hold = None
        self._open = []
        self.silent = False  # connections are taken, and nothing goes through
        local = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        local.bind(str(directory / pathlib.Path(self._target).name))
        remote = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        remote.bind(("127.0.0.1", 0))
        self.port = remote.getsockname()[1]
        self._listeners = [local, remote]
        for listener in self._listeners:
            listener.listen(64)
            threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def hold(self, words, *, answer=False):
        with self._lock:
            self._hold = Hold(words, answer)
            return self._hold

    def cut_all(self):
        with self._lock:
            several, self._open = self._open, []
        for one in several:
            reset(one)

    def close(self):
        for listener in self._listeners:
            listener.close()
        self.cut_all()
        shutil.rmtree(self.directory)

    def _accept(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            with self._lock:
                self._open += [client, server]
            if self.silent:
                continue
            try:
                server.connect(self._target)
            except OSError:
                client.close()
                continue
            pair = {"answer": None}  # of this connection: the hold whose answer is awaited
            threading.Thread(target=self._forward, args=(client, server, pair, True), daemon=True).start()
            threading.Thread(target=self._forward, args=(server, client, pair, False), daemon=True).start()

    def _held(self, chunk, pair, from_client):
        if not from_client:
            hold, pair["answer"] = pair["answer"], None
            return hold
        with self._lock:
            hold = self._hold
            if hold is None or hold.words not in chunk:
                return None
            self._hold = None
        if not hold.answer:
            return hold
        pair["answer"] = hold
        return None

    def _forward(self, source, to, pair, from_client):
        try:
            while chunk := source.recv(1 << 16):
                if self.silent:
                    continue
                if hold := self._held(chunk, pair, from_client):
                    hold.message = chunk
                    hold.reached.set()
                    hold.decided.wait(120)
                    if hold.lost:
                        to.sendall(chunk[: hold.passes])
                        break
                to.sendall(chunk)
        except OSError:
            pass
        for one in (source, to):
            reset(one)
