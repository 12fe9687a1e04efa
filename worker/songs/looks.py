"""How names look: whether their letters and words say that they are names, and a song's."""

from __future__ import annotations

from worker.songs.words import NO_GUESS, NO_NAME, OPENS_ALBUM, POINTING, WHOLE_WORK, set_of

_SMALL_WORDS = set_of(
    "a an and as at but by de del el en for from in is it la le me my n no of on or out so the to "
    "up with you your y x vs feat ft"
)


def is_capitalised(name: str) -> bool:
    """Whether a name is written as one: Like This, LIKE THIS, or in a script without cases."""
    words = [word.strip("\"'([#@.,!?&-") for word in name.split()]
    words = [word for word in words if word]
    if not words or (words[0][:1].islower() and not is_odd(words[0])):
        return False
    small = sum(map(_is_small, words))
    return small * 3 <= len(words) - 1 or (len(words) <= 2 and small == 0)


def _is_small(word: str) -> bool:
    return word[:1].islower() and word not in _SMALL_WORDS and not word.startswith(("d'", "l'"))


def is_odd(word: str) -> bool:
    """Whether a small word is a name all the same, by its inside: alt-J, a-ha, deadmau5, iPod."""
    bare = word.strip(".,;:!?\"'()[]\u2026")
    if "-" in bare or "." in bare:
        return len(bare) <= 10
    return any(map(str.isupper, bare)) or (bare.isalnum() and any(map(str.isdigit, bare)))


def may_be_song(title: str, artist: str, *, apart: bool) -> bool:
    """Whether two names in running text, perhaps apart by a dash, may be a song's."""
    long = title.count(" ") > 8 or artist.count(" ") > 5
    short = len(title) < 3 and len(artist) < 3  # an abbreviation: AC - DC
    numbers = title[-1].isdigit() and artist[-1].isdigit()  # a score
    if (
        long
        or short
        or numbers
        or WHOLE_WORK.search(title, max(0, len(title) - 24))
        or (POINTING.match(title.lower()) and not (apart and is_capitalised(title)))
    ):
        return False
    if NO_NAME.fullmatch(title):
        return False
    dated = NO_GUESS.fullmatch(title) or NO_GUESS.fullmatch(artist)
    return not (dated or NO_NAME.search(artist))


def is_whole_work(title: str) -> bool:
    """Whether a title says that it is no song: an album, a film, music at large."""
    title = title.rstrip(" :.!\n")
    if WHOLE_WORK.search(title, max(0, len(title) - 24)):
        return True
    return OPENS_ALBUM.match(title) is not None
