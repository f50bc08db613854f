"""A private development vault for one test: started, spoken to over its Unix socket, stopped, killed.

    vault = DevVault(pathlib.Path(directory))
    vault.start()
    vault.put("app/db", {"password": "x"})
    assert vault.read("app/db") == {"password": "x"}
    vault.stop()

Plain http.client, so that a test sees the very bytes of an answer. The programs are those in
COFFER_BIN_DIR, or build/release/bin.
"""

import contextlib
import dataclasses
import http.client
import json
import os
import pathlib
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
READY_SECONDS = float(os.environ.get("COFFER_READY_SECONDS", "30"))
STOP_SECONDS = 20
OWN_TOKEN = object()  # "the root token of this vault", where None means no token at all


def bin_dir():
    return pathlib.Path(os.environ.get("COFFER_BIN_DIR", ROOT / "build/release/bin")).resolve()


def program(name):
    path = bin_dir() / name
    assert path.is_file(), f"{path} isn't built: cmake --build --preset release"
    return str(path)


class UnixConnection(http.client.HTTPConnection):
    """http.client over a Unix socket."""

    def __init__(self, path, timeout):
        super().__init__("localhost", timeout=timeout)
        self.socket_path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.socket_path)


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def data(self):
        """The envelope's `data`."""
        return self.json["data"]

    @property
    def errors(self):
        return self.json["errors"]


class Client:
    """One connection, kept alive; connects again by itself when the daemon closed it between two
    requests. Not thread-safe: one for each thread."""

    def __init__(self, socket_path, token=None, timeout=30):
        self.token = token
        self._connection = UnixConnection(socket_path, timeout)

    def request(self, method, path, body=None, *, token=OWN_TOKEN, headers=None):
        """`path` starts with /v1/ or is what follows it. `body`: a dict is sent as JSON, bytes as
        they are."""
        target = path if path.startswith("/") else f"/v1/{path}"
        sent = json.dumps(body).encode() if isinstance(body, (dict, list)) else body
        token = self.token if token is OWN_TOKEN else token
        all_headers = {**({"X-Vault-Token": token} if token else {}), **(headers or {})}
        try:
            self._connection.request(method, target, sent, all_headers)
            response = self._connection.getresponse()
            answer = Answer(response.status, response.headers, response.read())
        except BaseException:
            self._connection.close()  # what state it is in isn't known
            raise
        return answer

    def get(self, path, **more):
        return self.request("GET", path, **more)

    def post(self, path, body=None, **more):
        return self.request("POST", path, body, **more)

    def delete(self, path, **more):
        return self.request("DELETE", path, **more)

    def list(self, path, **more):
        return self.request("LIST", path, **more)

    def close(self):
        self._connection.close()


