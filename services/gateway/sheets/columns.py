"""Where our columns stand: by their names in row 1, wherever people have moved them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from services.gateway.sheets.rows import COLUMNS, Cell

Places = Mapping[str, int]  # a column by its name; 0 is A

AS_MADE: Places = {name: place for place, name in enumerate(COLUMNS)}


def stand(header: Sequence[Cell], places: Places) -> bool:
    """Whether each column stands where we think; another of the same name changes nothing."""
    return all(place < len(header) and header[place] == name for name, place in places.items())


def missing_in(header: Sequence[Cell], names: Iterable[str] = COLUMNS) -> list[str]:
    return [name for name in names if name not in header]


def doubled_in(header: Sequence[Cell], names: Iterable[str] = COLUMNS) -> list[str]:
    return [name for name in names if list(header).count(name) > 1]


def places_in(header: Sequence[Cell], made: Places = AS_MADE) -> Places | None:
    """Where the columns of a tab stand; None where a name is missing, or stands twice and either
    may be meant. `made`: where they were made."""
    if stand(header, made):
        return made
    if missing_in(header, made) or doubled_in(header, made):
        return None
    return {name: list(header).index(name) for name in made}


def names_from(first: str, last: str) -> Sequence[str]:
    """Columns from one to another, in the order in which they were made."""
    return COLUMNS[COLUMNS.index(first) : COLUMNS.index(last) + 1]


def runs(places: Places, names: Iterable[str]) -> Iterator[list[str]]:
    """Names whose columns stand side by side, from left to right, in the order given."""
    run: list[str] = []
    for name in names:
        if run and places[name] != places[run[-1]] + 1:
            yield run
            run = []
        run.append(name)
    if run:
        yield run


def letter(place: int) -> str:
    """A column as spreadsheets call it: 0 is A, 26 is AA."""
    first, last = divmod(place, 26)
    return (letter(first - 1) if first else "") + chr(ord("A") + last)
