"""The one door to the model: genres and a song in, ranked sentences out.

For each request the writer draws more drafts than were asked for, drops what is no good sentence,
quotes the training text, or holds a blocked word, ranks the rest and returns the best that are not
alike. If too few are left it draws again, a few times, so an answer is short only in the extreme.
All requests' rows share the decoder's batches. How many threads torch uses is left to the caller.
"""

import secrets
from collections.abc import Iterable, Sequence
from contextlib import suppress
from copy import deepcopy
from pathlib import Path
from threading import Lock
from typing import TypeVar

import torch
from torch import Tensor

from model.bundle import CARD, SHIPPED, Bundle
from model.composing import Composer, Composition
from model.corpus.genres import GenreMatch
from model.drafting import Code, Drafter, Twin, numbered
from model.engine import SLOTS, Engine
from model.errors import RequestError
from model.facts import Facts, Topic
from model.precision import chosen
from model.ranking import Draft, choose, distinct
from model.request import CANDIDATES_PER_SAMPLE, Request, Result, Sample
from model.slots import fill

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
MOST_PIECES = 128  # of such a sentence; the longest line of the corpus has half of that

T = TypeVar("T")


class Writer:
    """A trained writer, ready. Calls from several threads wait for each other.

    `write`, `interpolate` and `reconstruct` answer when all is done. Whoever serves many callers
    drives `composer` with what `compose`, `homotopy` and `reconstruction` give, from one thread.
    """

    def __init__(
        self,
        bundle: Bundle,
        precision: torch.dtype = torch.float32,
        slots: int = SLOTS,
        card: str | None = None,
        device: str | None = None,
    ) -> None:
        """`device` is where to decode; all else is done where the bundle is.

        What a request plans, draws and judges is a few rows at a time, and soonest done on a CPU.
        """
        self.facts = Facts(
            name=bundle.name,
            revision=bundle.revision,
            precision=str(precision).removeprefix("torch."),
            card=card or f"This bundle has no {CARD}.\n",
            slots=slots,
            book=bundle.genres,
            topics=bundle.topics.describe(),
            temperature=bundle.serving.temperature,
        )
        decoder = bundle.cvae if device is None else deepcopy(bundle.cvae).to(device)
        self.composer = Composer(Engine(decoder, precision, slots))
        self._bundle = bundle
        self._device = bundle.cvae.bias.device
        self._drafter = Drafter(bundle)
        self._lock = Lock()

    @classmethod
    def load(
        cls,
        folder: Path | None = None,
        device: str | None = None,
        precision: str | None = None,
        slots: int = SLOTS,
    ) -> "Writer":
        """Load a bundle: the shipped one unless a folder is named; decode on the CPU unless told.

        Products are of the precision in which the device is fastest, unless one is named (float32,
        bfloat16 or int8): the text of a seed depends on it, and how well it reads next to nothing.

        Raises:
            BundleError: the folder holds no bundle that can be used; the message says why.
            PrecisionError: the device can't compute in the precision that was named.
        """
        folder = folder or SHIPPED
        bundle = Bundle.load(folder)
        card = None
        with suppress(OSError):
            card = (folder / CARD).read_text("utf-8", "replace")
        if device == "cpu":
            device = None
        wanted = chosen(precision, torch.device(device or "cpu"))
        return cls(bundle, wanted, slots, card, device)

    def write(self, requests: Sequence[Request]) -> list[Result]:
        """Answer requests, in order, decoding all of them together.

        The same seed gives the same answer whatever stands beside the request.
        """
        return self._done([self.compose(request) for request in requests])

    def interpolate(
        self, start: str, end: str, steps: int, genres: Iterable[str] = ()
    ) -> list[str]:
        """The homotopy between two sentences: what is said along the line between their codes.

        Returns `steps` sentences, the first decoded from the code of `start` and the last from that
        of `end`, each the likeliest words for its code.
        """
        return self._done([self.homotopy(start, end, steps, genres)])[0]

    def reconstruct(self, text: str, genres: Iterable[str] = ()) -> str:
        """What the decoder makes of a sentence's code."""
        return self._done([self.reconstruction(text, genres)])[0]

    def compose(self, request: Request) -> Composition[Result]:
        """One answer in the making: rounds of drafts until enough are left of them."""
        drafter, codes, drafts = self._drafter, list[Code](), list[Draft]()
        plan = drafter.plan(request, _seed(request))
        for _ in range(ROUNDS):
            if len(distinct(drafts)) >= request.num_samples:
                break
            fresh = drafter.codes(plan, len(codes))
            fit = drafter.fit_to_show(plan, (yield drafter.jobs(plan, fresh)))
            read = yield drafter.readings(plan, fit)
            drafts += numbered(drafter.judged(plan, fit, read), start=len(codes))
            codes += fresh
        chosen = choose(drafts, request.num_samples)
        twins: Sequence[Twin | None] = [None] * len(chosen)
        if request.include_unrefined:
            before = drafter.jobs(plan, [codes[draft.index] for draft in chosen], moved=False)
            with_topics = request.include_topics
            twins = drafter.twins(plan, (yield before), with_topics=with_topics)
        samples = (
            Sample(
                text=fill(draft.text, plan.song),
                score=draft.score,
                log_prob=draft.log_prob,
                topic=draft.topic,
                novelty=draft.novelty,
                latent=tuple(codes[draft.index].moved.tolist()),
                unrefined=twin.text if twin else None,
                topics=draft.topics if request.include_topics else None,
                unrefined_topics=twin.topics if twin and request.include_topics else None,
            )
            for draft, twin in zip(chosen, twins, strict=True)
        )
        return Result(plan.seed, plan.genres, tuple(samples))

    def homotopy(
        self, start: str, end: str, steps: int, genres: Iterable[str] = ()
    ) -> Composition[list[str]]:
        """`interpolate` in the making."""
        if not 2 <= steps <= MOST_STEPS:
            raise RequestError(f"steps is {steps}; it must be between 2 and {MOST_STEPS}")
        a = self._drafter.condition(self.facts.match_genres(genres))
        first, last = self._code(start, a), self._code(end, a)
        line = [first + (last - first) * (i / (steps - 1)) for i in range(steps)]
        decoded = yield self._drafter.likeliest(line, a)
        return [self._bundle.pieces.decode(row.ids) for row in decoded]

    def reconstruction(self, text: str, genres: Iterable[str] = ()) -> Composition[str]:
        """`reconstruct` in the making."""
        a = self._drafter.condition(self.facts.match_genres(genres))
        (decoded,) = yield self._drafter.likeliest([self._code(text, a)], a)
        return self._bundle.pieces.decode(decoded.ids)

    def _done(self, compositions: Sequence[Composition[T]]) -> list[T]:
        with self._lock:
            return self.composer.finish(compositions)

    def _code(self, text: str, a: Tensor) -> Tensor:
        """The mean of q(z|x, a)."""
        readable = " ".join(text[:LONGEST_TEXT].encode("utf-8", "replace").decode().split())
        if not readable:
            raise RequestError("a sentence is empty; give at least one word")
        pieces = self._bundle.pieces.encode(readable)
        if len(pieces) > MOST_PIECES:
            raise RequestError(
                f"a sentence has {len(pieces)} pieces, and {MOST_PIECES} can be encoded; shorten it"
            )
        tokens = torch.tensor([pieces], device=self._device)
        return self._bundle.cvae.encode(tokens, a[None]).mu[0]


def _seed(request: Request) -> int:
    return secrets.randbits(32) if request.seed is None else request.seed
