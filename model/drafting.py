"""From a request to drafts: decide what its drafts share, draw codes, decode, and judge.

What a draft becomes depends on the request's seed and the draft's number alone, however many
requests are decoded beside it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeVar

import torch
from torch import Tensor

from model import blocklist
from model.blocks import block_for, blockwise
from model.bundle import Bundle
from model.corpus.families import family
from model.corpus.genres import GenreMatch
from model.cvae import REGISTERS, SLOTS, multi_hot
from model.engine import Decoded, Engine, Job
from model.ranking import Draft, is_sentence
from model.request import Request, drafts_wanted
from model.sampling import mix, normal
from model.slots import Song, fill, tidy
from model.taste import FEATURES, Taster

# Which slots the drafts ask for, in turn, by whether the song has an artist and a title.
_TURNS = {
    (False, False): ("none",),
    (True, False): ("artist", "none"),
    (False, True): ("title", "none"),
    (True, True): ("title", "artist", "none", "title"),
}
_Value = TypeVar("_Value")


@dataclass(frozen=True)
class Plan:
    """A request with everything decided that its drafts have in common."""

    request: Request
    seed: int
    genres: GenreMatch
    labels: tuple[int, ...]
    kin: Tensor  # (labels,): which are of the family of one of them
    song: Song
    registers: tuple[str, ...]  # the voices that the drafts ask for, in turn
    turns: tuple[str, ...]  # the slots that the drafts ask for, in turn
    conditions: dict[tuple[str, str], Tensor]  # register and slots asked for -> a

    @property
    def candidates(self) -> int:
        """How many drafts are made at a time."""
        return drafts_wanted(self.request)

    def condition(self, number: int) -> Tensor:
        """The condition of a draft by its number."""
        # Another voice for each round of slots, so that every voice meets every slot.
        register = self.registers[number // len(self.turns) % len(self.registers)]
        return self.conditions[register, self.turns[number % len(self.turns)]]


@dataclass(frozen=True)
class Code:
    """What a draft is decoded from and, beside it, where z was before the LC-GAN."""

    z: Tensor
    moved: Tensor
    a: Tensor
    seed: int


class Drafter:
    """Makes drafts with one bundle. Not for use by two threads at once."""

    def __init__(self, bundle: Bundle, device: torch.device) -> None:
        self._bundle = bundle
        self._device = device
        self._block = block_for(device)
        self._engine = Engine(bundle.cvae)
        self._taster = Taster(bundle.cvae, bundle.prior, self._engine.steps)
        self._blocked = blocklist.standard()
        self._label_index = {label: i for i, label in enumerate(bundle.genres.labels)}

    def plan(self, request: Request, seed: int) -> Plan:
        """Decide what the drafts of a request have in common."""
        genres = self._bundle.genres.match(request.genres)
        song = Song(self._printable(request.artist), self._printable(request.title))
        turns = _TURNS[song.artist is not None, song.title is not None]
        registers = self._bundle.serving.registers
        return Plan(
            request=request,
            seed=seed,
            genres=genres,
            labels=self._indices(genres),
            kin=self._kin(genres),
            song=song,
            registers=registers,
            turns=turns,
            conditions={
                (register, slots): self.condition(genres, register, slots)
                for register, slots in product(dict.fromkeys(registers), dict.fromkeys(turns))
            },
        )

    def condition(
        self, genres: GenreMatch, register: str = REGISTERS[0], slots: str = SLOTS[0]
    ) -> Tensor:
        """a for genres, a register and slots; the latter two unknown unless told."""
        rows = (
            multi_hot([self._indices(genres)], len(self._label_index)),
            torch.tensor([REGISTERS.index(register)]),
            torch.tensor([SLOTS.index(slots)]),
        )
        on_device = (values.to(self._device) for values in rows)
        return blockwise(self._bundle.cvae.condition, self._block, *on_device)[0]

    def codes(self, plans: Sequence[Plan], drawn: Sequence[int]) -> list[list[Code]]:
        """The next codes of each plan, of which so many are drawn already."""
        rows = [
            (which, number)
            for which, plan in enumerate(plans)
            for number in range(drawn[which], drawn[which] + plan.candidates)
        ]
        seeds = mix(_column(plans[which].seed for which, _ in rows))
        seeds = mix(seeds + _column(number for _, number in rows)).to(self._device)
        a = torch.stack([plans[which].condition(number) for which, number in rows])
        strength = torch.tensor([[_strength(plans[which].request)] for which, _ in rows])
        width = self._bundle.cvae.config.latent
        spread, place = self._bundle.serving.spread, self._bundle.prior.place
        z = blockwise(lambda key: place(spread * normal(key, width)), self._block, seeds)
        moved = blockwise(self._bundle.lcgan.actor, self._block, z, a, strength.to(self._device))
        codes: list[list[Code]] = [[] for _ in plans]
        for i, (which, _) in enumerate(rows):
            codes[which].append(Code(z[i], moved[i], a[i], int(seeds[i])))
        return codes

    def features(
        self, sentences: Sequence[Sequence[int]], texts: Sequence[str], genres: GenreMatch
    ) -> Tensor:
        """What tastes judge sentences by that were written for the same genres (`model.taste`)."""
        a = self.condition(genres, self._bundle.serving.registers[0]).expand(len(texts), -1)
        labels = self._indices(genres)
        fits = [self._bundle.probe.fit_of(pieces, labels) for pieces in sentences]
        return self._taster.features(sentences, texts, a, fits)

    def drafts(self, plans: Sequence[Plan], codes: Sequence[Sequence[Code]]) -> list[list[Draft]]:
        """Decode codes; the drafts that may be shown, by plan, numbered from 0."""
        jobs = [
            self._job(plan, code, code.moved)
            for plan, many in zip(plans, codes, strict=True)
            for code in many
        ]
        decoded = iter(self._engine.decode(jobs))
        return [
            self._fit_drafts(plan, [next(decoded) for _ in many])
            for plan, many in zip(plans, codes, strict=True)
        ]

    def unrefined(self, plan: Plan, codes: Sequence[Code]) -> list[str | None]:
        """The twins from before the LC-GAN; None for one that may not leave the house."""
        decoded = self._engine.decode([self._job(plan, code, code.z) for code in codes])
        texts = [self._bundle.pieces.decode(row.ids) for row in decoded]
        return [
            fill(text, plan.song) if self._may_leave(text, plan.song) else None for text in texts
        ]

    def likeliest(self, codes: Sequence[Tensor], a: Tensor) -> list[str]:
        """The likeliest words for codes under one condition, no slot among them."""
        jobs = [
            Job(
                z,
                a,
                seed=0,
                temperature=0.0,
                longest=self._bundle.serving.longest,
                forbidden=self._forbidden(Song()),
            )
            for z in codes
        ]
        return [self._bundle.pieces.decode(row.ids) for row in self._engine.decode(jobs)]

    def _indices(self, genres: GenreMatch) -> tuple[int, ...]:
        return tuple(self._label_index[label] for label in genres.labels)

    def _kin(self, genres: GenreMatch) -> Tensor:
        families = {family(label) for label in genres.labels}
        return torch.tensor([family(label) in families for label in self._label_index])

    def _printable(self, name: str | None) -> str | None:
        """A name as it may be printed; None where it holds a blocked word."""
        tidied = tidy(name)
        return None if tidied is None or self._blocked.found(tidied) else tidied

    def _job(self, plan: Plan, code: Code, z: Tensor) -> Job:
        request, serving = plan.request, self._bundle.serving
        return Job(
            z=z,
            a=code.a,
            seed=code.seed,
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

    def _fit_drafts(self, plan: Plan, decoded: Sequence[Decoded]) -> list[Draft]:
        texts = [self._bundle.pieces.decode(row.ids) for row in decoded]
        fit = [
            i
            for i, text in enumerate(texts)
            if decoded[i].ended and self._is_sentence(text) and self._may_leave(text, plan.song)
        ]
        sentences = [decoded[i].ids for i in fit]
        features = self.features(sentences, [texts[i] for i in fit], plan.genres)
        return [
            Draft(
                index=i,
                text=texts[i],
                log_prob=sum(decoded[i].log_probs) / len(decoded[i].log_probs),
                topic=topic,
                sense=sense,
                delight=delight,
                novelty=self._bundle.copies.novelty(texts[i]),
                genre=genre,
                family=self._bundle.probe.kinship(decoded[i].ids, plan.kin),
            )
            for i, topic, sense, delight, genre in zip(
                fit,
                self._bundle.topics.favour([texts[i] for i in fit]),
                self._bundle.sense.rate(features).tolist(),
                self._bundle.delight.rate(features).tolist(),
                features[:, FEATURES.index("genre")].tolist(),
                strict=True,
            )
        ]

    def _is_sentence(self, text: str) -> bool:
        return is_sentence(text) and not self._bundle.copies.coins(text)

    def _may_leave(self, text: str, song: Song) -> bool:
        """Whether a text neither quotes the training text nor holds a blocked word."""
        quoted = self._bundle.copies.quotes(text)
        return not quoted and self._blocked.found(fill(text, song)) is None


def numbered(drafts: Iterable[Draft], start: int) -> list[Draft]:
    """Drafts of a later round, numbered on from those before."""
    return [replace(draft, index=start + draft.index) for draft in drafts]


def _strength(request: Request) -> float:
    return request.strength if request.refine else 0.0


def _column(values: Iterable[int]) -> Tensor:
    return torch.tensor(list(values), dtype=torch.int64)


def _default(value: _Value | None, default: _Value) -> _Value:
    return default if value is None else value
