"""Drafts in bulk, as the writer would decode them: what the later trainings learn from."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor

from model.bundle import Bundle
from model.cvae import REGISTERS, SLOTS
from model.engine import Decoded, Engine, Job


@dataclass(frozen=True)
class Labelled:
    """Codes and the topics of what was decoded from them."""

    z: Tensor  # (rows, latent)
    a: Tensor  # (rows, condition)
    topics: Tensor  # (rows, topics)

    def __len__(self) -> int:
        return self.z.shape[0]

    def __getitem__(self, rows: Tensor) -> "Labelled":
        return Labelled(self.z[rows], self.a[rows], self.topics[rows])

    def __add__(self, other: "Labelled") -> "Labelled":
        return Labelled(
            torch.cat([self.z, other.z]),
            torch.cat([self.a, other.a]),
            torch.cat([self.topics, other.topics]),
        )


class Decoder:
    """Draws codes and decodes them as the writer would, and says what came out."""

    def __init__(self, bundle: Bundle, genres: Tensor) -> None:
        self._bundle, self._genres = bundle, genres  # genres: (lines, 1 + labels), to draw from
        self._engine = Engine(bundle.cvae)

    @torch.no_grad()
    def draw(self, count: int) -> tuple[Tensor, Tensor]:
        """z from the prior, and conditions: genres of random lines in the serving registers."""
        rows = torch.randint(self._genres.shape[0], (count,))
        registers = torch.tensor([REGISTERS.index(name) for name in self._bundle.serving.registers])
        register = registers[torch.randint(len(registers), (count,))]
        slots = torch.randint(SLOTS.index("none"), SLOTS.index("title") + 1, (count,))
        a = self._bundle.cvae.condition(self._genres[rows], register, slots)
        noise = torch.randn(count, self._bundle.cvae.config.latent)
        return self._bundle.prior.place(self._bundle.serving.spread * noise), a

    def texts(self, z: Tensor, a: Tensor, seed: int) -> list[str]:
        """One sentence for each row; row i draws with seed + i."""
        return [self._bundle.pieces.decode(row.ids) for row in self.decoded(z, a, seed)]

    def decoded(self, z: Tensor, a: Tensor, seed: int) -> list[Decoded]:
        """What the engine makes of each row; row i draws with seed + i."""
        s = self._bundle.serving
        jobs = [
            Job(
                z[i],
                a[i],
                seed + i,
                temperature=s.temperature,
                top_k=s.top_k,
                top_p=s.top_p,
                longest=s.longest,
            )
            for i in range(z.shape[0])
        ]
        with _one_thread():
            return self._engine.decode(jobs)

    def labelled(self, z: Tensor, a: Tensor, decodes: int, seed: int) -> Labelled:
        """Decode each code several times; its label is the mean of what was said."""
        rows = torch.arange(len(z)).repeat_interleave(decodes)
        topics = self._bundle.topics.mixtures(self.texts(z[rows], a[rows], seed))
        return Labelled(z, a, topics.view(len(z), decodes, -1).mean(1))


@contextmanager
def _one_thread() -> Iterator[None]:
    """The products of a step are so small that threads would mostly wait for one another."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
