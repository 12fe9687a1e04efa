"""Words as they are compared: case, accents and punctuation do not count."""

import re
import unicodedata

APART = re.compile(r"[\W_]+")


def folded(text: str) -> str:
    """The words of a text between single spaces, one before and one behind."""
    return f" {APART.sub(' ', unaccented(text.casefold())).strip()} "


def unaccented(text: str) -> str:
    if text.isascii():
        return text  # no accent among them, and much faster told
    plain = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in plain if not unicodedata.combining(sign))
