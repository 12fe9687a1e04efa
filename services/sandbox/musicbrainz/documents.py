"""Artists and recordings as MusicBrainz words them: curated genres apart from tags."""

from services.sandbox.catalogue import Song
from services.sandbox.catalogue.identity import musicbrainz_id
from services.sandbox.catalogue.musicbrainz_genres import musicbrainz_genre

Document = dict[str, object]


def artist_document(name: str, genres: tuple[str, ...], included: frozenset[str]) -> Document:
    document: Document = {
        "id": musicbrainz_id(name),
        "name": name,
        "sort-name": sort_name(name),
        "disambiguation": "",
        "type": None,
        "type-id": None,
        "country": None,
    }
    if "genres" in included:
        document["genres"] = [
            {"id": musicbrainz_id(f"genre/{genre}"), "disambiguation": "", **counted}
            for genre, counted in _counted(_curated(genres))
        ]
    if "tags" in included:
        document["tags"] = [counted for _, counted in _counted(_tags(genres))]
    return document


def search_result(name: str, genres: tuple[str, ...], score: float) -> Document:
    result: Document = {
        "id": musicbrainz_id(name),
        "name": name,
        "sort-name": sort_name(name),
        "score": round(100 * score),
    }
    if tags := [counted for _, counted in _counted(_tags(genres))]:
        result["tags"] = tags
    return result


def recording_result(song: Song, score: float) -> Document:
    credit = [
        {
            "name": name,
            "artist": {"id": musicbrainz_id(name), "name": name, "sort-name": sort_name(name)},
        }
        for name in song.artists
    ]
    return {
        "id": musicbrainz_id(f"recording/{song.id}"),
        "score": round(100 * score),
        "title": song.title,
        "artist-credit": credit,
    }


def sort_name(name: str) -> str:
    return f"{name[4:]}, The" if name.startswith("The ") else name


def _curated(genres: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys(filter(None, map(musicbrainz_genre, genres))))


def _tags(genres: tuple[str, ...]) -> list[str]:
    return list(dict.fromkeys([*_curated(genres), *genres]))


def _counted(names: list[str]) -> list[tuple[str, Document]]:
    """Names with votes; who is named first has most."""
    return [(name, {"name": name, "count": len(names) - rank}) for rank, name in enumerate(names)]
