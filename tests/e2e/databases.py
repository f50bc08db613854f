"""Real database servers of one test: PostgreSQL 15, MariaDB 10.11, Redis 7, each in a private directory
and on a Unix socket there; stopped, paused, cut off. Root isn't let in by two of them: they run as the
users that Debian's packages made.

    with databases.Postgresql(directory) as server:
        server.admin("CREATE TABLE …")
        vault.post("database/config/pg", server.config())
"""

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import time

import pytest

ADMIN = "coffer"
ADMIN_PASSWORD = "administrator's own"
START_SECONDS = 60


class Server:
    user = "root"

    def __init__(self, directory, fsync=False):
        self.directory = pathlib.Path(directory)
        self.fsync = "on" if fsync else "off"
        self.directory.mkdir(parents=True)
        self.directory.chmod(0o711)
        self.process = None
        if os.geteuid() == 0:
            entry = pwd.getpwnam(self.user)
            os.chown(self.directory, entry.pw_uid, entry.pw_gid)
        try:
            self.prepare()
            self.start()
            self.fill()
        except BaseException:
            self.__exit__()  # nobody else will stop it
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def as_user(self, *command):
        if os.geteuid() != 0:
            return list(command)
        return ["setpriv", "--reuid", self.user, "--regid", self.user, "--clear-groups", *command]

    def run(self, *command, check=True, **more):
        return subprocess.run(command, check=check, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=60, text=True, **more)  # fmt: skip

    def start(self):
        log = (self.directory / "log").open("a")
        self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
                                        stderr=log, cwd=self.directory)  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        while not self.is_up():
            assert time.monotonic() < deadline, (self.directory / "log").read_text()
            time.sleep(0.05)

    def processes(self):
        found, waiting = [], [self.process.pid]
        while waiting:
            pid = waiting.pop()
            found.append(pid)
            try:
                waiting += map(int, pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split())
            except FileNotFoundError:
                pass
        return found

    def signal(self, number):
        for pid in self.processes():
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def stop(self):
        """At once, as by a crash."""
        if self.process is None:
            return
        self.signal(signal.SIGKILL)
        self.process.wait()
        self.process = None

    def pause(self):
        self.signal(signal.SIGSTOP)

    def resume(self):
        self.signal(signal.SIGCONT)


