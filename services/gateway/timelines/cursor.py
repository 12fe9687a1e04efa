"""The cursor: an opaque string that remembers how far a timeline was read."""

import re
from dataclasses import dataclass, replace
from typing import Self

from services.common.problems import BadRequestError

WELL_FORMED = re.compile(r"([a-z]+)\.1\.([\w-]*)\.([\w-]*)\.([\w-]*)(?:\.([\w~-]*))?", re.ASCII)
# So many places above the floor are remembered; a cursor travels in an address.
MOST_GIVEN = 200


def order(place: str) -> tuple[int, str]:
    """Places grow with time, and with their length."""
    return len(place), place


@dataclass(frozen=True)
class Cursor:
    """At rest (no `until`), everything up to `floor` was read.

    On the way down, everything above `until` was read too; what lies between `floor` and `until`
    is still to come, and the next floor is `top`. Without a floor, nothing was ever read. Posts
    may still come in above `top`, or a floor that was one; `given` are those that came already.
    """

    origin: str
    floor: str | None = None
    until: str | None = None
    top: str | None = None
    given: tuple[str, ...] = ()

    def gave(self, place: str) -> Self:
        """The cursor once a post at this place was given."""
        if self.top is None or order(place) <= order(self.top):
            return self
        given = sorted({*self.given, place}, key=order)
        top = (
            self.top
            if len(given) <= MOST_GIVEN
            else max(self.top, given[-1 - MOST_GIVEN], key=order)
        )
        return replace(self, given=tuple(given[-MOST_GIVEN:]), top=top)

    def landed(self) -> Self:
        """The cursor once the way down has reached the floor.

        What lies below a first reading is history.
        """
        reached = [place for place in (self.floor or self.until, self.top) if place]
        floor = max(reached, key=order, default=None)
        given = tuple(place for place in self.given if floor and order(place) > order(floor))
        return type(self)(self.origin, floor, given=given)

    def __str__(self) -> str:
        given = f".{'~'.join(self.given)}" if self.given else ""
        return f"{self.origin}.1.{self.floor or ''}.{self.until or ''}.{self.top or ''}{given}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises BadRequestError for what no gateway ever gave out."""
        match = WELL_FORMED.fullmatch(text)
        if match is None:
            raise BadRequestError("`after` is no cursor: hand back the one of the last answer.")
        origin, floor, until, top, given = match.groups(default="")
        places = tuple(place for place in given.split("~") if place)
        return cls(origin, floor or None, until or None, top or None, places)
