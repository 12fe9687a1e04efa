"""What a catalogue can be asked: which tracks may be meant, and what an artist plays.

Every method raises `services.gateway.vendor_errors.VendorError`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable


@dataclass(frozen=True)
class Artist:
    name: str
    ids: dict[str, str] = field(default_factory=dict)  # catalogue -> its id


@dataclass(frozen=True)
class Track:
    """A track as one catalogue knows it."""

    title: str
    artists: tuple[Artist, ...]
    ids: dict[str, str] = field(default_factory=dict)  # catalogue -> its id
    url: str | None = None


class Catalogue(Protocol):
    @property
    def name(self) -> str: ...

    async def tracks(self, title: str, artist: str | None) -> Sequence[Track]:
        """Tracks that may be meant, best known first; empty when there is none."""

    async def genres(self, artist: Artist) -> Sequence[str]:
        """What the artist plays, most telling first; empty when that is not known."""


@runtime_checkable
class Linked(Protocol):
    """A catalogue to whose tracks people link."""

    @property
    def name(self) -> str: ...

    async def track(self, track_id: str) -> Track | None:
        """The track of the catalogue's own id; None when there is none."""
