"""HOST and PORT: what is wrong is said in one line with what to do."""

import socket

import pytest

from config.local.application import Address
from config.local.failure import LocalError


def test_the_default_is_port_8000_on_this_machine() -> None:
    assert Address.chosen({}).url == "http://127.0.0.1:8000"
    assert Address.chosen({"HOST": "0.0.0.0", "PORT": "81"}).url == "http://127.0.0.1:81"
    assert Address.chosen({"HOST": "::"}).url == "http://[::1]:8000"


@pytest.mark.parametrize("port", ["0", "65536", "http", "-1", "8000 ", "²"])
def test_a_port_that_is_none_is_named(port: str) -> None:
    with pytest.raises(LocalError, match="must be a number from 1 to 65535"):
        Address.chosen({"PORT": port})


def test_a_taken_port_is_named_with_the_next_one_to_try() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with pytest.raises(LocalError, match=f"Port {port} on 127.0.0.1 is taken .*`PORT={port + 1} make run`"):
            Address("127.0.0.1", port).insist_free()
    Address("127.0.0.1", port).insist_free()


def test_a_host_that_is_not_this_machine_is_named() -> None:
    with pytest.raises(LocalError, match="HOST is 'no such host'"):
        Address("no such host", 8000).insist_free()
