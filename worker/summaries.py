"""What a cycle and a look at the desk did, in one line each."""

from dataclasses import asdict, dataclass


def told(line: str, errors: tuple[str, ...]) -> str:
    if not errors:
        return line
    noun = "error" if len(errors) == 1 else "errors"
    return f"{line}; {len(errors)} {noun}: " + "; ".join(errors)


@dataclass(frozen=True, slots=True)
class Summary:
    """One cycle: `songs` of `posts` name one, `known` of them stand in a catalogue."""

    cycle: int
    posts: int
    songs: int
    known: int
    with_genres: int
    drafts: int
    seconds: float
    errors: tuple[str, ...] = ()
    unreached: bool = False
    busy: bool = False  # whether anything was to be done but to read

    @property
    def eventful(self) -> bool:
        return bool(self.busy or self.posts or self.errors)

    def line(self) -> str:
        return told(
            f"cycle {self.cycle}: {self.posts} posts, {self.songs} songs, "
            f"{self.known} known to the catalogue, {self.with_genres} with genres, "
            f"{self.drafts} drafts, {self.seconds:.1f} s",
            self.errors,
        )

    def as_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class DeskSummary:
    """One look at the desk: decisions that were new, and what left."""

    decisions: int
    published: int
    failed: int
    seconds: float
    errors: tuple[str, ...] = ()
    unreached: bool = False
    rehearsed: int = 0  # what a dry run would have published

    @property
    def eventful(self) -> bool:
        done = self.decisions or self.published or self.failed or self.rehearsed
        return bool(done or self.errors)

    def line(self) -> str:
        rehearsed = f"{self.rehearsed} would have left (dry run), " if self.rehearsed else ""
        return told(
            f"desk: {self.decisions} decisions, {self.published} published, {rehearsed}"
            f"{self.failed} failed, {self.seconds:.1f} s",
            self.errors,
        )

    def as_json(self) -> dict[str, object]:
        return asdict(self)
