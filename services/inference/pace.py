"""How fast the decoder is, for telling how long work will take."""


class Pace:
    """What the decoder does under load, learned from its fuller steps.

    A step of few rows says nothing of it: it takes hardly less time than one of many. Each step
    counts a hundredth less than the next.
    """

    FADE = 0.99

    def __init__(self) -> None:
        self.telling = 32  # rows, fewer where there are fewer slots
        self._tokens = 0.0
        self._seconds = 0.0

    def note(self, tokens: int, seconds: float) -> None:
        """A step made so many tokens, one for each row, in so long."""
        if tokens >= self.telling:
            self._tokens = self.FADE * self._tokens + tokens
            self._seconds = self.FADE * self._seconds + seconds

    def seconds_for(self, tokens: int) -> float:
        """How long that many tokens will take; 0 before anything was measured."""
        return tokens * self._seconds / self._tokens if self._tokens else 0.0
