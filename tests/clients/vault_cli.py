"""Sends what the vault command line sends, byte for byte where it matters: no Content-Type, an empty
Host, X-Vault-Request, Accept-Encoding. A Unix socket of its own for each request, as the command is a
process of its own."""

import dataclasses
import http.client
import json
import socket


@dataclasses.dataclass(frozen=True)
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        # Go asks for gzip by itself and would undo it; this reader wouldn't.
        assert self.headers["Content-Encoding"] is None
        return json.loads(self.body)

    @property
    def data(self):
        return self.json["data"]

    @property
    def auth(self):
        return self.json["auth"]


class VaultCli:
    def __init__(self, socket_path, token, more_headers=()):
        self.socket_path = str(socket_path)
        self.token = token
        self.more_headers = list(more_headers)

    def head(self, method, path, body):
        lines = [f"{method} /v1/{path} HTTP/1.1", "Host: ", "User-Agent: Go-http-client/1.1"]
        if body is not None or method in ("PUT", "POST"):
            lines.append(f"Content-Length: {len(body or b'')}")
        lines.append("X-Vault-Request: true")
        if self.token:
            lines.append(f"X-Vault-Token: {self.token}")
        lines += [*self.more_headers, "Accept-Encoding: gzip"]
        return "\r\n".join(lines).encode() + b"\r\n\r\n"

    def send(self, method, path, body=None):
        """`body`: an object is sent as Go writes it, followed by a newline; bytes as they are."""
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body, separators=(",", ":")).encode() + b"\n"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(30)
            connection.connect(self.socket_path)
            connection.sendall(self.head(method, path, body) + (body or b""))
            response = http.client.HTTPResponse(connection, method=method)
            response.begin()
            return Answer(response.status, response.headers, response.read())

    def get(self, path):
        return self.send("GET", path)

    def put(self, path, body):
        return self.send("PUT", path, body)

    def post(self, path, body):
        return self.send("POST", path, body)

    def delete(self, path):
        return self.send("DELETE", path)
