"""The inference service's contract: what callers send and get back."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field
from pydantic.config import JsonDict

GenreName = Annotated[str, Field(min_length=1, max_length=100)]
MAX_SAMPLES = 64
MAX_CANDIDATES = 400
MAX_REQUESTS = 64
MODEL_EXAMPLE: JsonDict = {"name": "originals", "revision": "3f9a1c20"}


class Contract(BaseModel):
    model_config = ConfigDict(extra="forbid", allow_inf_nan=False)


class GenerateRequest(Contract):
    """Asks for commentary on a song, or on music of some genres."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "genres": ["dream pop", "shoegaze"],
                "num_samples": 3,
                "artist": "Slowdive",
                "title": "Alison",
                "seed": 7,
            }
        },
    )

    genres: list[GenreName] = Field(
        default_factory=list,
        max_length=32,
        description="Genre names; unknown ones are mapped to known ones, none at all is fine.",
    )
    num_samples: int = Field(5, ge=1, le=MAX_SAMPLES, description="How many sentences to return.")
    artist: str | None = Field(None, max_length=500, description="Fills the performer's slot.")
    title: str | None = Field(None, max_length=500, description="Fills the song's slot.")
    seed: int | None = Field(
        None, ge=0, lt=2**63, description="The same seed gives the same text; drawn when absent."
    )
    temperature: float | None = Field(None, gt=0, le=2, description="Default: the model's own.")
    top_k: int | None = Field(None, ge=1, le=64, description="Default: the model's own.")
    top_p: float | None = Field(None, ge=0.001, le=1, description="Default: the model's own.")
    refine: bool = Field(True, description="Whether the LC-GAN moves z towards description.")
    strength: float = Field(
        1.0,
        ge=0,
        le=2,
        description="How far the LC-GAN moves z: 0 is the plain VAE, 1 as trained, 2 twice as far.",
    )
    candidates: int | None = Field(
        None, ge=1, le=MAX_CANDIDATES, description="How many to draft before ranking."
    )
    include_unrefined: bool = Field(
        False, description="Also return the text of the same <z,a> before the LC-GAN moved it."
    )
    include_topics: bool = Field(
        False, description="Also return the mixture of topics in each text; see /v1/topics."
    )


class ModelName(Contract):
    name: str
    revision: str = Field(description="Changes with the weights.")


class GenreMatch(Contract):
    """What became of the genre names in the request."""

    known: list[str]
    mapped: dict[str, str] = Field(description="Given name -> the known one used instead.")
    unknown: list[str]


class Sample(Contract):
    text: str
    score: float = Field(
        description="What the ranking sorted by: the sense and the delight that a reader is "
        "expected to find in it, with genre, topic and novelty. It has no unit; the higher, the "
        "better."
    )
    log_prob: float = Field(description="Mean log-probability per token, nats.")
    topic: float = Field(ge=0, le=1, description="Probability of the descriptive topic.")
    novelty: float = Field(ge=0, le=1, description="1 - share of 4-grams seen in training.")
    latent: list[float] = Field(description="z that the text was decoded from.")
    unrefined: str | None = Field(None, description="The text before the LC-GAN moved z.")
    topics: list[float] | None = Field(
        None, description="Share of each topic in the text, by its index; they sum to 1."
    )
    unrefined_topics: list[float] | None = Field(
        None, description="The same for the text before the LC-GAN."
    )


class GenerateAnswer(Contract):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "model": MODEL_EXAMPLE,
                "genres": {
                    "known": ["dream pop"],
                    "mapped": {"nu gaze": "shoegaze"},
                    "unknown": ["polka step"],
                },
                "seed": 7,
                "samples": [
                    {
                        "text": "A hazy guitar circles the beat and never lands.",
                        "score": 5.12,
                        "log_prob": -1.71,
                        "topic": 0.82,
                        "novelty": 1.0,
                        "latent": [0.31, -1.2, 0.07],
                        "unrefined": "A guitar that is nice and slow.",
                        "topics": [0.82, 0.1, 0.08],
                        "unrefined_topics": [0.4, 0.35, 0.25],
                    }
                ],
            }
        }
    )

    model: ModelName
    genres: GenreMatch
    seed: int
    samples: list[Sample] = Field(description="Best first.")


