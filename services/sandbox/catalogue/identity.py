"""Ids in the vendors' formats, derived from names: the same artist, the same id, anywhere."""

import unicodedata
from hashlib import blake2b
from uuid import NAMESPACE_URL, uuid5

BASE62 = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
ID_LENGTH = 22
APOSTROPHES = "'\u2019"


def spotify_id(kind: str, name: str) -> str:
    """22 base62 characters."""
    number = int.from_bytes(blake2b(f"{kind}:{name}".encode(), digest_size=16).digest())
    digits = []
    for _ in range(ID_LENGTH):
        number, digit = divmod(number, 62)
        digits.append(BASE62[digit])
    return "".join(reversed(digits))


def is_spotify_id(text: str) -> bool:
    return len(text) == ID_LENGTH and all(character in BASE62 for character in text)


def musicbrainz_id(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"https://musicbrainz.org/artist/{name}"))


def folded(text: str) -> str:
    """Letters and digits only, without case or accents: what a search compares."""
    decomposed = unicodedata.normalize("NFKD", text.casefold().replace("&", " and "))
    plain = (
        character if character.isalnum() else " "
        for character in decomposed
        if not unicodedata.combining(character) and character not in APOSTROPHES
    )
    return " ".join("".join(plain).split())
