"""Which drafts may be shown, which of them are best, and which stand together in an answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from model.corpus.lines import words

FEWEST_WORDS, MOST_WORDS = 6, 34

# What a draft is worth: its sense, as a reader would rate it from 1 to 5, and beside it its delight
# and what no reader of one sentence can see. Each term's natural range is in the comment.
DELIGHT = 3.0  # 0 to 5
TOPIC = 0.2  # 0 to 1
NOVELTY = 7.5  # 0 to ENOUGH, for what is newer than people's own lines is odd
ENOUGH = 0.7  # the novelty of held-out text is 0.74
GENRE = 1.0  # mean log-odds of a piece, about 0 to 1
FAMILY = 4.0  # 0 to 1
ECHO = -0.5  # a word of meaning that comes again: readers mind it more than the ridge can say
CLAIM = -1.0  # for saying what kind of recording this is, which only listening can tell

_STEM = 4  # letters that tell whether two words are of one family
ALIKE = 0.5  # share of words in common from which two drafts say the same

_START = re.compile(r'^(?:"?[A-Z0-9]|"?\{)')
_END = re.compile(r'[^\s,;:.!?-][.!?]"?$')
_WRONG = re.compile(r'\s[,.;:!?]|[,;:][,.;:!?]|\.\.|--|"\w+"\w|\s$|^\s|  ')
_CLAIMS = frozenset(("remix", "remixes", "remixer", "cover", "demo", "encore", "instrumental"))
_ARTICLE = re.compile(
    r"(?i)\ba (?!uni|use|usu|eu|one\b|once)[aeiou]|\ban (?!ho(?:ur|nest)|8|11|18|{)[^aeiou\W]"
)
# Words after which a sentence cannot end, and words that mean little by themselves.
_LEADING = frozenset((
    "a", "an", "the", "of", "to", "in", "on", "at", "and", "or", "but", "for", "with", "from", "by",
    "its", "as", "this", "my", "your", "into", "than",
))  # fmt: skip
_SMALL = _LEADING - {"my", "your", "into", "than"} | {"is", "it", "that", "one", "you"}


@dataclass(frozen=True)
class Draft:
    """A decoded sentence, slots unfilled, with everything that is known of it."""

    index: int  # among the request's candidates
    text: str
    log_prob: float
    topic: float
    topics: tuple[float, ...]
    sense: float
    delight: float
    novelty: float
    genre: float
    family: float  # the probability that it is of the family of a genre asked for

    @cached_property
    def meaning(self) -> frozenset[str]:
        """Its words of meaning; each draft is compared with many."""
        return meaning(self.text)

    @cached_property
    def score(self) -> float:
        """The draft's worth; higher is better."""
        bag = words(self.text)
        return (
            self.sense
            + DELIGHT * self.delight
            + TOPIC * self.topic
            + NOVELTY * min(self.novelty, ENOUGH)
            + GENRE * self.genre
            + FAMILY * self.family
            + ECHO * echoes(bag)
            + CLAIM * (not _CLAIMS.isdisjoint(bag))
        )


def is_sentence(text: str) -> bool:
    """Whether a text has the outward form of one good sentence."""
    bag = words(text)
    return (
        FEWEST_WORDS <= len(text.split()) <= MOST_WORDS
        and bool(_START.match(text))
        and bool(_END.search(text))
        and not _WRONG.search(text)
        and not _ARTICLE.search(text)
        and text.count('"') % 2 == 0
        and (not bag or bag[-1] not in _LEADING)
        and not repeats(bag)
    )


def repeats(bag: Sequence[str]) -> bool:
    """Whether a word follows itself, three words recur, or one word of meaning comes thrice."""
    if any(left == right for left, right in pairwise(bag)):
        return True
    runs = [tuple(bag[i : i + 3]) for i in range(len(bag) - 2)]
    heavy = [word for word in bag if word not in _SMALL]
    return len(set(runs)) < len(runs) or any(heavy.count(word) > 2 for word in set(heavy))


def echoes(bag: Sequence[str]) -> int:
    """How many words of meaning a text says again; "warm", "warms" and "warmth" are one."""
    heavy = [word.removesuffix("s")[:_STEM] for word in bag if word not in _SMALL]
    return len(heavy) - len(set(heavy))


def alike(left: frozenset[str], right: frozenset[str]) -> float:
    """The share of words of meaning that two texts have in common, of the shorter one's."""
    return len(left & right) / max(1, min(len(left), len(right)))


def meaning(text: str) -> frozenset[str]:
    """The words of meaning of a text."""
    return frozenset(word for word in words(text) if word not in _SMALL)


def distinct(drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts, best first, without any that says the same as a better one."""
    kept: list[Draft] = []
    for draft in _ranked(drafts):
        if all(alike(draft.meaning, other.meaning) < ALIKE for other in kept):
            kept.append(draft)
    return kept


def choose(drafts: Sequence[Draft], count: int) -> list[Draft]:
    """The best drafts of which no two say the same or open alike.

    Where these are too few, drafts that open like a better one follow, and then those that say the
    same; the very same text never comes twice.
    """
    apart = distinct(drafts)
    openings: dict[tuple[str, ...], Draft] = {}
    for draft in apart:
        openings.setdefault(_opening(draft.text), draft)
    texts: dict[str, Draft] = {}
    for draft in (*openings.values(), *apart, *_ranked(drafts)):
        texts.setdefault(draft.text, draft)
    return list(texts.values())[:count]


def _ranked(drafts: Sequence[Draft]) -> list[Draft]:
    return sorted(drafts, key=lambda draft: (-draft.score, draft.index))


def _opening(text: str) -> tuple[str, ...]:
    return tuple(words(text)[:2])
