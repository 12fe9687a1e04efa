"""The one door to the model: genres and a song in, ranked sentences out.

For each request the writer draws more drafts than were asked for, all requests' drafts in one
batch; drops what is no good sentence, quotes the training text, or holds a blocked word; ranks the
rest and returns the best that are not alike. If too few are left it draws again, a few times, so an
answer is short only in the extreme. How many threads torch uses is left to the caller.
"""

import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from threading import Lock

import torch
from torch import Tensor

from model.bundle import SHIPPED, Bundle
from model.corpus.genres import GenreMatch
from model.drafting import Code, Drafter, Plan, numbered
from model.errors import RequestError
from model.ranking import Draft, choose, distinct
from model.request import CANDIDATES_PER_SAMPLE, Request, Result, Sample
from model.slots import fill
from model.topics import Topic

__all__ = [
    "CANDIDATES_PER_SAMPLE",
    "GenreMatch",
    "Request",
    "Result",
    "Sample",
    "Topic",
    "Writer",
]

ROUNDS = 4  # times that drafts are drawn before an answer is short
MOST_STEPS = 64
LONGEST_TEXT = 1000  # characters of a sentence to be encoded


class Writer:
    """A trained writer, ready. Calls from several threads wait for each other."""

    def __init__(self, bundle: Bundle, device: str | torch.device = "cpu") -> None:
        self.name = bundle.name
        self.revision = bundle.revision
        self.genres = bundle.genres.labels
        self.topics: tuple[Topic, ...] = bundle.topics.describe()
        self._bundle = bundle
        self._device = torch.device(device)
        self._drafter = Drafter(bundle, self._device)
        self._lock = Lock()

    @classmethod
    def load(cls, folder: Path | None = None, device: str | None = None) -> "Writer":
        """Load a bundle: the shipped one unless a folder is named; on the CPU unless told.

        Raises:
            BundleError: the folder holds no bundle that can be used; the message says why.
        """
        return cls(Bundle.load(folder or SHIPPED, device or "cpu"), device or "cpu")

    def match_genres(self, names: Iterable[str]) -> GenreMatch:
        """How the writer understands genre names."""
        return self._bundle.genres.match(names)

    @torch.inference_mode()
    def write(self, requests: Sequence[Request]) -> list[Result]:
        """Answer requests, in order, decoding all of them together.

        The same seed gives the same answer whatever stands beside the request.
        """
        plans = [self._drafter.plan(request, _seed(request)) for request in requests]
        codes: list[list[Code]] = [[] for _ in plans]
        drafts: list[list[Draft]] = [[] for _ in plans]
        with self._lock:
            for _ in range(ROUNDS):
                wanting = [i for i, plan in enumerate(plans) if not _enough(plan, drafts[i])]
                if not wanting:
                    break
                self._draw(wanting, plans, codes, drafts)
            return [self._result(*row) for row in zip(plans, codes, drafts, strict=True)]

    @torch.inference_mode()
    def interpolate(
        self, start: str, end: str, steps: int, genres: Iterable[str] = ()
    ) -> list[str]:
        """The homotopy between two sentences: what is said along the line between their codes.

        Returns `steps` sentences, the first decoded from the code of `start` and the last from that
        of `end`, each the likeliest words for its code.
        """
        if not 2 <= steps <= MOST_STEPS:
            raise RequestError(f"steps is {steps}; it must be between 2 and {MOST_STEPS}")
        a = self._drafter.condition(self.match_genres(genres))
        first, last = self._code(start, a), self._code(end, a)
        line = [first + (last - first) * (i / (steps - 1)) for i in range(steps)]
        with self._lock:
            return self._drafter.likeliest(line, a)

    @torch.inference_mode()
    def reconstruct(self, text: str, genres: Iterable[str] = ()) -> str:
        """What the decoder makes of a sentence's code."""
        a = self._drafter.condition(self.match_genres(genres))
        code = self._code(text, a)
        with self._lock:
            return self._drafter.likeliest([code], a)[0]

    def _draw(
        self,
        wanting: Sequence[int],
        plans: Sequence[Plan],
        codes: list[list[Code]],
        drafts: list[list[Draft]],
    ) -> None:
        """One more round of drafts for the plans that want some, added in place."""
        which = [plans[i] for i in wanting]
        fresh = self._drafter.codes(which, [len(codes[i]) for i in wanting])
        found = self._drafter.drafts(which, fresh)
        for i, new_codes, new_drafts in zip(wanting, fresh, found, strict=True):
            drafts[i] += numbered(new_drafts, start=len(codes[i]))
            codes[i] += new_codes

    def _result(self, plan: Plan, codes: Sequence[Code], drafts: Sequence[Draft]) -> Result:
        chosen = choose(drafts, plan.request.num_samples)
        unrefined: Sequence[str | None] = [None] * len(chosen)
        if plan.request.include_unrefined:
            unrefined = self._drafter.unrefined(plan, [codes[draft.index] for draft in chosen])
        samples = (
            Sample(
                text=fill(draft.text, plan.song),
                score=draft.score,
                log_prob=draft.log_prob,
                topic=draft.topic,
                novelty=draft.novelty,
                latent=tuple(codes[draft.index].moved.tolist()),
                unrefined=twin,
            )
            for draft, twin in zip(chosen, unrefined, strict=True)
        )
        return Result(plan.seed, plan.genres, tuple(samples))

    def _code(self, text: str, a: Tensor) -> Tensor:
        """The mean of q(z|x, a)."""
        readable = " ".join(text[:LONGEST_TEXT].encode("utf-8", "replace").decode().split())
        if not readable:
            raise RequestError("a sentence is empty; give at least one word")
        tokens = torch.tensor([self._bundle.pieces.encode(readable)], device=self._device)
        return self._bundle.cvae.encode(tokens, a[None]).mu[0]


def _seed(request: Request) -> int:
    return secrets.randbits(32) if request.seed is None else request.seed


def _enough(plan: Plan, drafts: Sequence[Draft]) -> bool:
    return len(distinct(drafts)) >= plan.request.num_samples
