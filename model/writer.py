"""The one door to the model: genres and a song in, ranked sentences out.

For each request the writer draws more drafts than were asked for, all requests' drafts in one
batch; drops what is no good sentence, quotes the training text, or holds a blocked word; ranks the
rest and returns the best that are not alike. If too few are left it draws again, a few times, so an
answer is short only in the extreme. What a request gets depends on the request alone: every draft
has its own seed, made of the request's seed and its number.
"""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Lock
from typing import TypeVar

import torch
from torch import Tensor

from model import blocklist
from model.blocks import block_for, blockwise
from model.bundle import SHIPPED, Bundle
from model.corpus.genres import GenreMatch
from model.cvae import REGISTERS, SLOTS, multi_hot
from model.engine import Decoded, Engine, Job
from model.errors import RequestError
from model.ranking import Draft, choose, distinct, is_sentence
from model.request import MOST_CANDIDATES, Request, Result, Sample
from model.sampling import mix, normal
from model.slots import Song, fill, tidy
from model.topics import Topic

__all__ = ["GenreMatch", "Request", "Result", "Sample", "Topic", "Writer"]

CANDIDATES_PER_SAMPLE = 4
ROUNDS = 4  # times that drafts are drawn before an answer is short
MOST_STEPS = 64
LONGEST_TEXT = 1000  # characters of a sentence to be encoded

_Value = TypeVar("_Value")

# Which slots the drafts ask for, in turn, by the names that the song has.
_TURNS = {
    (False, False): ("none",),
    (True, False): ("artist", "none"),
    (False, True): ("title", "none"),
    (True, True): ("title", "artist", "none", "title"),
}


@dataclass(frozen=True)
class _Plan:
    """A request with everything decided that its drafts have in common."""

    request: Request
    seed: int
    genres: GenreMatch
    labels: tuple[int, ...]
    song: Song
    turns: tuple[str, ...]  # the slots that the drafts ask for, in turn
    a: dict[str, Tensor]  # slots asked for -> condition


@dataclass(frozen=True)
class _Coded:
    """A draft's code: what is decoded and, beside it, where z was before the LC-GAN."""

    z: Tensor
    moved: Tensor
    a: Tensor
    seed: int


