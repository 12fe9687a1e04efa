"""Time as tests have it."""

import asyncio


class Clock:
    """A clock that tests set."""

    def __init__(self, now: float = 1_790_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let that much time pass at once."""
        self.now += seconds
        await asyncio.sleep(0)
