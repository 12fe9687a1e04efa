"""Whether the ports that the services want are free; asked before anything starts."""

import socket
import time
from collections.abc import Mapping

from deephypebot.errors import CommandError

LOOPBACK = "127.0.0.1"
# The children of a run that was killed leave within moments, and their ports with them.
GRACE_SECONDS = 2.0


def refuse_taken(ports: Mapping[str, int], grace: float = GRACE_SECONDS) -> None:
    """Raises CommandError naming the setting of every port that is taken; keys are settings."""
    refuse_twins(ports)
    deadline = time.monotonic() + grace
    while taken := [name for name, port in ports.items() if not is_free(port)]:
        if time.monotonic() > deadline:
            lines = [
                f"Port {ports[name]} is taken: stop what uses it, or set {name}." for name in taken
            ]
            raise CommandError("\n".join(lines))
        time.sleep(0.1)


def refuse_twins(ports: Mapping[str, int]) -> None:
    """Raises CommandError when two services were given one port."""
    seen: dict[int, str] = {}
    for name, port in ports.items():
        if port in seen:
            raise CommandError(f"{seen[port]} and {name} are both {port}: change one of them.")
        seen[port] = name


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True
