"""A writer for another process: what loads it must be a function of a module."""

import os
from itertools import count

from model.composing import Composition
from model.errors import BundleMissingError
from services.inference.settings import InferenceSettings
from tests.services.inference.scripted import ScriptedWriter

_loads = count(1)


class Employed(ScriptedWriter):
    """A scripted writer that can be made to kill its process."""

    def crash(self) -> Composition[None]:
        os._exit(3)


def load_employed(_: InferenceSettings) -> Employed:
    """Revisions r1, r3, r4 and so on: the second is broken."""
    number = next(_loads)
    if number == 2:
        raise BundleMissingError("no bundle in x; name a folder that holds one")
    return Employed(f"r{number}")
