"""From a request to drafts: decide what its drafts share, draw codes, and judge what was decoded.

What a draft becomes depends on the request's seed and the draft's number alone, however many
requests are decoded beside it. Decoding itself is left to an engine: here are the jobs for it, and
what their outcome means.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import TypeVar

import torch
from torch import Tensor

from model import blocklist
from model.bundle import Bundle
from model.corpus.families import family
from model.corpus.genres import GenreMatch
from model.cvae import REGISTERS, SLOTS, multi_hot
from model.engine import Decoded, Job
from model.ranking import Draft, is_sentence
from model.request import Request, drafts_wanted
from model.rowwise import Rowwise
from model.sampling import mix, normal
from model.slots import Song, fill, stands_for_several, tidy
from model.taste import FEATURES, Taster

# Which slots the drafts ask for, in turn, by whether the song has an artist and a title.
_TURNS = {
    (False, False): ("none",),
    (True, False): ("artist", "none"),
    (False, True): ("title", "none"),
    (True, True): ("title", "artist", "none", "title"),
}
CONDITIONS_KEPT = 1024  # songs of an artist, and drafts asked for again, are of the same genres
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
    reading: Tensor  # the a that drafts are read with to be judged

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


@dataclass(frozen=True)
class Sentence:
    """A decoded row that may be shown, slots unfilled."""

    index: int  # among its request's drafts
    text: str
    row: Decoded


@dataclass(frozen=True)
class Twin:
    """What a draft's code said before the LC-GAN moved it."""

    text: str
    topics: tuple[float, ...]


