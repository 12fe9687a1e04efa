"""What can be set about a training. The defaults are the short recipe's."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from model.corpus.lines import ORIGINALS
from model.corpus.ratings import RATINGS
from model.cvae import CVAEConfig

Accelerator = Literal["auto", "cpu", "cuda", "mps"]


@dataclass(frozen=True)
class CVAETraining:
    """How the CVAE learns."""

    epochs: int = 8  # passes over the training lines
    first_epochs: int = 1  # of these the first, which read one register alone
    first_register: str = "clear"  # the register that they read
    whole: tuple[str, ...] = ("clear", "witty")  # registers that each later pass reads whole
    other_share: float = 0.3  # share of the other registers' lines that it reads
    batch: int = 32  # sentences, all of one length
    rate: float = 2e-3  # peak learning rate of AdamW
    floor: float = 0.02  # last learning rate, as a share of the peak
    warmup_steps: int = 200  # steps over which the rate rises
    weight_decay: float = 1e-4
    clip: float = 1.0  # norm of the gradient of the loss per token
    beta_start: float = 0.05  # first weight of the KL term (0 lets it run away)
    beta_share: float = 0.3  # share of the training over which the weight rises to 1
    free_bits: float = 7.0  # nats of KL that cost nothing, shared evenly by the dimensions
    noise: float = 0.1  # share of pieces replaced at the encoder's input
    bf16: bool | None = None  # mixed precision; None: where this machine multiplies faster in it
    drop_genres: float = 0.15  # chance that a sentence's genres are all hidden
    drop_genre: float = 0.1  # chance that one of several genres is hidden
    drop_voice: float = 0.1  # chance that register or slots are hidden


@dataclass(frozen=True)
class Recipe:
    """The sizes of a CVAE, and how one of these sizes learns."""

    sizes: CVAEConfig
    cvae: CVAETraining


RecipeName = Literal["short", "long"]
RECIPES: dict[RecipeName, Recipe] = {
    # For two CPU cores: less than an hour and a half, all trainings together.
    "short": Recipe(CVAEConfig(), CVAETraining()),
    # For a GPU. So small a network keeps it waiting for its next launch rather than for products:
    # larger batches cost nothing, half precision gains nothing. So many passes want more dropout.
    "long": Recipe(
        CVAEConfig(weight_dropout=0.25),
        CVAETraining(epochs=32, batch=128, rate=3e-3, beta_share=0.15, bf16=False),
    ),
}


@dataclass(frozen=True)
class FinishTraining:
    """The last passes of the CVAE, over the lines that readers like best."""

    share: float = 0.3  # of the served registers' lines
    others: float = 0.03  # share of all lines that each pass reads beside them
    passes: int = 3
    batch: int = 64
    rate: float = 5e-4
    warmup_steps: int = 100


@dataclass(frozen=True)
class Stopping:
    """When the CVAE stops before its last epoch. May change while a training is interrupted."""

    patience: int = 3  # epochs at full beta without a better validation loss
    full_epochs: int = 2  # whole epochs at full beta after which a collapse is called one
    active: float = 0.5  # least share of the latent dimensions in use
    information: float = 1.0  # least mutual information of sentence and z, nats


@dataclass(frozen=True)
class TopicTraining:
    """How the topics are found."""

    counts: tuple[int, ...] = (2, 3)  # numbers of topics tried; coherence decides
    iterations: int = 200  # Gibbs sweeps
    minimum: int = 15  # lines a word must stand in
    common: float = 0.08  # a word in more than this share of lines says nothing


@dataclass(frozen=True)
class LCGANTraining:
    """How the latent constraints are learnt."""

    codes: int = 3500  # codes that D learns from
    decodes: int = 3  # sentences decoded from each, whose mean topics D is to foresee
    held_out: float = 0.2  # share of the codes that only measures D
    epochs: int = 40  # at most, over the labelled decodes
    batch: int = 128
    rate: float = 1e-3  # of D alone; a tenth of it beside G
    actor_rate: float = 2e-4  # of G, slow enough that D keeps up
    rounds: int = 500  # rounds of M steps of D and one of G
    critic_steps: int = 10  # M, steps of D in a round (paper: M >> N = 1)
    relabel_every: int = 25  # rounds after which what G now does is decoded and labelled
    relabel: int = 384  # codes in each relabelling
    guarded: int = 768  # codes by which the guard judges
    reaches: tuple[float, ...] = (1.3, 1.2, 1.1)  # tried in turn when G has learnt
    most_copied: float = 0.0  # share of 4-grams copied beyond before G, above which G is not kept
    least_diversity: float = 0.93  # of distinct-2 before G, below which G is taken back
    realism: float = 0.3  # weight of log D_real(z') beside the topic's
    penalty: float = 0.7  # weight of log(1 + (z' - z)^2), doubled each time G is taken back


@dataclass(frozen=True)
class TrainingConfig:
    """A whole training, from text to bundle."""

    output: Path  # folder for checkpoint, logs, report and the bundle
    corpus: Path = ORIGINALS  # folder of JSON Lines
    ratings: Path = RATINGS  # folders of JSON Lines: what readers said
    also: tuple[Path, ...] = ()  # folders of more lines to train on, never measured on
    name: str = "originals"  # the writer's name in answers and logs
    seed: int = 2018
    minutes: float | None = None  # wall-clock for the CVAE; fewer epochs if these do not fit
    threads: int | None = None  # torch threads of all processes together; None: one per core
    accelerator: Accelerator = "auto"  # auto: the fastest there is
    devices: int = 1  # processes among which every batch of the CVAE is shared, one a device
    pieces: int = 4096  # size of the vocabulary
    sizes: CVAEConfig = field(default_factory=CVAEConfig)  # vocabulary and genres: from the text
    evaluated: int = 1000  # sentences drawn for the report
    cvae: CVAETraining = field(default_factory=CVAETraining)
    finish: FinishTraining = field(default_factory=FinishTraining)
    stopping: Stopping = field(default_factory=Stopping)
    topics: TopicTraining = field(default_factory=TopicTraining)
    lcgan: LCGANTraining = field(default_factory=LCGANTraining)
