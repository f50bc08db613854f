"""Loads beside plain reads and writes: denials, listings, tokens, policies, and a large vault.

Each is made over the API alone. What a server doesn't have yet is left out, and the report says so.
"""

import json

LISTED = 1000
RULES = (1, 20, 1000)
SMALL = 1000
BODY = json.dumps({"data": {"username": "app-service", "password": "x" * 40}})
TOKEN_BODY = json.dumps({"policies": ["default"], "ttl": "1h"})


class Missing(Exception):
    """The server has no such path yet; the text names it."""


def call(server, method, path, body, wanted=(200, 204)):
    """The parsed answer; Missing if the server doesn't know the path."""
    status, answer = server.request(method, f"/v1/{path}", json.dumps(body), server.token())
    if status not in wanted:
        raise Missing(f"{method} {path} gives {status}")
    return answer


def token_with(server, policies, default=True):
    """A new token with these policies."""
    body = {"policies": policies, "ttl": "1h", "no_default_policy": not default}
    return call(server, "POST", "auth/token/create", body)["auth"]["client_token"]


def policy_of(rules):
    """A policy that lets the benchmark's keys be read, by the last of `rules` rules."""
    others = [f'path "secret/data/other-{n}/*" {{ capabilities = ["read", "list"] }}'
              for n in range(rules - 1)]
    return "\n".join(others + ['path "secret/data/bench-*" { capabilities = ["read"] }'])


def write_policy(server, rules):
    """Its name."""
    name = f"bench-{rules}"
    call(server, "POST", f"sys/policies/acl/{name}", {"policy": policy_of(rules)})
    return name


def denied(server):
    """A token that may not read; before there are such, one that nobody knows."""
    try:
        return token_with(server, ["default"])
    except Missing:
        return "hvs.unknown-" + "x" * 40


class Scenarios:
    """The subjects of one vault; `add(name, server, request, arguments)` is the benchmark's."""

    def __init__(self, server, add, http_request):
        self.server = server
        self.add = add
        self.http_request = http_request
        self.missing = []

    def read(self, name, token, arguments=()):
        """A load of reads of the benchmark's keys."""
        text = self.http_request("GET", "/v1/secret/data/bench-{n}", token)
        self.add(name, self.server, text, ["--modulo", "256", *arguments])

    def listing(self):
        for number in range(LISTED):
            call(self.server, "POST", f"secret/data/list/key-{number:04}", {"data": {"n": number}})
        text = self.http_request("LIST", "/v1/secret/metadata/list/", self.server.token())
        self.add("list 1000", self.server, text, [])

    def tokens(self):
        call(self.server, "POST", "auth/token/create", json.loads(TOKEN_BODY))
        text = self.http_request("POST", "/v1/auth/token/create", self.server.token(), TOKEN_BODY)
        self.add("token create", self.server, text, [])

    def policies(self):
        for rules in RULES:
            name = write_policy(self.server, rules)
            token = token_with(self.server, [name], default=False)
            self.read(f"read, {rules} rules", token)
        self.read("read, 1 rule and default", token_with(self.server, [write_policy(self.server, 1)]))

    def all(self):
        """Adds what there is; gives what isn't."""
        self.read("denied read", denied(self.server), ["--denied"])
        for prepare in (self.listing, self.tokens, self.policies):
            try:
                prepare()
            except Missing as missing:
                self.missing.append(f"{prepare.__name__}: {missing}")
        return self.missing