class Drafter:
    """What one bundle puts into rows to be decoded, and what it makes of them."""

    def __init__(self, bundle: Bundle) -> None:
        self._bundle = bundle
        self._device = bundle.cvae.bias.device
        self._taster = Taster(bundle.cvae, bundle.prior)
        sizes, spread = bundle.cvae.config, bundle.serving.spread

        def code(noise: Tensor, a: Tensor, strength: Tensor) -> Tensor:
            z = bundle.prior.place(spread * noise)
            return torch.cat([z, bundle.lcgan.actor(z, a, strength)], dim=1)

        self._code = Rowwise(code, sizes.latent, sizes.condition, 1, device=self._device)
        self._blocked = blocklist.standard()
        self._label_index = {label: i for i, label in enumerate(bundle.genres.labels)}
        self._families = [family(label) for label in bundle.genres.labels]
        self._conditions = lru_cache(CONDITIONS_KEPT)(self._make_conditions)
        self._kin = lru_cache(CONDITIONS_KEPT)(self._make_kin)

    def plan(self, request: Request, seed: int) -> Plan:
        """Decide what the drafts of a request have in common."""
        genres = self._bundle.genres.match(request.genres)
        artist = self._printable(request.artist)
        if artist and stands_for_several(artist):
            artist = None
        song = Song(artist, self._printable(request.title))
        turns = _TURNS[song.artist is not None, song.title is not None]
        registers = self._bundle.serving.registers
        voices = list(product(dict.fromkeys(registers), dict.fromkeys(turns)))
        labels = self._indices(genres)
        *conditions, reading = self._conditions(labels, (*voices, (registers[0], SLOTS[0])))
        return Plan(
            request=request,
            seed=seed,
            genres=genres,
            labels=labels,
            kin=self._kin(labels),
            song=song,
            registers=registers,
            turns=turns,
            conditions=dict(zip(voices, conditions, strict=True)),
            reading=reading,
        )

    def condition(
        self, genres: GenreMatch, register: str = REGISTERS[0], slots: str = SLOTS[0]
    ) -> Tensor:
        """a for genres, a register and slots; the latter two unknown unless told."""
        return self._conditions(self._indices(genres), ((register, slots),))[0]

    def codes(self, plan: Plan, drawn: int) -> list[Code]:
        """The next codes of a plan, of which so many are drawn already."""
        numbers = range(drawn, drawn + plan.candidates)
        seeds = mix(mix(torch.tensor([plan.seed])) + torch.tensor(numbers)).to(self._device)
        a = torch.stack([plan.condition(number) for number in numbers])
        strength = a.new_full((len(numbers), 1), _strength(plan.request))
        latent = self._bundle.cvae.config.latent
        z, moved = torch.split(self._code(normal(seeds, latent), a, strength), latent, dim=1)
        return [Code(*row) for row in zip(z, moved, a, seeds.tolist(), strict=True)]

    def jobs(self, plan: Plan, codes: Sequence[Code], *, moved: bool = True) -> list[Job]:
        """The rows that draw a sentence for each code, from where the LC-GAN moved z or before."""
        request, serving = plan.request, self._bundle.serving
        return [
            Job(
                z=code.moved if moved else code.z,
                a=code.a,
                seed=code.seed,
                temperature=_default(request.temperature, serving.temperature),
                top_k=_default(request.top_k, serving.top_k),
                top_p=_default(request.top_p, serving.top_p),
                longest=serving.longest,
                forbidden=self._forbidden(plan.song),
            )
            for code in codes
        ]

    def fit_to_show(self, plan: Plan, decoded: Sequence[Decoded]) -> list[Sentence]:
        """The decoded rows that are sentences and may leave the house."""
        return [
            Sentence(i, text, row)
            for i, (text, row) in enumerate(zip(self._texts(decoded), decoded, strict=True))
            if row.ended and self._is_sentence(text) and self._may_leave(text, plan.song)
        ]

    def readings(self, plan: Plan, sentences: Sequence[Sentence]) -> list[Job]:
        """The rows that read sentences to be judged."""
        return self._taster.readings([each.row.ids for each in sentences], plan.reading)

    def readings_of(self, sentences: Sequence[Sequence[int]], genres: GenreMatch) -> list[Job]:
        """The rows that read sentences, whoever wrote them, for `features`."""
        a = self.condition(genres, self._bundle.serving.registers[0])
        return self._taster.readings(sentences, a)

    def features(self, read: Sequence[Decoded], texts: Sequence[str], genres: GenreMatch) -> Tensor:
        """What tastes judge sentences by that were read for the same genres (`model.taste`)."""
        fits = self._bundle.probe.hear([row.ids for row in read]).fit(self._indices(genres))
        return self._taster.features(read, texts, fits)

    def judged(
        self, plan: Plan, sentences: Sequence[Sentence], read: Sequence[Decoded]
    ) -> list[Draft]:
        """The drafts that sentences are, once they have been read; numbered as they are."""
        if not sentences:
            return []
        texts = [sentence.text for sentence in sentences]
        heard = self._bundle.probe.hear([row.ids for row in read])
        features = self._taster.features(read, texts, heard.fit(plan.labels))
        return [
            Draft(
                index=sentence.index,
                text=sentence.text,
                log_prob=sum(sentence.row.log_probs) / len(sentence.row.log_probs),
                topic=mixture[self._bundle.topics.favoured],
                topics=tuple(mixture),
                sense=sense,
                delight=delight,
                novelty=self._bundle.copies.novelty(sentence.text),
                genre=genre,
                family=kinship,
            )
            for sentence, mixture, sense, delight, genre, kinship in zip(
                sentences,
                self._bundle.topics.mixtures(texts).tolist(),
                self._bundle.sense.rate(features).tolist(),
                self._bundle.delight.rate(features).tolist(),
                features[:, FEATURES.index("genre")].tolist(),
                heard.kinship(plan.kin).tolist(),
                strict=True,
            )
        ]

    def twins(
        self, plan: Plan, decoded: Sequence[Decoded], *, with_topics: bool
    ) -> list[Twin | None]:
        """What was decoded from before the LC-GAN; None for one that may not leave the house."""
        texts = self._texts(decoded)
        mixtures = (
            self._bundle.topics.mixtures(texts).tolist() if with_topics else [()] * len(texts)
        )
        return [
            Twin(fill(text, plan.song), tuple(mixture))
            if self._may_leave(text, plan.song)
            else None
            for text, mixture in zip(texts, mixtures, strict=True)
        ]

    def likeliest(self, codes: Sequence[Tensor], a: Tensor) -> list[Job]:
        """The rows that say the likeliest words for codes of one condition, no slot among them."""
        longest, forbidden = self._bundle.serving.longest, self._forbidden(Song())
        return [Job(z, a, temperature=0.0, longest=longest, forbidden=forbidden) for z in codes]

    @torch.inference_mode()
    def _make_conditions(
        self, labels: tuple[int, ...], voices: tuple[tuple[str, str], ...]
    ) -> tuple[Tensor, ...]:
        """a for genres with each of some registers and slots."""
        hot = multi_hot([labels], len(self._label_index)).expand(len(voices), -1)
        rows = (
            hot,
            torch.tensor([REGISTERS.index(register) for register, _ in voices]),
            torch.tensor([SLOTS.index(slots) for _, slots in voices]),
        )
        # No more need be done about company: the rows are those of one request.
        whole: Tensor = self._bundle.cvae.condition(*(values.to(self._device) for values in rows))
        return tuple(whole)

    def _texts(self, decoded: Sequence[Decoded]) -> list[str]:
        return [self._bundle.pieces.decode(row.ids) for row in decoded]

    def _indices(self, genres: GenreMatch) -> tuple[int, ...]:
        return tuple(self._label_index[label] for label in genres.labels)

    def _make_kin(self, labels: tuple[int, ...]) -> Tensor:
        families = {self._families[label] for label in labels}
        return torch.tensor([each in families for each in self._families])

    def _printable(self, name: str | None) -> str | None:
        """A name as it may be printed; None where it holds a blocked word."""
        tidied = tidy(name)
        return None if tidied is None or self._blocked.found(tidied) else tidied

    def _forbidden(self, song: Song) -> tuple[int, ...]:
        """The slots for which the song has no name."""
        pieces = self._bundle.pieces
        artist = () if song.artist else pieces.artist_ids
        return artist + (() if song.title else pieces.title_ids)

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


def _default(value: _Value | None, default: _Value) -> _Value:
    return default if value is None else value
