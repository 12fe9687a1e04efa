"""The cursor: an opaque string that remembers how far a timeline was read."""

import re
from dataclasses import dataclass
from typing import Self

from services.common.problems import BadRequestError

WELL_FORMED = re.compile(r"([a-z]+)\.1\.([\w-]*)\.([\w-]*)\.([\w-]*)", re.ASCII)


@dataclass(frozen=True)
class Cursor:
    """At rest (no `until`), everything up to `floor` was read.

    On the way down, everything above `until` was read too, up to `top`; what lies between
    `floor` and `until` is still to come. Without a floor, nothing was ever read.
    """

    origin: str
    floor: str | None = None
    until: str | None = None
    top: str | None = None

    def landed(self) -> Self:
        """The cursor once the way down has reached the floor."""
        return type(self)(self.origin, self.top or self.floor)

    def __str__(self) -> str:
        return f"{self.origin}.1.{self.floor or ''}.{self.until or ''}.{self.top or ''}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Raises BadRequestError for what no gateway ever gave out."""
        match = WELL_FORMED.fullmatch(text)
        if match is None:
            raise BadRequestError("`after` is no cursor: hand back the one of the last answer.")
        origin, floor, until, top = match.groups()
        return cls(origin, floor or None, until or None, top or None)
