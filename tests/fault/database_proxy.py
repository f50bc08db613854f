"""A PostgreSQL server's socket with somebody in between, who can hold a message back, cut connections, and
let nothing through."""

import contextlib
import socket
import threading


class Hold:
    """The first message from now on that has `words` in it, or the answer to it. `reached` is set when
    it is there; it goes on when somebody calls go_on(), and is lost if somebody calls cut()."""

    def __init__(self, words, answer):
        self.words = words.encode()
        self.answer = answer
        self.reached = threading.Event()
        self.decided = threading.Event()
        self.lost = False

    def go_on(self):
        self.decided.set()

    def cut(self):
        self.lost = True
        self.decided.set()

    def wait(self):
        assert self.reached.wait(30), f"nothing with {self.words!r} came by"


class Proxy:
    def __init__(self, directory, server_directory):
        """Listens in `directory` as PostgreSQL does in its own."""
        self.directory = directory
        directory.mkdir()
        self._target = f"{server_directory}/.s.PGSQL.5432"
        self._lock = threading.Lock()
        self._hold = None
        self._open = []
        self.silent = False  # connections are taken, and nothing goes through
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(str(directory / ".s.PGSQL.5432"))
        self._listener.listen(64)
        threading.Thread(target=self._accept, daemon=True).start()

    def hold(self, words, *, answer=False):
        with self._lock:
            self._hold = Hold(words, answer)
            return self._hold

    def cut_all(self):
        with self._lock:
            several, self._open = self._open, []
        for one in several:
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self):
        self._listener.close()
        self.cut_all()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
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
                    hold.reached.set()
                    hold.decided.wait(120)
                    if hold.lost:
                        break
                to.sendall(chunk)
        except OSError:
            pass
        for one in (source, to):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