class Writer:
    """A trained writer, ready. Calls from several threads wait for each other."""

    def __init__(self, bundle: Bundle, device: str | torch.device = "cpu") -> None:
        self.name = bundle.name
        self.revision = bundle.revision
        self.genres = bundle.genres.labels
        self.topics: tuple[Topic, ...] = bundle.topics.describe()
        self._bundle = bundle
        self._device = torch.device(device)
        self._block = block_for(self._device)
        self._engine = Engine(bundle.cvae)
        self._blocked = blocklist.standard()
        self._label_index = {label: i for i, label in enumerate(self.genres)}
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
        """Answer requests, in order, decoding all of them together."""
        plans = [self._plan(request) for request in requests]
        codes: list[list[_Coded]] = [[] for _ in plans]
        drafts: list[list[Draft]] = [[] for _ in plans]
        with self._lock:
            for _ in range(ROUNDS):
                wanting = [i for i, p in enumerate(plans) if not _enough(p.request, drafts[i])]
                if not wanting:
                    break
                fresh = self._codes([(plans[i], len(codes[i])) for i in wanting])
                for i, coded, found in zip(
                    wanting, fresh, self._drafts([plans[i] for i in wanting], fresh), strict=True
                ):
                    start = len(codes[i])
                    codes[i] += coded
                    drafts[i] += [replace(d, index=start + d.index) for d in found]
            return [self._result(plan, drafts[i], codes[i]) for i, plan in enumerate(plans)]

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
        a = self._neutral(genres)
        first, last = self._code(start, a), self._code(end, a)
        line = [first + (last - first) * (i / (steps - 1)) for i in range(steps)]
        return self._likeliest(line, a)

    @torch.inference_mode()
    def reconstruct(self, text: str, genres: Iterable[str] = ()) -> str:
        """What the decoder makes of a sentence's code."""
        a = self._neutral(genres)
        return self._likeliest([self._code(text, a)], a)[0]

    def _plan(self, request: Request) -> _Plan:
        genres = self.match_genres(request.genres)
        labels = tuple(self._label_index[label] for label in genres.labels)
        song = Song(self._printable(request.artist), self._printable(request.title))
        turns = _TURNS[song.artist is not None, song.title is not None]
        seed = secrets.randbits(32) if request.seed is None else request.seed
        register = self._bundle.serving.register
        a = {slots: self._condition(labels, register, slots) for slots in dict.fromkeys(turns)}
        return _Plan(request, seed, genres, labels, song, turns, a)

    def _printable(self, name: str | None) -> str | None:
        """A name as it may be printed; None where it holds a blocked word."""
        tidied = tidy(name)
        return None if tidied is None or self._blocked.found(tidied) else tidied

    def _condition(self, labels: Sequence[int], register: str, slots: str) -> Tensor:
        rows = (
            multi_hot([labels], len(self.genres)),
            torch.tensor([REGISTERS.index(register)]),
            torch.tensor([SLOTS.index(slots)]),
        )
        on_device = (values.to(self._device) for values in rows)
        return blockwise(self._bundle.cvae.condition, self._block, *on_device)[0]

    def _codes(self, wanted: Sequence[tuple[_Plan, int]]) -> list[list[_Coded]]:
        """The next drafts' codes of each plan, of which some are drawn already."""
        rows = [
            (which, plan.a[plan.turns[number % len(plan.turns)]], number, plan)
            for which, (plan, drawn) in enumerate(wanted)
            for number in range(drawn, drawn + _candidates(plan.request))
        ]
        seeds = mix(
            mix(_column(plan.seed for *_, plan in rows)) + _column(n for _, _, n, _ in rows)
        )
        seeds = seeds.to(self._device)
        a = torch.stack([row[1] for row in rows])
        z = blockwise(lambda key: normal(key, self._bundle.cvae.config.latent), self._block, seeds)
        z = self._bundle.serving.spread * z
        strength = torch.tensor([[_strength(plan.request)] for *_, plan in rows])
        moved = blockwise(self._bundle.lcgan.actor, self._block, z, a, strength.to(self._device))
        codes: list[list[_Coded]] = [[] for _ in wanted]
        for i, (which, *_) in enumerate(rows):
            codes[which].append(_Coded(z[i], moved[i], a[i], int(seeds[i])))
        return codes

    def _drafts(
        self, plans: Sequence[_Plan], codes: Sequence[Sequence[_Coded]]
    ) -> list[list[Draft]]:
        """Decode codes; the drafts that may be shown, by plan."""
        jobs = [
            self._job(plan, coded, coded.moved)
            for plan, many in zip(plans, codes, strict=True)
            for coded in many
        ]
        decoded = iter(self._engine.decode(jobs))
        return [
            self._fit_drafts(plan, [next(decoded) for _ in many])
            for plan, many in zip(plans, codes, strict=True)
        ]

    def _job(self, plan: _Plan, coded: _Coded, z: Tensor) -> Job:
        request, serving = plan.request, self._bundle.serving
        return Job(
            z=z,
            a=coded.a,
            seed=coded.seed,
            temperature=_default(request.temperature, serving.temperature),
            top_k=_default(request.top_k, serving.top_k),
            top_p=_default(request.top_p, serving.top_p),
            longest=serving.longest,
            forbidden=self._forbidden(plan.song),
        )

    def _forbidden(self, song: Song) -> tuple[int, ...]:
        """The slots for which the song has no name."""
        pieces = self._bundle.pieces
        artist = () if song.artist else pieces.artist_ids
        return artist + (() if song.title else pieces.title_ids)

    def _fit_drafts(self, plan: _Plan, decoded: Sequence[Decoded]) -> list[Draft]:
        texts = [self._bundle.pieces.decode(row.ids) for row in decoded]
        fit = [
            i
            for i, text in enumerate(texts)
            if decoded[i].ended and self._may_show(text, plan.song)
        ]
        topics = self._bundle.topics.favour([texts[i] for i in fit])
        return [
            Draft(
                index=i,
                text=texts[i],
                log_prob=sum(decoded[i].log_probs) / len(decoded[i].log_probs),
                topic=topic,
                novelty=self._bundle.copies.novelty(texts[i]),
                genre=self._bundle.probe.fit_of(decoded[i].ids, plan.labels),
            )
            for i, topic in zip(fit, topics, strict=True)
        ]

    def _may_show(self, text: str, song: Song) -> bool:
        return (
            is_sentence(text)
            and not self._bundle.copies.quotes(text)
            and self._blocked.found(fill(text, song)) is None
        )

    def _result(self, plan: _Plan, drafts: Sequence[Draft], codes: Sequence[_Coded]) -> Result:
        chosen = choose(drafts, plan.request.num_samples)
        unrefined: Sequence[str | None] = [None] * len(chosen)
        if plan.request.include_unrefined:
            unrefined = self._unrefined(plan, [codes[draft.index] for draft in chosen])
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

    def _unrefined(self, plan: _Plan, codes: Sequence[_Coded]) -> list[str | None]:
        """The twins from before the LC-GAN; None for one that may not leave the house."""
        decoded = self._engine.decode([self._job(plan, coded, coded.z) for coded in codes])
        texts = [self._bundle.pieces.decode(row.ids) for row in decoded]
        return [
            None
            if self._bundle.copies.quotes(text) or self._blocked.found(fill(text, plan.song))
            else fill(text, plan.song)
            for text in texts
        ]

    def _neutral(self, genres: Iterable[str]) -> Tensor:
        """The condition for text that is given rather than asked for: no register, no slots."""
        labels = [self._label_index[label] for label in self.match_genres(genres).labels]
        return self._condition(labels, REGISTERS[0], SLOTS[0])

    def _code(self, text: str, a: Tensor) -> Tensor:
        """The mean of q(z|x, a)."""
        ids = self._bundle.pieces.encode(" ".join(text[:LONGEST_TEXT].split()))
        if not ids:
            raise RequestError("a sentence is empty; give at least one word")
        tokens = torch.tensor([ids], device=self._device)
        return self._bundle.cvae.encode(tokens, a[None]).mu[0]

    def _likeliest(self, codes: Sequence[Tensor], a: Tensor) -> list[str]:
        forbidden = self._forbidden(Song())
        longest = self._bundle.serving.longest
        jobs = [
            Job(z, a, seed=0, temperature=0.0, longest=longest, forbidden=forbidden) for z in codes
        ]
        with self._lock:
            decoded = self._engine.decode(jobs)
        return [self._bundle.pieces.decode(row.ids) for row in decoded]


def _candidates(request: Request) -> int:
    wanted = request.candidates or CANDIDATES_PER_SAMPLE * request.num_samples
    return min(wanted, MOST_CANDIDATES)


def _strength(request: Request) -> float:
    return request.strength if request.refine else 0.0


def _enough(request: Request, drafts: Sequence[Draft]) -> bool:
    return len(distinct(drafts)) >= request.num_samples


def _column(values: Iterable[int]) -> Tensor:
    return torch.tensor(list(values), dtype=torch.int64)


def _default(value: _Value | None, default: _Value) -> _Value:
    return default if value is None else value