class BatchRequest(Contract):
    """Asks for commentary on many songs at once."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "requests": [
                    {"genres": ["dream pop"], "artist": "Slowdive", "title": "Alison", "seed": 7},
                    {"genres": ["techno"], "num_samples": 2},
                ]
            }
        },
    )

    requests: list[GenerateRequest] = Field(min_length=1, max_length=MAX_REQUESTS)


class BatchItem(Contract):
    """What came of one request: an answer, or why there is none."""

    answer: GenerateAnswer | None = None
    error: str | None = Field(None, description="What was wrong with this request alone.")


class BatchAnswer(Contract):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "answers": [
                    {"answer": None, "error": "candidates is 2; it must be between 5 and 400"}
                ]
            }
        }
    )

    answers: list[BatchItem] = Field(description="In the order of the requests.")


class LegacyRequest(BaseModel):
    """The 2018 endpoint's request; unknown fields are ignored, as it did."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"genres": ["pop", "indie pop"], "num_sample": 3}}
    )

    genres: list[GenreName] = Field(max_length=32)
    num_sample: int = Field(5, ge=1, le=MAX_SAMPLES)


class LegacyAnswer(Contract):
    model_config = ConfigDict(
        json_schema_extra={"example": {"gens": ["A hazy guitar circles the beat."]}}
    )

    gens: list[str]


class InterpolateRequest(Contract):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "start": "A slow bass line hums under the verse.",
                "end": "Bright guitars race each other to the chorus.",
                "steps": 5,
                "genres": ["indie rock"],
            }
        },
    )

    start: str = Field(min_length=1, max_length=500)
    end: str = Field(min_length=1, max_length=500)
    steps: int = Field(7, ge=2, le=32, description="Sentences returned, both ends included.")
    genres: list[GenreName] = Field(default_factory=list, max_length=32)


class InterpolateAnswer(Contract):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "model": MODEL_EXAMPLE,
                "sentences": [
                    "A slow bass line hums under the verse.",
                    "Bright guitars race each other to the chorus.",
                ],
            }
        }
    )

    model: ModelName
    sentences: list[str]


class ReconstructRequest(Contract):
    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"example": {"text": "A slow bass line hums under the verse."}},
    )

    text: str = Field(min_length=1, max_length=500)
    genres: list[GenreName] = Field(default_factory=list, max_length=32)


class ReconstructAnswer(Contract):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {"model": MODEL_EXAMPLE, "text": "A slow bass hums under the verse."}
        }
    )

    model: ModelName
    text: str


class GenresAnswer(Contract):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "genres": ["dream pop"],
                "understood": {"known": [], "mapped": {"nu dream pop": "dream pop"}, "unknown": []},
            }
        }
    )

    genres: list[str] = Field(description="Genres that the model knows, in alphabetical order.")
    understood: GenreMatch | None = Field(
        None, description="What a request with the searched name as its genre would be written for."
    )


class Topic(Contract):
    index: int
    name: str
    words: list[str] = Field(description="Its likeliest words, likeliest first.")
    favoured: bool = Field(description="Whether the LC-GAN steers towards it.")


class TopicsAnswer(Contract):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "topics": [
                    {
                        "index": 0,
                        "name": "guitars drums bass",
                        "words": ["guitars", "drums", "bass"],
                        "favoured": True,
                    }
                ]
            }
        }
    )

    topics: list[Topic]


class ModelAnswer(Contract):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "model": MODEL_EXAMPLE,
                "precision": "float32",
                "temperature": 0.55,
                "card": "# The writer",
            }
        }
    )

    model: ModelName
    precision: str = Field(description="Of the decoder's products; a seed's text depends on it.")
    temperature: float = Field(description="Of a request that does not say one.")
    card: str = Field(description="The model card, Markdown.")


class ReloadAnswer(Contract):
    model_config = ConfigDict(
        json_schema_extra={"example": {"model": MODEL_EXAMPLE, "before": MODEL_EXAMPLE}}
    )

    model: ModelName = Field(description="The writer that answers from now on.")
    before: ModelName | None = Field(description="The one that answered until now, if any did.")
