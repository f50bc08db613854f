"""The commands of docs/database.md, as they stand, on three fresh servers."""

import contextlib
import os
import pathlib
import re
import subprocess
import time

import databases
from harness import ROOT, bin_dir

PAGE = (ROOT / "docs/database.md").read_text()
COMMANDS = re.compile(r"^```sh\n(.*?)^```", re.M | re.S)
STATEMENTS = re.compile(r"^```sql\n(.*?)^```", re.M | re.S)


def section(title):
    return PAGE.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


class Postgresql(databases.Postgresql):
    def fill(self):
        self.sql("CREATE DATABASE app")
        for user in ("app_owner", "app_blue", "app_green"):
            self.sql(f"CREATE ROLE {user} LOGIN")
        self.sql("CREATE TABLE items (n int)", database="app")
        self.sql(STATEMENTS.search(section("PostgreSQL"))[1], database="app")


class Mariadb(databases.Mariadb):
    def fill(self):
        self.sql("CREATE DATABASE app")
        self.sql(STATEMENTS.search(section("MariaDB"))[1])


class Redis(databases.Redis):
    def fill(self):
        self.sql("ACL", "SETUSER", "coffer", "on", ">first-password", "+acl", "+client|kill")


def run(vault, script, **more):
    around = vault.command_environment()
    around["PATH"] = f"{bin_dir()}:{around['PATH']}"
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", script], text=True, capture_output=True,
                          env={**around, **more}, timeout=120, check=False)  # fmt: skip
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


def user_of(said):
    """What `coffer read` prints of credentials."""
    return tuple(re.search(rf"^{name}\s+(\S+)", said, re.M)[1] for name in ("username", "password"))


def test_the_commands_of_the_page(vault):
    with contextlib.ExitStack() as stack:
        def start(kind, name):
            return stack.enter_context(kind(pathlib.Path("/tmp") / f"coffer-page-{name}-{os.getpid()}"))

        run(vault, COMMANDS.search(PAGE)[1])
        pg = start(Postgresql, "pg")
        said = ""
        for script in COMMANDS.findall(section("PostgreSQL")):
            said = run(vault, script, directory=str(pg.directory))
        assert pg.logs_in(*user_of(said))
        assert not pg.logs_in("coffer", "first-password")
        assert pg.sql("SELECT count(*) FROM items", *user_of(said), "app") == ["0"]
        for kind, name, title in ((Mariadb, "maria", "MariaDB"), (Redis, "redis", "Redis")):
            server = start(kind, name)
            for script in COMMANDS.findall(section(title)):
                said = run(vault, script, directory=str(server.directory))
            assert server.logs_in(*user_of(said)), title
        assert "None" in run(vault, COMMANDS.search(section("Users that no lease knows"))[1])
        script, two = COMMANDS.findall(section("Users that stay"))
        said = run(vault, script, directory=str(pg.directory))
        first = user_of(run(vault, two))
        second = vault.request("GET", "database/static-creds/app-two").data
        assert (first[0], second["username"]) == ("app_blue", "app_green")
        assert pg.logs_in(*first) and pg.logs_in("app_green", second["password"])
        vault.request("DELETE", "database/static-roles/app-two")
        (rotation,) = re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs/rotation.md").read_text(), re.M | re.S)
        run(vault, rotation)
        deadline = time.monotonic() + 20
        while "password" not in (login := vault.request("GET", "secret/data/app/login").data["data"]):
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert pg.logs_in(login["username"], login["password"]) and login["host"] == "db.example"
        answer = vault.request("GET", "database/static-creds/app-owner").data
        assert answer["password"] not in said, "the last line changed it"
        assert pg.logs_in("app_owner", answer["password"])
