"""Guessing keys is made slow, for the address that guesses and for no other."""

import ipaddress
import time
from collections import OrderedDict
from collections.abc import Callable

from services.common.problems import OverloadedError

MOST_WRONG = 5
SECONDS = 60.0
MOST_ADDRESSES = 10_000


class WrongKeys:
    """The wrong keys of the last minute, by the address they came from.

    An address that sent five waits until the first is a minute old; a right key is not looked at
    before, or guessing would go on. In memory: a restart forgives, and of very many addresses those
    that were heard last are remembered.
    """

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, most_addresses: int = MOST_ADDRESSES
    ) -> None:
        self._clock = clock
        self._most_addresses = most_addresses
        self._wrong: OrderedDict[str, list[float]] = OrderedDict()

    def refuse(self, address: str) -> None:
        """Raise OverloadedError when the address has to wait."""
        recent = self._recent(address)
        if len(recent) >= MOST_WRONG:
            wait = recent[-MOST_WRONG] + SECONDS - self._clock()
            message = f"Too many wrong keys came from here: wait {wait:.0f} s, then log in."
            raise OverloadedError(message, retry_after=wait)

    def note(self, address: str) -> None:
        whose = network(address)
        self._wrong[whose] = [*self._recent(address), self._clock()]
        self._wrong.move_to_end(whose)
        while len(self._wrong) > self._most_addresses:
            self._wrong.popitem(last=False)

    def _recent(self, address: str) -> list[float]:
        since = self._clock() - SECONDS
        return [at for at in self._wrong.get(network(address), ()) if at > since]


def network(address: str) -> str:
    """The address, or the network of an IPv6 one: whoever has one of those has all of it."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 4:
        return address
    return str(ipaddress.ip_network((known, 64), strict=False))
