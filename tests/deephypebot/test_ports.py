"""Taken ports are named before anything starts."""

import socket
from collections.abc import Callable

import pytest

from deephypebot.errors import CommandError
from deephypebot.ports import refuse_taken

FreePorts = Callable[[int], list[int]]


def test_free_ports_are_fine(free_ports: FreePorts) -> None:
    refuse_taken(dict(zip(("A_PORT", "B_PORT"), free_ports(2), strict=True)))


def test_every_taken_port_is_named_by_its_setting(free_ports: FreePorts) -> None:
    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("", 0)) as two:
        ports = {
            "SANDBOX_PORT": one.getsockname()[1],
            "GATEWAY_PORT": two.getsockname()[1],
            "WORKER_PORT": free_ports(1)[0],
        }
        with pytest.raises(CommandError) as refused:
            refuse_taken(ports, grace=0)
    assert str(refused.value).splitlines() == [
        f"Port {ports[name]} is taken: stop what uses it, or set {name}."
        for name in ("SANDBOX_PORT", "GATEWAY_PORT")
    ]


def test_two_services_on_one_port_are_refused() -> None:
    with pytest.raises(CommandError, match="GATEWAY_PORT and WORKER_PORT are both 8000"):
        refuse_taken({"GATEWAY_PORT": 8000, "WORKER_PORT": 8000})
