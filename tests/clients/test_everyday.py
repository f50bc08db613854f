"""What a user does on a first day, once for each client: the folders here have the scripts."""

import client_kit
import pytest


@pytest.mark.parametrize(
    "client",
    [client_kit.curl_client, client_kit.debian_python_client, client_kit.python_client,
     client_kit.node_client, client_kit.go_client],
)  # fmt: skip
def test_every_step_works(shared_vault, client):
    assert client_kit.run(client(), shared_vault) == client_kit.STEPS
