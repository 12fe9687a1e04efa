"""Which drafts may be shown, which of them are best, and which stand together in an answer."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from model.corpus.lines import words

FEWEST_WORDS, MOST_WORDS = 6, 34

# What a draft is worth: a sum, each term's natural range in the comment.
LIKELIHOOD = 1.0  # mean log-probability of a piece, about -4 to -2
TOPIC = 0.4  # 0 to 1
NOVELTY = 0.3  # 0 to 1
GENRE = 1.5  # mean log-odds of a piece, about 0 to 1
ECHO = -0.6  # for each word of meaning that comes a second time
CLAIM = -1.0  # for saying what kind of recording this is, which only listening can tell

ALIKE = 0.5  # share of words in common from which two drafts say the same

_START = re.compile(r'^(?:"?[A-Z0-9]|"?\{)')
_END = re.compile(r'[^\s,;:.!?-][.!?]"?$')
_WRONG = re.compile(r'\s[,.;:!?]|[,;:][,.;:!?]|\.\.|--|"\w+"\w|\s$|^\s|  ')
_CLAIMS = frozenset(("remix", "remixes", "remixer", "cover", "demo", "encore", "instrumental"))
_ARTICLE = re.compile(
    r"(?i)\ba (?!uni|use|usu|eu|one\b|once)[aeiou]|\ban (?!ho(?:ur|nest)|8|11|18|{)[^aeiou\W]"
)
_SMALL = frozenset(
    (
        "a",
        "an",
        "the",
        "of",
        "to",
        "in",
        "on",
        "at",
        "and",
        "or",
        "but",
        "for",
        "with",
        "from",
        "by",
        "is",
        "it",
        "its",
        "as",
        "that",
        "this",
        "one",
        "you",
    )
)
_UNFINISHED = frozenset(
    (
        "a",
        "an",
        "the",
        "of",
        "to",
        "in",
        "on",
        "at",
        "and",
        "or",
        "but",
        "for",
        "with",
        "from",
        "by",
        "its",
        "as",
        "this",
        "my",
        "your",
        "into",
        "than",
    )
)


@dataclass(frozen=True)
class Draft:
    """A decoded sentence, slots unfilled, with everything that is known of it."""

    index: int  # among the request's candidates
    text: str
    log_prob: float
    topic: float
    novelty: float
    genre: float

    @property
    def score(self) -> float:
        """The draft's worth; higher is better."""
        return (
            LIKELIHOOD * self.log_prob
            + TOPIC * self.topic
            + NOVELTY * self.novelty
            + GENRE * self.genre
            + ECHO * echoes(words(self.text))
            + CLAIM * (not _CLAIMS.isdisjoint(words(self.text)))
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
        and (not bag or bag[-1] not in _UNFINISHED)
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
    """How many words of meaning a text says again, plural and singular being one."""
    heavy = [word.removesuffix("s") for word in bag if word not in _SMALL]
    return len(heavy) - len(set(heavy))


def alike(left: str, right: str) -> float:
    """The share of words of meaning that two texts have in common, of the shorter one's."""
    one, other = ({w for w in words(text) if w not in _SMALL} for text in (left, right))
    return len(one & other) / max(1, min(len(one), len(other)))


def distinct(drafts: Sequence[Draft]) -> list[Draft]:
    """The drafts, best first, without any that says the same as a better one."""
    kept: list[Draft] = []
    for draft in sorted(drafts, key=lambda draft: (-draft.score, draft.index)):
        if all(alike(draft.text, other.text) < ALIKE for other in kept):
            kept.append(draft)
    return kept


def choose(drafts: Sequence[Draft], count: int) -> list[Draft]:
    """The best drafts, no two of which say the same, filled up with the best of the others."""
    chosen = distinct(drafts)[:count]
    texts = {draft.text for draft in chosen}
    for draft in sorted(drafts, key=lambda draft: (-draft.score, draft.index)):
        if len(chosen) < count and draft.text not in texts:
            chosen.append(draft)
            texts.add(draft.text)
    return chosen
