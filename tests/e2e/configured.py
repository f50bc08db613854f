"""A vault that is served by `cofferd --config`: token and keys are those of a development vault, made
once and then copied. The tests run as root, as CI does."""

import contextlib
import grp
import json
import os
import pathlib
import pwd
import shutil
import socket
import subprocess
import time

from conftest import end, new_directory
from harness import DevVault, program

USER = "coffer-test"  # whom the daemon becomes
GROUP = "coffer-test-web"  # a second group of that user
CLIENT = "games"  # a user of Debian's own, in no group of ours
EXIT_CONFIG = 78


def make_users():
    """Once a machine; what is there stays."""
    with contextlib.suppress(KeyError):
        pwd.getpwnam(USER)
        grp.getgrnam(GROUP)
        return
    subprocess.run(["groupadd", "--force", "--system", GROUP], check=True)
    subprocess.run(
        ["useradd", "--system", "--no-create-home", "--user-group", "--groups", GROUP, USER],
        check=True,
    )  # fmt: skip


def ids(user):
    entry = pwd.getpwnam(user)
    return entry.pw_uid, entry.pw_gid


def toml(settings):
    """{"vault": {…}, "listener": [{…}]} as TOML."""
    lines = []
    for name, table in settings.items():
        for one in table if isinstance(table, list) else [table]:
            lines.append(f"[[{name}]]" if isinstance(table, list) else f"[{name}]")
            for key, value in one.items():
                shown = {True: "true", False: "false"}.get(value) if isinstance(value, bool) else value
                # A list of texts is written in JSON as in TOML.
                shown = json.dumps(value) if isinstance(value, (str, list)) else shown
                lines.append(f"{key} = {shown}")
    return "\n".join(lines) + "\n"


class ConfiguredVault(DevVault):
    """`etc` holds the configuration and is root's; `directory` holds the rest and is the daemon
    user's."""

    def __init__(self, directory, etc, model):
        super().__init__(directory)
        shutil.copytree(model, directory, symlinks=True)
        self.etc = pathlib.Path(etc)
        self.etc.mkdir(mode=0o755)
        os.chmod(self.etc, 0o755)
        conf = self.directory / "token/softhsm2.conf"
        conf.write_text(conf.read_text().replace(str(model), str(self.directory)))
        self.settings = {
            "vault": {"directory": str(self.directory)},
            "token": {
                "module": "/usr/lib/softhsm/libsofthsm2.so",
                "uri": "pkcs11:token=coffer-dev",
                "pin_from": "file",
                "pin_file": str(self.directory / "pin"),
                "softhsm2_conf": str(conf),
            },
            "listener": [{"path": str(self.socket_path)}],
            "limits": {},
            "process": {"allow_root": True},
        }
        self.write()

    @property
    def config_path(self):
        return self.etc / "coffer.toml"

    def write(self):
        self.config_path.write_text(toml(self.settings))
        os.chmod(self.config_path, 0o644)

    def arguments(self):
        return ["--config", str(self.config_path)]

    def belong_to(self, user):
        """Gives everything but the configuration to `user`, and has the daemon become it."""
        uid, gid = ids(user)
        for path in [self.directory, *self.directory.rglob("*")]:
            os.chown(path, uid, gid, follow_symlinks=False)
        self.settings["process"] = {"user": user}
        self.write()

    def run(self, *more, prefix=(), **options):
        """Runs it to its end; for starts that are refused."""
        return subprocess.run(
            [*prefix, program("cofferd"), *self.arguments(), *more], text=True,
            capture_output=True, timeout=60, check=False, env=self.environment, **options,
        )  # fmt: skip

    def refused(self, *more, code=EXIT_CONFIG, **options):
        """What it says when it doesn't start."""
        done = self.run(*more, **options)
        assert done.returncode == code, (done.returncode, done.stderr)
        return done.stderr

    def events(self, kind):
        return [line["detail"] for line in self.audit_lines() if line["type"] == kind]

    def reload(self):
        """SIGHUP, and the line of the record that it led to: (type, detail)."""
        before = len(self.events("config_reloaded")), len(self.events("config_rejected"))
        os.kill(self.pid, 1)
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for count, kind in zip(before, ("config_reloaded", "config_rejected")):
                found = self.events(kind)
                if len(found) > count:
                    return kind, found[-1]
            time.sleep(0.02)
        raise AssertionError(f"no line about the reload:\n{self.log}")


@contextlib.contextmanager
def model_with(secret=None):
    """A directory for ConfiguredVault to copy: of a development vault that was made, given `secret`
    (path, data), and stopped."""
    make_users()
    vault = DevVault(new_directory()).start()
    if secret:
        vault.put(*secret)
    vault.close()
    yield vault.directory
    shutil.rmtree(vault.directory)


@contextlib.contextmanager
def copy_of(model, kind=ConfiguredVault):
    """A vault under a directory of root's that others may pass."""
    home = new_directory()
    home.chmod(0o755)
    vault = kind(home / "vault", home / "etc", model)
    yield vault
    end(vault, home)


def empty_out(vault):
    """Nothing is in it, and its token has no keys."""
    for path in (*vault.directory.glob("store.db*"), vault.directory / "signer.pem"):
        path.unlink()
    shutil.rmtree(vault.audit_directory)
    vault.root_token_path.unlink()
    for path in (vault.directory / "token/objects").rglob("*.object"):
        if path.name != "token.object":
            path.unlink()


def health_as(user, path):
    """curl's HTTP status as another user; None if it can't connect."""
    uid, gid = ids(user)
    done = subprocess.run(
        ["setpriv", f"--reuid={uid}", f"--regid={gid}", "--clear-groups", "curl", "--silent",
         "--output", "/dev/null", "--write-out", "%{http_code}", "--unix-socket", str(path),
         "http://localhost/v1/sys/health"],
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip
    return int(done.stdout) if done.returncode == 0 else None


class Manager:
    """The service manager's end of sd_notify."""

    def __init__(self, directory):
        self.path = str(pathlib.Path(directory) / "notify.sock")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)

    def next(self, timeout=20):
        """The next message as a dict; None if none comes."""
        self.socket.settimeout(timeout)
        try:
            text = self.socket.recv(4096).decode()
        except TimeoutError:
            return None
        return dict(line.split("=", 1) for line in text.splitlines())

    def until(self, key, timeout=20):
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            message = self.next(timeout)
            assert message is not None, f"{key} never came"
            if key in message:
                return message
        raise AssertionError(f"{key} never came")
