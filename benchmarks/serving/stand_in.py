"""A writer whose composition is one decode of the engine, to be served by our own layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from benchmarks.serving.setting import Setting
from model.corpus.genres import GenreBook
from model.facts import Facts

if TYPE_CHECKING:
    from model.composing import Composition
    from services.inference.batcher import SentenceWriter
    from services.inference.settings import InferenceSettings


class StandIn:
    """Decodes the row of a seed."""

    def __init__(self, setting: Setting) -> None:
        # As in the service, the writer's process alone has torch.
        from benchmarks.serving.work import load_engine  # noqa: PLC0415 - see above
        from model.composing import Composer  # noqa: PLC0415 - see above

        engine, self._jobs = load_engine(setting)
        self.composer = Composer(engine)
        self.facts = Facts(
            name="benchmark",
            revision="benchmark",
            precision=setting.precision,
            card="",
            slots=engine.slots,
            book=GenreBook((), nearest={}),
            topics=(),
            temperature=1.0,
        )

    def decode(self, seed: int) -> Composition[tuple[int, ...]]:
        """The pieces of a seed's sentence."""
        (row,) = yield [self._jobs[seed]]
        return row.ids


def load_stand_in(_: InferenceSettings) -> SentenceWriter:
    """A stand-in of the setting of this process."""
    return cast("SentenceWriter", StandIn(Setting.read()))
