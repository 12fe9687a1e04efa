"""Free ports, and deadlines for what processes do."""

import socket
from collections.abc import Callable
from contextlib import ExitStack

import pytest


@pytest.fixture
def free_ports() -> Callable[[int], list[int]]:
    """Ports that were free a moment ago, all different."""

    def find(count: int) -> list[int]:
        with ExitStack() as stack:
            sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
            for one in sockets:
                one.bind(("127.0.0.1", 0))
            return [one.getsockname()[1] for one in sockets]

    return find