class Postgresql(Server):
    user = "postgres"
    name = "pg"
    bin = pathlib.Path("/usr/lib/postgresql/15/bin")
    creation = ['CREATE ROLE "{{name}}" WITH LOGIN PASSWORD \'{{password}}\' VALID UNTIL \'{{expiration}}\'',
                'GRANT app_readers TO "{{name}}"']  # fmt: skip

    def prepare(self):
        secret = self.directory / "owner"
        secret.write_text("owner\n")
        self.run(*self.as_user(str(self.bin / "initdb"), "-D", f"{self.directory}/data", "-N", "-U",
                               "postgres", "--auth-local=scram-sha-256", "--encoding=UTF8",
                               "--locale=C.UTF-8", f"--pwfile={secret}"))  # fmt: skip

    def command(self):
        return self.as_user(str(self.bin / "postgres"), "-D", f"{self.directory}/data", "-c",
                            "listen_addresses=", "-c", f"unix_socket_directories={self.directory}", "-c",
                            "shared_buffers=16MB", "-c", f"fsync={self.fsync}", "-c",
                            "autovacuum=off")  # fmt: skip

    def sql(self, statement, user="postgres", password="owner", database="postgres", check=True):
        """Rows, a line each."""
        url = f"host={self.directory} user={user} dbname={database}"
        done = self.run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", url, "-c", statement,
                        check=check, env={**os.environ, "PGPASSWORD": password})  # fmt: skip
        return done.stdout.split("\n")[:-1] if done.returncode == 0 else None

    def is_up(self):
        return self.sql("SELECT 1", check=False) == ["1"]

    def fill(self):
        self.sql(f"CREATE ROLE {ADMIN} LOGIN CREATEROLE PASSWORD '" + ADMIN_PASSWORD.replace("'", "''") + "'")
        self.sql(f"CREATE DATABASE app OWNER {ADMIN}")
        self.sql("CREATE TABLE items (n int); CREATE ROLE app_readers; GRANT SELECT ON items TO app_readers",
                 database="app")  # fmt: skip
        self.sql("CREATE ROLE app_owner LOGIN PASSWORD 'of old'")
        self.sql("CREATE ROLE app_twin LOGIN PASSWORD 'of old'")

    @property
    def socket(self):
        return self.directory / ".s.PGSQL.5432"

    def url(self, host=None, port=None):
        at = f"host={host or self.directory}" + (f" port={port}" if port else "")
        return f"{at} user={{{{username}}}} password={{{{password}}}} dbname=app"

    def config(self, host=None, port=None, **more):
        """With `port` by TCP."""
        return {"plugin_name": "postgresql-database-plugin", "connection_url": self.url(host, port),
                "username": ADMIN, "password": ADMIN_PASSWORD, "allowed_roles": "*", **more}  # fmt: skip

    def take_right(self):
        """The administrator may neither make nor end users any more."""
        self.sql(f"ALTER ROLE {ADMIN} NOCREATEROLE")

    def give_right(self):
        self.sql(f"ALTER ROLE {ADMIN} CREATEROLE")

    def reset_admin(self):
        self.sql(f"ALTER ROLE {ADMIN} PASSWORD '" + ADMIN_PASSWORD.replace("'", "''") + "'")

    def users(self):
        return self.sql("SELECT rolname FROM pg_roles WHERE rolname LIKE 'v-%' ORDER BY 1")

    def drop(self, user):
        self.sql(f'DROP ROLE "{user}"')

    def add(self, user, password):
        """One that the vault didn't make."""
        self.sql(f"CREATE ROLE {user} LOGIN PASSWORD '{password}'")

    def logs_in(self, user, password):
        return self.sql("SELECT 1", user, password, "app", check=False) == ["1"]

    def session(self, user, password, first=""):
        """A session that stays open until somebody ends it."""
        return subprocess.Popen(
            ["psql", "-XAtq", "-d", f"host={self.directory} user={user} dbname=app", "-c",
             f"{first}SELECT pg_sleep(600)"], env={**os.environ, "PGPASSWORD": password},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip

    def sessions_of(self, user):
        return int(self.sql(f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{user}'")[0])


class Mariadb(Server):
    user = "mysql"
    name = "maria"
    creation = ["CREATE USER '{{name}}'@'localhost' IDENTIFIED BY '{{password}}'",
                "GRANT SELECT ON app.* TO '{{name}}'@'localhost'"]  # fmt: skip

    def runner(self):
        return self.user if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name

    def prepare(self):
        self.run("mariadb-install-db", "--no-defaults", f"--user={self.runner()}",
                 f"--datadir={self.directory}/data", "--auth-root-authentication-method=normal",
                 "--skip-test-db")  # fmt: skip

    def command(self):
        return ["mariadbd", "--no-defaults", f"--user={self.runner()}", f"--datadir={self.directory}/data",
                f"--socket={self.directory}/socket", "--skip-networking",
                "--innodb-buffer-pool-size=8M", "--innodb-flush-log-at-trx-commit=0",
                f"--pid-file={self.directory}/pid"]  # fmt: skip

    def sql(self, statement, user="root", password="", check=True):
        done = self.run("mariadb", "--no-defaults", f"--socket={self.directory}/socket", f"--user={user}",
                        "--batch", "--skip-column-names", "-e", statement, check=check,
                        env={**os.environ, "MYSQL_PWD": password})  # fmt: skip
        return done.stdout.split("\n")[:-1] if done.returncode == 0 else None

    def is_up(self):
        return self.sql("SELECT 1", check=False) == ["1"]

    def fill(self):
        secret = ADMIN_PASSWORD.replace("'", "''")
        self.sql(f"CREATE DATABASE app; CREATE USER {ADMIN}@localhost IDENTIFIED BY '{secret}'")
        self.sql(f"GRANT CREATE USER, CONNECTION ADMIN ON *.* TO {ADMIN}@localhost")
        self.sql(f"GRANT SELECT ON mysql.user TO {ADMIN}@localhost")
        self.sql(f"GRANT SELECT ON mysql.global_priv TO {ADMIN}@localhost")
        self.sql(f"GRANT SELECT ON app.* TO {ADMIN}@localhost WITH GRANT OPTION")
        self.sql("CREATE USER app_owner@localhost IDENTIFIED BY 'of old'")
        self.sql("CREATE USER app_twin@localhost IDENTIFIED BY 'of old'")

    @property
    def socket(self):
        return self.directory / "socket"

    def config(self, host=None, port=None, **more):
        at = f"tcp({host}:{port})" if port else f"unix({host or self.directory}/socket)"
        return {"plugin_name": "mysql-database-plugin",
                "connection_url": f"{{{{username}}}}:{{{{password}}}}@{at}/",
                "username": ADMIN, "password": ADMIN_PASSWORD, "allowed_roles": "*", **more}  # fmt: skip

    def take_right(self):
        """What goes for the whole server is a session's as it was when that began."""
        self.sql(f"REVOKE CREATE USER ON *.* FROM {ADMIN}@localhost; KILL HARD USER {ADMIN}")

    def give_right(self):
        self.sql(f"GRANT CREATE USER ON *.* TO {ADMIN}@localhost")

    def reset_admin(self):
        secret = ADMIN_PASSWORD.replace("'", "''")
        self.sql(f"ALTER USER {ADMIN}@localhost IDENTIFIED BY '{secret}'")

    def users(self):
        return self.sql("SELECT User FROM mysql.user WHERE User LIKE 'v-%' ORDER BY 1")

    def drop(self, user):
        self.sql(f"DROP USER '{user}'@'localhost'")

    def add(self, user, password):
        self.sql(f"CREATE USER {user}@localhost IDENTIFIED BY '{password}'")

    def logs_in(self, user, password):
        return self.sql("SELECT 1", user, password, check=False) == ["1"]

    def session(self, user, password):
        """A session that stays open until somebody ends it."""
        return subprocess.Popen(
            ["mariadb", "--no-defaults", f"--socket={self.directory}/socket", f"--user={user}", "--batch", "-e",
             "SELECT SLEEP(600)"], env={**os.environ, "MYSQL_PWD": password},
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # fmt: skip

    def sessions_of(self, user):
        return int(self.sql(f"SELECT count(*) FROM information_schema.processlist WHERE user = '{user}'")[0])


class Redis(Server):
    user = "redis"
    name = "redis"
    creation = ['["~app:*", "+@read", "+ping"]']

    def prepare(self):
        (self.directory / "redis.conf").write_text(
            f'port 0\nunixsocket {self.directory}/socket\nunixsocketperm 777\ndir {self.directory}\nsave ""\n'
            f"user default on >owner ~* &* +@all\n")

    def command(self):
        return self.as_user("redis-server", str(self.directory / "redis.conf"))

    def sql(self, *words, user="default", password="owner", check=True):
        done = self.run("redis-cli", "-s", f"{self.directory}/socket", "--user", user, "--no-auth-warning",
                        *words, check=check, env={**os.environ, "REDISCLI_AUTH": password})  # fmt: skip
        return done.stdout.split("\n")[:-1]

    def is_up(self):
        return self.sql("PING", check=False) == ["PONG"]

    def fill(self):
        self.sql("ACL", "SETUSER", ADMIN, "on", ">" + ADMIN_PASSWORD, "+acl", "+client|kill")
        self.sql("ACL", "SETUSER", "app_owner", "on", ">of old", "+ping")
        self.sql("ACL", "SETUSER", "app_twin", "on", ">of old", "+ping")

    @property
    def socket(self):
        return self.directory / "socket"

    def keep_users(self):
        """Over a crash: for roles of a configuration with `persistence_mode` REWRITE."""
        self.sql("ACL", "SETUSER", ADMIN, "+config|rewrite")
        self.sql("CONFIG", "REWRITE")

    def config(self, host=None, port=None, **more):
        at = {"host": host, "port": port} if port else {"host": f"{host or self.directory}/socket"}
        return {"plugin_name": "redis-database-plugin", **at,
                "username": ADMIN, "password": ADMIN_PASSWORD, "allowed_roles": "*", **more}  # fmt: skip

    def take_right(self):
        self.sql("ACL", "SETUSER", ADMIN, "-acl|setuser", "-acl|deluser")

    def give_right(self):
        self.sql("ACL", "SETUSER", ADMIN, "+acl")

    def reset_admin(self):
        self.sql("ACL", "SETUSER", ADMIN, "resetpass", ">" + ADMIN_PASSWORD)

    def users(self):
        return sorted(user for user in self.sql("ACL", "USERS") if user.startswith("v-"))

    def drop(self, user):
        self.sql("ACL", "DELUSER", user)

    def add(self, user, password):
        self.sql("ACL", "SETUSER", user, "on", ">" + password, "+ping")

    def session(self, user, password):
        """A session that stays open until somebody ends it."""
        own = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        own.settimeout(60)
        own.connect(str(self.socket))
        own.sendall(f"AUTH {user} {password}\r\n".encode())
        assert own.recv(64) == b"+OK\r\n"
        return own

    def logs_in(self, user, password):
        return self.sql("PING", user=user, password=password, check=False) == ["PONG"]


KINDS = {"postgresql": Postgresql, "mariadb": Mariadb, "redis": Redis}


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """Started as they are asked for: servers("postgresql")."""
    started = {}

    def get(kind):
        if kind not in started:
            # Socket paths are short: 107 bytes at most.
            started[kind] = KINDS[kind](pathlib.Path("/tmp") / f"coffer-{kind}-{os.getpid()}")
        return started[kind]

    yield get
    for server in started.values():
        server.__exit__()
