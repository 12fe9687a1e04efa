"""`deephypebot parse`: which song a post names."""

import json
from collections.abc import Iterator

from deephypebot.json_lines import read_objects, text_of
from worker.songs import parse


def parse_text(text: str) -> str:
    """One JSON object, as a line."""
    return json.dumps(parse(text).as_json(), ensure_ascii=False)


def parse_file(name: str) -> Iterator[str]:
    """A line for each line of the file, in order; raises CommandError."""
    for place, value in read_objects(name):
        yield parse_text(text_of(value, place))
