"""TLS to real servers: the right authority is believed, another one isn't, nor a name that isn't the server's."""

import os
import pathlib
import socket

import databases
import pytest

from authority import Authority


def free_port():
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return listening.getsockname()[1]


class WithTls:
    """Speaks TLS over TCP, at the name "localhost"; the tests themselves use its socket."""

    authority = None

    def prepare(self):
        super().prepare()
        self.port = free_port()
        self.authority.sign(self.directory, "DNS:localhost")
        for path in self.directory.glob("server.*"):
            path.chmod(0o600)
            if os.geteuid() == 0:
                entry = databases.pwd.getpwnam(self.user)
                os.chown(path, entry.pw_uid, entry.pw_gid)


class Postgresql(WithTls, databases.Postgresql):
    def prepare(self):
        super().prepare()
        rules = self.directory / "data/pg_hba.conf"
        rules.write_text("local all all scram-sha-256\nhostssl all all all scram-sha-256\n")

    def command(self):
        words = [word.replace("listen_addresses=", "listen_addresses=127.0.0.1") for word in super().command()]
        return [*words, "-c", f"port={self.port}", "-c", "ssl=on", "-c",
                f"ssl_cert_file={self.directory}/server.pem", "-c",
                f"ssl_key_file={self.directory}/server.key"]  # fmt: skip

    def sql(self, statement, user="postgres", password="owner", database="postgres", check=True):
        os.environ["PGPORT"] = str(self.port)  # it is in the socket's name, too
        try:
            return super().sql(statement, user, password, database, check)
        finally:
            del os.environ["PGPORT"]

    def at(self, host, mode=""):
        return f"postgresql://{{{{username}}}}:{{{{password}}}}@{host}:{self.port}/app{mode}"


class Mariadb(WithTls, databases.Mariadb):
    def command(self):
        words = [word for word in super().command() if word != "--skip-networking"]
        return [*words, "--bind-address=127.0.0.1", f"--port={self.port}",
                f"--ssl-cert={self.directory}/server.pem", f"--ssl-key={self.directory}/server.key"]  # fmt: skip

    def at(self, host, mode=""):
        return f"{{{{username}}}}:{{{{password}}}}@tcp({host}:{self.port})/{mode}"


@pytest.fixture(scope="module")
def authorities(tmp_path_factory):
    directory = tmp_path_factory.mktemp("authorities")
    return Authority(directory, "right"), Authority(directory, "wrong")


@pytest.fixture(scope="module", params=[Postgresql, Mariadb])
def server(request, authorities):
    WithTls.authority = authorities[0]
    where = pathlib.Path("/tmp") / f"coffer-tls-{request.param.name}-{os.getpid()}"
    with request.param(where) as started:
        yield started


@pytest.fixture(scope="module")
def house(shared_vault):
    assert shared_vault.request("POST", "sys/mounts/database", {"type": "database"}).status == 204
    return shared_vault


def configure(house, server, host, **more):
    body = {**server.config(), "connection_url": server.at(host), "verify_connection": True, **more}
    return house.request("POST", f"database/config/{server.name}", body)


def test_the_right_authority_is_believed_and_users_come_over_tls(house, server, authorities):
    done = configure(house, server, "localhost", tls_ca=authorities[0].pem)
    assert done.status == 204, done.body
    shown = house.request("GET", f"database/config/{server.name}").data["connection_details"]
    assert shown["tls_ca"] == authorities[0].pem
    role = {"db_name": server.name, "creation_statements": server.creation}
    assert house.request("POST", "database/roles/tls", role).status == 204
    answer = house.request("GET", "database/creds/tls")
    assert answer.status == 200, answer.body
    assert server.logs_in(answer.data["username"], answer.data["password"])
    revoked = house.request("POST", "sys/leases/revoke", {"lease_id": answer.json["lease_id"], "sync": True})
    assert revoked.status == 204
    assert server.users() == []


def test_two_authorities_may_stand_in_one_text(house, server, authorities):
    both = authorities[1].pem + authorities[0].pem
    assert configure(house, server, "localhost", tls_ca=both).status == 204


def test_another_authority_is_refused(house, server, authorities):
    refused = configure(house, server, "localhost", tls_ca=authorities[1].pem)
    assert refused.status == 400 and "verifying connection" in refused.errors[0], refused.body


def test_a_name_that_is_not_the_servers_is_refused(house, server, authorities):
    refused = configure(house, server, "127.0.0.1", tls_ca=authorities[0].pem)
    assert refused.status == 400 and "verifying connection" in refused.errors[0], refused.body


def test_the_systems_authorities_do_not_know_it(house, server):
    mode = "?sslmode=verify-full&sslrootcert=/etc/ssl/certs/ca-certificates.crt"
    if isinstance(server, Mariadb):
        mode = "?tls=true"
    url = server.at("localhost", mode)
    refused = configure(house, server, "localhost", tls_ca="", connection_url=url)
    assert refused.status == 400, refused.body


def test_no_weaker_words_stand_beside_authorities(house, server, authorities):
    mode = "?tls=skip-verify" if isinstance(server, Mariadb) else "?sslmode=require"
    refused = configure(house, server, "localhost", tls_ca=authorities[0].pem,
                        connection_url=server.at("localhost", mode))  # fmt: skip
    assert refused.status == 400 and "tls_ca" in refused.errors[0], refused.body


def test_no_password_is_tried_without_a_certificate_that_is_believed(house, server, authorities):
    """The change of server is noticed also after the configuration was written."""
    assert configure(house, server, "localhost", tls_ca=authorities[0].pem).status == 204
    late = configure(house, server, "localhost", tls_ca=authorities[1].pem, verify_connection=False)
    assert late.status == 204, late.body
    role = {"db_name": server.name, "username": "app_owner", "rotation_period": "1h"}
    assert house.request("POST", "database/static-roles/late", role).status == 503
    assert server.logs_in("app_owner", "of old")
