"""What may be published, and when: the operator's rules, as pure functions.

`Policy` asks each rule in its turn. The store hands it what lies in the database and acts on the
answer, inside the transaction that lets a publication leave.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from services.common.words.blocked import BlockedWords
from services.common.words.likeness import Earlier, Likeness
from worker.policy.pace import Hold, Pace, Waiting

__all__ = ["BlockedWords", "Earlier", "Hold", "Likeness", "Pace", "Policy", "Waiting"]


@dataclass(frozen=True, slots=True)
class Policy:
    """How an operator wants to publish."""

    pace: Pace
    template: str
    blocked: BlockedWords = field(default_factory=BlockedWords)
    likeness: Likeness | None = None

    def hold(self, waiting: Waiting, left: Sequence[datetime], now: datetime) -> Hold | None:
        """Why this one may not leave yet, given when others left; None when it may."""
        return self.pace.hold(waiting, left, now)

    def objection(self, text: str, words: str, before: Iterable[Earlier]) -> str | None:
        """Why this one may not leave at all: `text` is the post, `words` what is its own in it."""
        if entry := self.blocked.found(text):
            return f"it holds a blocked word: {entry}"
        if self.likeness and (earlier := self.likeness.found(words, before)):
            return f"too like what we posted on {earlier.left_at:%Y-%m-%d at %H:%M} UTC"
        return None
