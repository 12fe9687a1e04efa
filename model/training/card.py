"""The model card: what a bundle is, from what, how good, and what not to do with it."""

from collections.abc import Mapping
from dataclasses import asdict

from model.bundle import Bundle
from model.request import Request
from model.writer import Writer

_SAMPLE_GENRES = (
    ("dream pop", "shoegaze"), ("hip hop",), ("techno",), ("folk",), ("r&b", "neo soul"),
    ("metal",), ("ambient",), ("reggae",), ("indie pop",), ("jazz",),
)  # fmt: skip
_SAMPLES_EACH = 2


def model_card(bundle: Bundle, command: str, report: Mapping[str, Mapping[str, float]]) -> str:
    """The text of MODEL_CARD.md for a saved bundle."""
    return _TEMPLATE.format(
        name=bundle.name,
        revision=bundle.revision,
        command=command,
        made=_bullets(bundle.training),
        served=_bullets(asdict(bundle.serving)),
        tables="\n\n".join(_table(title, values) for title, values in report.items()),
        topics="\n".join(
            f"{topic.index + 1}. {', '.join(topic.words)}{' (favoured)' * topic.favoured}"
            for topic in bundle.topics.describe()
        ),
        samples="\n".join(f"- {line}" for line in uncurated(Writer(bundle))),
        labels=len(bundle.genres.labels),
        lines=f"{bundle.training.get('lines', 0):,}",
    )


def uncurated(writer: Writer) -> list[str]:
    """Sentences for fixed genres and seeds, just as they come."""
    requests = [
        Request(
            genres=genres, num_samples=_SAMPLES_EACH, seed=seed, artist="Mara Vale", title="Zero"
        )
        for seed, genres in enumerate(_SAMPLE_GENRES)
    ]
    return [
        f"*{', '.join(request.genres)}*: {sample.text}"
        for request, result in zip(requests, writer.write(requests), strict=True)
        for sample in result.samples
    ]


def _table(title: str, values: Mapping[str, float]) -> str:
    rows = "\n".join(f"| {key.replace('_', ' ')} | {value:.4g} |" for key, value in values.items())
    return f"| {title} | |\n|---|---|\n{rows}"


def _bullets(record: Mapping[str, object]) -> str:
    return "\n".join(f"- {key.replace('_', ' ')}: {value}" for key, value in record.items())


_TEMPLATE = """\
# Model card: {name}, revision {revision}

A conditional variational autoencoder with a latent-constraints GAN that writes one-sentence music
commentary for a song's genres. It drafts for a human curator; nothing it writes is meant to be
published unread.

## Data and licence

`corpus/originals` of this repository, sentences written for this project, CC0 1.0; trained on the
{lines} of the train split alone. What it puts first, and which of the lines its last training
passes read, it learnt from `corpus/ratings`, readers' ratings of drafts and lines, under the same
licence. The weights are under the repository's MIT licence. The nearness of genres was read from a
public map of genres (MIT); it holds facts only.

## Training

    {command}

{made}

Served, unless a request says otherwise, with:

{served}

## Figures

Bounds are in nats per sentence; perplexity is per word, the sentence's end counted as a word.
"Held out" is real text of the test split; "before" and "after" are the same codes without and with
the LC-GAN, drawn without ranking or filters.

{tables}

## Topics

{topics}

## Samples

Not chosen by anyone: two for each of ten requests, seeds 0 to 9, artist "Mara Vale", title "Zero",
everything else as served.

{samples}

## Limits

- It has never heard music. It knows genres by the words that go with them, and may name an
  instrument that the song does not have. The curator has to listen.
- English only. {labels} genre labels; other genres are mapped to the nearest of these.
- A small network: some sentences do not mean anything. Ranking hides many of them and not all.
- It doesn't know artists or songs. Their names are inserted; nothing is said about who they are.

## Bias

The corpus genders no performer and names no real person. What it associates with a genre (places,
hours, weather) are the associations of its authors, mostly those of English-language music writing.

## Not for

Publishing without a human reading it first; statements of fact about a person or a recording;
reviews presented as written by a person who heard the song; anything but short music commentary.
"""
