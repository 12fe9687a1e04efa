"""How much an evaluation looks at. Every default is what the published figures used."""

from dataclasses import dataclass, replace
from pathlib import Path

from model.corpus.lines import ORIGINALS


@dataclass(frozen=True)
class EvaluationSettings:
    """The sizes of an evaluation."""

    corpus: Path = ORIGINALS  # folder of JSON Lines with the writer's own splits
    seed: int = 2018
    threads: int | None = None  # torch threads; None: one per core
    most_test: int | None = None  # test lines read; None: all
    most_train: int | None = None  # train lines that the judges learn from; None: all

    importance: int = 500  # importance samples for each of `importance_sentences`
    importance_sentences: int = 600
    importance_all: int = 50  # importance samples for each sentence of the test split

    drafts: int = 20_000  # unranked drafts, before and after the LC-GAN
    judged: int = 2000  # of these, what the slower measures read
    taught: int = 40_000  # train lines from which the genre probe learns
    control: int = 1000  # codes of each seed for the LC-GAN's figures
    control_seeds: int = 3
    decodes: int = 3  # sentences for each code whose mean topic D is to foresee
    served: int = 1000  # sentences from the writer's own door
    shown: int = 100  # uncurated samples on the page
    twins: int = 25  # pairs of drafts before and after G on the page

    homotopies: int = 60  # lines between two test sentences
    steps: int = 7  # sentences on each
    codes: int = 8000  # codes of real lines for the aggregated posterior
    components: int = 32  # Gaussians of the learned prior
    prior: int = 5000  # drafts from each prior that is compared

    language_model: Path | None = None  # one that an evaluation kept; None: trained, as below
    language_model_epochs: int | None = None  # None: as many as the writer's own training
    language_model_minutes: float | None = None  # fewer epochs where these do not fit

    def quick(self) -> "EvaluationSettings":
        """A smoke of every measure: seconds, and figures that mean nothing."""
        return replace(
            self,
            most_test=40,
            most_train=1500,
            importance=4,
            importance_sentences=8,
            importance_all=2,
            drafts=120,
            judged=40,
            control=24,
            control_seeds=2,
            served=20,
            shown=10,
            twins=5,
            homotopies=3,
            codes=200,
            components=2,
            prior=40,
            language_model_epochs=1,
        )
