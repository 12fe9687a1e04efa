"""What goes wrong with services and database: who is to blame, how long to wait, what to tell."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, StatementError

from services.common.rest import ServiceError, UnreachableError

# The service, its vendor or our key: nothing that another post would not meet as well.
OUTAGES = frozenset({0, 401, 402, 403, 405, 429, 502, 503, 504})
FIRST_DELAY = 15.0
LONGEST_DELAY = 900.0


def is_outage(error: Exception) -> bool:
    """Whether the service or our database is to blame, rather than what it was asked."""
    if isinstance(error, ServiceError):
        return error.status in OUTAGES
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or isinstance(error, OperationalError | InterfaceError)


def is_unreached(error: Exception) -> bool:
    """Whether the service itself did not let us in, which only an operator can mend."""
    return isinstance(error, ServiceError) and error.status in {0, 401, 403}


def kinds_of(error: BaseException) -> str:
    """What an error is, or those of a group are; what it says may be for nobody's eyes."""
    if isinstance(error, BaseExceptionGroup):
        return ", ".join(dict.fromkeys(kinds_of(each) for each in error.exceptions))
    return type(error).__name__


def delay(attempts: int, retry_after: float | None = None) -> timedelta:
    """How long to wait after so many attempts: doubling, and never longer than 15 minutes."""
    doubled = min(FIRST_DELAY * 2 ** min(attempts, 10), LONGEST_DELAY)
    return timedelta(seconds=max(doubled, retry_after or 0))


@dataclass(frozen=True, slots=True)
class Upstream:
    """A service as the operator knows it."""

    name: str
    url: str = ""
    setting: str = ""
    key_setting: str = ""

    def explain(self, error: Exception) -> str:
        """What was wrong and what to do."""
        if isinstance(error, UnreachableError):
            remedy = f"is it running, and is {self.setting} right?"
            return f"the {self.name} at {self.url} gives no usable answer ({error}); {remedy}"
        if isinstance(error, ServiceError) and error.status == 401:
            return f"the {self.name} does not take our key: set {self.key_setting} or API_KEYS"
        if isinstance(error, StatementError):
            # All else that it says is the statement and its parameters, and so what posts said.
            said = str(error.orig).partition("\n")[0]
            return f"the database: {said}"
        return f"the {self.name}: {error}"


class Troubles:
    """What went wrong in one run, each thing once."""

    def __init__(self) -> None:
        self.counted: dict[str, int] = {}
        self.unreached = False

    def note(self, upstream: Upstream, error: Exception) -> str:
        """Keep an error for the summary; returns it in words."""
        words = upstream.explain(error)
        self.unreached = self.unreached or is_unreached(error)
        self.add(words)
        return words

    def add(self, words: str) -> None:
        self.counted[words] = self.counted.get(words, 0) + 1

    def lines(self) -> tuple[str, ...]:
        return tuple(
            words if count == 1 else f"{words} ({count} times)"
            for words, count in self.counted.items()
        )
