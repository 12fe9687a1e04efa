"""What the writer is asked for and what it answers: plain values, checked where they come in."""

from dataclasses import dataclass

from model.corpus.genres import GenreMatch
from model.errors import RequestError

MOST_SAMPLES = 100
CANDIDATES_PER_SAMPLE = 24
MOST_CANDIDATES = 400
MOST_GENRES = 100
LONGEST_GENRE = 200  # characters
HOTTEST = 2.0
STRONGEST = 2.0  # twice as far as the LC-GAN was trained to go
WIDEST = 64  # likeliest pieces that are looked at when top-k or top-p is asked for


@dataclass(frozen=True)
class Request:
    """Commentaries wanted about one song. Where a field is None the writer's default holds."""

    genres: tuple[str, ...] = ()
    num_samples: int = 5
    artist: str | None = None
    title: str | None = None
    seed: int | None = None  # None: the writer draws one and reports it
    temperature: float | None = None  # 0: the likeliest words
    top_k: int | None = None  # 0: no limit
    top_p: float | None = None
    refine: bool = True  # whether the LC-GAN moves z
    strength: float = 1.0  # of its step: 0 is none, 1 as trained, 2 twice as far
    candidates: int | None = None  # drafts among which the samples are chosen
    include_unrefined: bool = False
    include_topics: bool = False

    def __post_init__(self) -> None:
        _within("num_samples", self.num_samples, 1, MOST_SAMPLES)
        _within("strength", self.strength, 0.0, STRONGEST)
        _within("temperature", self.temperature, 0.0, HOTTEST)
        _within("top_k", self.top_k, 0, WIDEST)
        _within("top_p", self.top_p, 1e-3, 1.0)
        _within("seed", self.seed, 0, 2**63 - 1)
        _within("candidates", self.candidates, self.num_samples, MOST_CANDIDATES)
        _within("the number of genres", len(self.genres), 0, MOST_GENRES)
        _within("a genre's length", max(map(len, self.genres), default=0), 0, LONGEST_GENRE)


@dataclass(frozen=True)
class Sample:
    """One commentary with what speaks for it."""

    text: str
    score: float  # by which samples are ranked; higher is better
    log_prob: float  # the CVAE's mean log-probability of a piece, in nats
    topic: float  # the favoured topic's probability, 0 to 1
    novelty: float  # 1 - the share of four-word runs that stand in training text
    latent: tuple[float, ...]  # z as it was decoded
    unrefined: str | None = None  # the text of the same (z, a) before the LC-GAN moved z
    topics: tuple[float, ...] | None = None  # the mixture of topics in the text
    unrefined_topics: tuple[float, ...] | None = None  # the mixture before the LC-GAN


@dataclass(frozen=True)
class Result:
    """The answer to one request, best sample first."""

    seed: int
    genres: GenreMatch
    samples: tuple[Sample, ...]


def drafts_wanted(request: Request) -> int:
    """How many drafts a request's samples are chosen from, in one round."""
    wanted = request.candidates or CANDIDATES_PER_SAMPLE * request.num_samples
    return min(wanted, MOST_CANDIDATES)


def _within(field: str, value: float | None, low: float, high: float) -> None:
    # Written so that NaN is refused too.
    if value is not None and not low <= value <= high:
        raise RequestError(f"{field} is {value}; it must be between {low} and {high}")
