"""What a rule is: one form in which people name a song, and what it asks of a post."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property

from worker.songs.forms import compile_form
from worker.songs.signs import Sign


@dataclass(frozen=True)
class Rule:
    """One form in which a song is named."""

    name: str
    confidence: float
    form: str
    example: str
    reads: tuple[str, tuple[str, ...]]  # what the example names
    needs: Sign = Sign.NOTHING  # without these signs in the post we need not look
    after_lead: bool = False  # matched only where a lead ends ("I'm listening to ", "#np ")
    music: bool = False  # something else in the post speaks of music
    capitals: bool = False  # title and artist are written like names
    whole_line: bool = False  # nothing else stands on the line
    open_title: bool = False  # nothing bounds the title: its tail is cut as an artist's is
    run: bool = False  # the names end where their capitals do, whatever follows
    bounded: bool = False  # a mark, a link, a hashtag or nothing follows, not a sentence's rest
    goes_on: bool = False  # a sentence goes on after the song as it does after a name
    patterns: tuple[re.Pattern[str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "patterns", compile_form(self.form))

    @cached_property
    def quoted(self) -> bool:
        """Whether the title stands in quotation marks."""
        return "{quoted}" in self.form

    @cached_property
    def owned(self) -> bool:
        """Whether only its place makes the artist's name a name."""
        return "{owner}" in self.form or "owner" in self.name

    @cached_property
    def dashed(self) -> bool:
        """Whether a dash leaves open which name is the artist's."""
        return "dash" in self.name

    @cached_property
    def may_point(self) -> bool:
        """Whether a title may begin as what one points at does: "this charming man"."""
        return self.dashed or self.after_lead

    @cached_property
    def names_artist(self) -> bool:
        """Whether the form names an artist beside the title."""
        return "artist" in self.patterns[0].groupindex

    @cached_property
    def has_place(self) -> bool:
        """Whether what stands around the names must be looked at."""
        return self.run or self.bounded or self.goes_on or self.whole_line

    @cached_property
    def asks(self) -> tuple[int, int]:
        """The bits of the Signs that must all be seen, and of those of which one must."""
        needs = self.needs | Sign.LEAD if self.after_lead else self.needs
        return needs.value, (Sign.DOUBLE | Sign.SINGLE).value if self.quoted else 0

    def may_apply(self, signs: int) -> bool:
        """Whether a post that shows the Signs of these bits is worth a look."""
        every, some = self.asks
        return every & signs == every and (not some or some & signs != 0)
