"""The few elements that a report is made of. What is passed as text is escaped; cells are text."""

from base64 import b64encode
from collections.abc import Iterable
from html import escape
from pathlib import Path

import model.evaluation
from model.report.pictures import inline

# The pages of an evaluation and of a report look alike.
_SHEETS = (
    Path(model.evaluation.__file__).with_name("page.css"),
    Path(__file__).with_name("report.css"),
)


def document(title: str, body: str) -> str:
    """A whole page that fetches nothing."""
    style = "".join(sheet.read_text("utf-8") for sheet in _SHEETS)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head>\n"
        f"<body><main>\n<h1>{escape(title)}</h1>\n{body}\n</main></body></html>\n"
    )


def section(title: str, about: str, *parts: str) -> str:
    """A heading, what the section is, and its elements, which are HTML already."""
    return "\n".join((f"<h2>{escape(title)}</h2>", paragraph(about), *parts))


def paragraph(text: str) -> str:
    """A paragraph of text."""
    return f"<p>{escape(text)}</p>"


def table(head: Iterable[str], rows: Iterable[Iterable[str]], kind: str = "texts") -> str:
    """A table; of kind `figures` where all columns but the first are numbers."""
    top = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>\n" for row in rows
    )
    return (
        f'<div class="wide"><table class="{kind}"><thead><tr>{top}</tr></thead>\n'
        f"<tbody>{body}</tbody></table></div>"
    )


def picture(file: Path, caption: str) -> str:
    """A figure of a file, SVG or PNG, with its caption."""
    if file.suffix == ".svg":
        inner = inline(file)
    else:
        data = b64encode(file.read_bytes()).decode()
        inner = f'<img alt="{escape(caption)}" src="data:image/png;base64,{data}">'
    return f"<figure>{inner}<figcaption>{escape(caption)}</figcaption></figure>"


def sentences(texts: Iterable[str]) -> str:
    """A list of sentences in order."""
    return f"<ol>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ol>"
