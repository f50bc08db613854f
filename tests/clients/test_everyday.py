"""What a user does on a first day, once for each client: python/, node/ and go/ have the scripts."""

import client_kit
import pytest


@pytest.mark.parametrize(
    "client",
    [client_kit.debian_python_client, client_kit.python_client, client_kit.node_client, client_kit.go_client],
)
def test_every_step_works(shared_vault, client):
    assert client_kit.run(client(), shared_vault) == client_kit.STEPS