class DevVault:
    """`cofferd dev --dir DIRECTORY` and what stands in it."""

    def __init__(self, directory, *options, command_prefix=()):
        self.directory = pathlib.Path(directory)
        self.program_name = "cofferd"
        self.options = [str(option) for option in options]
        self.command_prefix = list(command_prefix)  # e.g. ["strace", "-f", …]
        self.environment = dict(os.environ)
        self.process = None
        self._client = None

    # Where things are.
    @property
    def socket_path(self):
        return self.directory / "coffer.sock"

    @property
    def audit_directory(self):
        return self.directory / "audit"

    @property
    def store_path(self):
        return self.directory / "store.db"

    @property
    def log_path(self):
        return self.directory / "cofferd.log"

    @property
    def root_token_path(self):
        return self.directory / "root-token"

    @property
    def root_token(self):
        return self.root_token_path.read_text().strip()

    @property
    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    def keep_root_token(self, token):
        """Where the commands of this class look for it."""
        self.root_token_path.touch(mode=0o600)
        self.root_token_path.write_text(token)

    # The daemon's life.
    def arguments(self):
        return ["dev", "--dir", str(self.directory)]

    def start(self, wait=True):
        assert not self.running, "it runs already"
        self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        command = [*self.command_prefix, program(self.program_name), *self.arguments()]
        with open(self.log_path, "ab") as log:
            self._log_start = log.tell()
            self.process = subprocess.Popen(
                [*command, *self.options], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env=self.environment,
            )  # fmt: skip
        if wait:
            self.wait_ready()
        return self

    def wait_ready(self, seconds=READY_SECONDS):
        deadline = time.monotonic() + seconds
        while not self.answers():
            code = self.process.poll()
            assert code is None, f"cofferd ended with {code} before it was ready:\n{self.log}"
            assert time.monotonic() < deadline, f"not ready after {seconds} s:\n{self.log}"
            time.sleep(0.01)

    def answers(self):
        """Whether something serves at the socket."""
        with contextlib.closing(Client(self.socket_path, timeout=5)) as client:
            try:
                client.get("sys/health")
                return True
            except (OSError, http.client.HTTPException):
                return False

    @property
    def running(self):
        return self.process is not None and self.process.poll() is None

    @property
    def pid(self):
        return self.process.pid

    def stop(self, sig=signal.SIGTERM):
        """Asks it to stop; gives its exit status."""
        self._forget_client()
        if self.running:
            self.process.send_signal(sig)
        return self.wait_end()

    def wait_end(self, seconds=STOP_SECONDS):
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"still running after {seconds} s:\n{self.log}") from None

    def kill(self):
        """SIGKILL: as if the process had never had a chance."""
        self._forget_client()
        self.process.kill()
        self.process.wait()

    def restart(self):
        code = self.stop()
        assert code == 0, f"cofferd ended with {code}:\n{self.log}"
        return self.start()

    def close(self):
        """For fixtures: stops it, and fails if it didn't end well by itself."""
        if self.running:
            code = self.stop()
            assert code == 0, f"cofferd ended with {code}:\n{self.log}"

    # Speaking to it.
    def new_client(self, token=OWN_TOKEN, timeout=30):
        return Client(self.socket_path, self.root_token if token is OWN_TOKEN else token, timeout)

    @property
    def client(self):
        """One connection with the root token."""
        if self._client is None:
            self._client = self.new_client()
        return self._client

    def _forget_client(self):
        if self._client is not None:
            self._client.close()
            self._client = None

    def request(self, method, path, body=None, **more):
        return self.client.request(method, path, body, **more)

    def put(self, path, data, **options):
        """Writes secret/PATH; gives the new version's metadata. `cas=0` and the like are options."""
        answer = self.client.post(f"secret/data/{path}", {"data": data, "options": options})
        assert answer.status == 200, answer
        return answer.data

    def read(self, path, version=None):
        """The data of secret/PATH; None if there is none."""
        query = f"?version={version}" if version is not None else ""
        answer = self.client.get(f"secret/data/{path}{query}")
        if answer.status == 404:
            return None
        assert answer.status == 200, answer
        return answer.data["data"]

    def command_environment(self, **more):
        """What coffer needs to find this vault; the token stays in its file."""
        kept = {k: v for k, v in self.environment.items()
                if not k.startswith(("COFFER_", "VAULT_", "BAO_"))}  # fmt: skip
        return {
            **kept,
            "COFFER_ADDR": f"unix://{self.socket_path}",
            "COFFER_TOKEN_PATH": str(self.root_token_path),
            **more,
        }

    def coffer(self, *arguments, stdin="", **environment):
        """Runs the command line; gives the CompletedProcess with text output."""
        return subprocess.run(
            [program("coffer"), *map(str, arguments)], input=stdin, text=True, timeout=60,
            capture_output=True, env=self.command_environment(**environment), check=False,
        )  # fmt: skip

    # Its audit log.
    def audit_lines(self):
        """Every line of all segments, parsed, in order."""
        lines = []
        for path in sorted(self.audit_directory.iterdir()):
            if path.suffix in (".log", ".jsonl", ".json"):
                lines += [json.loads(line) for line in path.read_text().splitlines()]
        return sorted(lines, key=lambda line: line["seq"])

    def verify_audit(self):
        """What `coffer-audit verify` says: (exit status, standard output and error)."""
        done = subprocess.run(
            [program("coffer-audit"), "verify", str(self.audit_directory)],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr
