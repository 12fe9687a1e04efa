"""A table in Markdown that grows by a line as soon as it is known."""

from collections.abc import Mapping


def print_row(name: str, row: Mapping[str, float], *, first: bool, digits: int = 2) -> None:
    """Print a row's values, and above the first row the heading."""
    if first:
        print(f"| {'':28} | " + " | ".join(f"{key:>9}" for key in row) + " |")
        print("|---" * (len(row) + 1) + "|")
    values = " | ".join(f"{value:9.{digits}f}" for value in row.values())
    print(f"| {name:28} | {values} |", flush=True)
