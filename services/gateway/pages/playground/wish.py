"""What a visitor asks for, and how it stands in the address."""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from pydantic import ValidationError as Invalid

from services.gateway.schemas import Song
from services.inference.schemas import GenerateRequest, InterpolateRequest

PATH = "/playground"
MOST_SAMPLES = 10
FEWEST_STEPS, MOST_STEPS = 3, 15
SEEDS = 10**15  # which JavaScript reads exactly
# Where genres were looked for: a catalogue that knew some, or what is known instead.
Via = Literal["", "spotify", "musicbrainz", "lastfm", "no genres", "no song"]

# What each field takes, said to whoever gave something else.
TAKES = {
    "title": "A title has at most 300 characters.",
    "artist": "An artist has at most 300 characters.",
    "genres": "At most 32 genres of up to 100 characters each, with commas between them.",
    "n": f"From 1 to {MOST_SAMPLES} sentences.",
    "seed": "A whole number of up to 15 digits.",
    "temperature": "The temperature is a number above 0, up to 2.",
    "strength": "The strength is a number from 0 to 2.",
    "start": "A sentence has at most 500 characters.",
    "end": "A sentence has at most 500 characters.",
    "steps": f"From {FEWEST_STEPS} to {MOST_STEPS} steps.",
}


def _parted(value: object) -> object:
    """The genres of a text with commas between them, each once."""
    if not isinstance(value, str):
        return value
    names = (" ".join(name.split()) for name in value.split(","))
    return tuple(dict.fromkeys(name for name in names if name))


Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=300)]
Sentence = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)]
Genres = Annotated[
    tuple[Annotated[str, StringConstraints(max_length=100)], ...],
    BeforeValidator(_parted),
    Field(max_length=32),
]


class Wish(BaseModel):
    """All that decides what is on the screen. Fields are named as in the address."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)

    title: Name = ""
    artist: Name = ""
    genres: Genres = ()
    n: int = Field(3, ge=1, le=MOST_SAMPLES)
    temperature: float | None = Field(None, gt=0, le=2)
    strength: float = Field(1.0, ge=0, le=2)
    seed: int | None = Field(None, ge=0, lt=SEEDS)
    start: Sentence = ""
    end: Sentence = ""
    steps: int = Field(9, ge=FEWEST_STEPS, le=MOST_STEPS)
    at: int = Field(1, ge=1, le=MOST_STEPS)  # the step of the walk that is looked at
    found: Genres = ()  # what the catalogues know of the song
    via: Via = ""
    of: str = ""  # the song that they were asked about, as `mark` has it

    @property
    def mark(self) -> str:
        """Tells one song from another."""
        return hashlib.sha256(f"{self.title}\n{self.artist}".encode()).hexdigest()[:8]

    @property
    def is_looked_up(self) -> bool:
        return bool(self.via) and self.of == self.mark

    @property
    def wants_song(self) -> bool:
        """Whether the catalogues should be asked for genres."""
        return bool(self.title) and not self.genres and not self.is_looked_up

    @property
    def written_for(self) -> tuple[str, ...]:
        """The genres that the writer is given."""
        return self.genres or (self.found if self.is_looked_up else ())

    def of_song(self, song: Song | None) -> "Wish":
        """The same with what the catalogues know; None where none has the song."""
        if song is None:
            return self._changed(found=(), via="no song", of=self.mark)
        # Stripped as `read` does, which takes more signs for white space than the model does.
        artist = ", ".join(song.artists)
        names = {"title": song.title[:300].strip(), "artist": artist[:300].strip()}
        genres = [genre.replace(",", " ")[:100] for genre in song.genres[:32]]
        via = song.genres_from if genres else "no genres"
        named = self._changed(**names, found=", ".join(genres), via=via)
        return named.model_copy(update={"of": named.mark})

    def with_seed(self, seed: int) -> "Wish":
        return self._changed(seed=seed)

    def with_genre(self, genre: str) -> "Wish":
        return self._changed(genres=(*self.genres, genre))

    def with_ends(self, **ends: str) -> "Wish":
        """The same with another sentence at the `start` or the `end` of the walk."""
        return self._changed(**ends, at=1)

    def _changed(self, **changes: Any) -> "Wish":  # noqa: ANN401 - any field's value
        return Wish.model_validate(self.model_dump() | changes)

    @property
    def query(self) -> dict[str, str]:
        """What has to be said to get the same; nothing that goes without saying."""
        kept = set(type(self).model_fields)
        if self.genres or not self.is_looked_up:
            kept -= {"found", "via", "of"}
        told = self.model_dump(include=kept, exclude_defaults=True)
        return {name: _written(value) for name, value in told.items()}

    @property
    def address(self) -> str:
        return f"{PATH}?{urlencode(self.query)}"

    @property
    def fields(self) -> dict[str, str]:
        """What stands in the form."""
        values = self.model_dump() | {"found": (), "via": "", "of": ""}
        return {name: _written(value) for name, value in values.items()} | self.query

    def generation(self) -> GenerateRequest:
        asked: dict[str, Any] = {
            "genres": list(self.written_for),
            "artist": self.artist,
            "title": self.title,
            "num_samples": self.n,
            "seed": self.seed,
            "temperature": self.temperature,
            "strength": self.strength,
            "include_unrefined": True,
            "include_topics": True,
        }
        return GenerateRequest(
            **{name: value for name, value in asked.items() if value not in ("", None)}
        )

    def walk(self, sentences: list[str]) -> InterpolateRequest | None:
        """From one sentence to another: the visitor's own, else the best two that were written."""
        others = [each for each in sentences if each not in {self.start, self.end}]
        start = self.start or (others.pop(0) if others else "")
        end = self.end or (others.pop(0) if others else "")
        if not start or not end:
            return None
        genres = list(self.written_for)
        return InterpolateRequest(start=start[:500], end=end[:500], steps=self.steps, genres=genres)


def _written(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    if isinstance(value, float):
        return str(value).removesuffix(".0")
    return "" if value is None else str(value)


def read(typed: Mapping[str, str]) -> tuple[Wish, dict[str, str]]:
    """The wish in a query, and what is wrong with it by field; then it is the wish without that."""
    said = {name: value for name, value in typed.items() if value.strip()}
    try:
        return Wish.model_validate(said), {}
    except Invalid as invalid:
        wrong = {str(fault["loc"][0]) for fault in invalid.errors()}
        rest = {name: value for name, value in said.items() if name not in wrong}
        # What the visitor did not type themselves is left out without a word.
        return Wish.model_validate(rest), {name: TAKES[name] for name in TAKES if name in wrong}
