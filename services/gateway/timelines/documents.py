"""Documents of platforms: JSON in which anything may be odd."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Protocol, TypeVar

import structlog

from services.gateway.schemas import Quota
from services.gateway.vendor_errors import FailedVendorError

log = structlog.get_logger()

Document = Mapping[str, Any]
# What reading trips over where a document is not as it should be.
NOT_UNDERSTOOD = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


class NonsenseError(ValueError):
    """An answer that is none of the platform's documents."""


class Placed(Protocol):
    @property
    def place(self) -> str:
        """Where it stands on its timeline."""


P = TypeVar("P", bound=Placed)


def things(values: object) -> list[Any]:
    """A list of objects; single ones among them may be anything."""
    if not isinstance(values, list) or (
        values and not any(isinstance(value, Mapping) for value in values)
    ):
        message = "it holds something other than a list of objects"
        raise NonsenseError(message)
    return values


def readable(
    origin: str, values: list[Any], read: Callable[[Any], P], passed_by: Callable[[Any], P]
) -> list[P]:
    """What was read of each; one that cannot be read costs no other.

    `passed_by` makes of such a one what stands in its place, where that at least can be read.
    Raises NonsenseError where nothing is left: taken for an empty page, it would end a reading.
    """
    found: list[P] = []
    for value in values:
        try:
            found.append(read(value))
        except NOT_UNDERSTOOD as error:
            left = _place_of(value, passed_by)
            place = left.place if left is not None else None
            why = type(error).__name__
            log.warning("timeline.post_unreadable", origin=origin, place=place, why=why)
            if left is not None:
                found.append(left)
    if values and not found:
        message = "none of the things that it holds can be read"
        raise NonsenseError(message)
    return found


def _place_of(value: object, passed_by: Callable[[Any], P]) -> P | None:
    try:
        return passed_by(value)
    except NOT_UNDERSTOOD:
        return None


def batches(ids: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """The ids of a look-up, as many at a time as the platform takes."""
    for start in range(0, len(ids), size):
        yield ids[start : start + size]


@contextmanager
def understanding(vendor: str) -> Iterator[None]:
    """Read a document in the block; what makes no sense comes out as FailedVendorError."""
    try:
        yield
    except NOT_UNDERSTOOD as error:
        raise nonsense(vendor, error) from error


def nonsense(vendor: str, error: BaseException) -> FailedVendorError:
    said = str(error) if isinstance(error, NonsenseError) else type(error).__name__
    return FailedVendorError(vendor, f"its answer cannot be read ({said}).", retry_after=5)


def quota(headers: Mapping[str, str], prefix: str) -> Quota | None:
    """What the headers that begin so say of a rate limit; None where that is nothing."""
    try:
        return Quota(
            limit=int(headers[f"{prefix}limit"]),
            remaining=int(headers[f"{prefix}remaining"]),
            resets_at=moment(headers[f"{prefix}reset"]),
        )
    except (*NOT_UNDERSTOOD, OSError):
        return None


def moment(stated: str) -> datetime:
    """A time in Unix seconds or in ISO 8601, for UTC where it names no zone."""
    if stated.isdecimal():
        return datetime.fromtimestamp(int(stated), UTC)
    read = datetime.fromisoformat(stated)
    return read if read.tzinfo else read.replace(tzinfo=UTC)
