"""The HTML of a status as the plain text that people see."""

import re
from html.parser import HTMLParser

SPACES = re.compile(r"[ \t\r\n\f]+")
PARAGRAPHS = {"p", "div", "blockquote", "pre", "ul", "ol", "h1", "h2", "h3", "h4", "h5", "h6"}
LINES = {"br", "li"}
VOID = {"br", "hr", "img", "wbr"}


def plain_text(html: str) -> str:
    """Paragraphs apart, links as their whole addresses, mentions and hashtags as they are shown."""
    reader = StatusText()
    reader.feed(html)
    reader.close()
    lines = (line.strip(" ") for line in "".join(reader.parts).split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


class StatusText(HTMLParser):
    """Collects the text of one status in `parts`."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.hidden: list[bool] = []  # of each open element, whether it is out of sight
        self.address: str | None = None  # of the open link
        self.link: list[str] = []  # its text, what is out of sight included

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        classes = (attributes.get("class") or "").split()
        if tag not in VOID:
            self.hidden.append("invisible" in classes)
        if tag in PARAGRAPHS:
            self.parts.append("\n\n")
        elif tag in LINES:
            self.parts.append("\n")
        elif tag == "a" and not {"mention", "hashtag"} & set(classes):
            self._finish_link()
            self.address = attributes.get("href")

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and self.hidden:
            self.hidden.pop()
        if tag == "a":
            self._finish_link()
        elif tag in PARAGRAPHS:
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        text = SPACES.sub(" ", data)
        if self.address is not None:
            self.link.append(text)
        elif not any(self.hidden):
            self.parts.append(text)

    def close(self) -> None:
        super().close()
        self._finish_link()

    def _finish_link(self) -> None:
        """A link says its address; where its text is other words than that, these as well."""
        if self.address is None:
            return
        address, words = self.address, "".join(self.link).strip()
        self.address, self.link = None, []
        if not address.startswith(("http://", "https://")):
            self.parts.append(words)
        elif _bare(address).startswith(_bare(words).rstrip("\N{HORIZONTAL ELLIPSIS}")):
            self.parts.append(address)
        else:
            self.parts.append(f"{words} {address}")


def _bare(address: str) -> str:
    """An address without what people leave out of it."""
    return re.sub(r"^https?://(www\.)?", "", address)
