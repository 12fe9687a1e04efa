"""Families of genres: nine kinds of music that a listener without the vocabulary can tell apart.

families.json names the labels of each. A label stands where its sentences sound: `lo-fi beats`
with hip hop, `vapor soul` with soul, `dream pop` with the guitar bands. The latent map is coloured
by family, and the blind reading asks for it.
"""

import json
from pathlib import Path

OTHER = "other"  # the family of a label that families.json does not name

_LABELS: dict[str, list[str]] = json.loads(
    Path(__file__).with_name("families.json").read_text("utf-8")
)
_FAMILY = {label: name for name, labels in _LABELS.items() for label in labels}

FAMILIES = tuple(_LABELS)


def family(label: str) -> str:
    """The family of a label; `OTHER` for a name that is no label of the corpus."""
    return _FAMILY.get(label, OTHER)
