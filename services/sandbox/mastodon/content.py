"""The text of a status as Mastodon shows it: HTML, in its own dialect."""

import re
from html import escape

from services.sandbox.mastodon.entities import Entity, entities

ADDRESS_PREFIX = re.compile(r"https?://(?:www\.)?")
SHOWN_OF_ADDRESS = 30


def content(text: str, site: str) -> str:
    """`site` is the instance's address; accounts and tags are linked below it."""
    parts, read = [], 0
    for entity in entities(text):
        parts += [_escaped(text[read : entity.start]), _anchor(entity, site)]
        read = entity.end
    parts.append(_escaped(text[read:]))
    return _paragraphs("".join(parts))


def account_address(handle: str, site: str) -> str:
    """Where people see an account; one of another instance lives there."""
    username, _, domain = handle.partition("@")
    return f"https://{domain}/@{username}" if domain else f"{site}/@{username}"


def _paragraphs(markup: str) -> str:
    blocks = re.split(r"\n\n+", markup.replace("\r\n", "\n").strip())
    return "".join(f"<p>{block.replace(chr(10), '<br />')}</p>" for block in blocks)


def _anchor(entity: Entity, site: str) -> str:
    match entity.kind:
        case "link":
            return _link(entity.text)
        case "mention":
            address = account_address(entity.text, site)
            return (
                f'<span class="h-card" translate="no"><a href="{address}" class="u-url mention">'
                f"@<span>{_escaped(entity.username)}</span></a></span>"
            )
        case "hashtag":
            return (
                f'<a href="{site}/tags/{_escaped(entity.text)}" class="mention hashtag" rel="tag">'
                f"#<span>{_escaped(entity.text)}</span></a>"
            )


def _link(address: str) -> str:
    """An address of which the beginning, and what exceeds 30 signs, are there but not seen."""
    match = ADDRESS_PREFIX.match(address)
    prefix = match[0] if match else ""
    shown = address[len(prefix) : len(prefix) + SHOWN_OF_ADDRESS]
    rest = address[len(prefix) + SHOWN_OF_ADDRESS :]
    return (
        f'<a href="{_escaped(address)}" target="_blank" rel="nofollow noopener" translate="no">'
        f'<span class="invisible">{_escaped(prefix)}</span>'
        f'<span class="{"ellipsis" if rest else ""}">{_escaped(shown)}</span>'
        f'<span class="invisible">{_escaped(rest)}</span></a>'
    )


def _escaped(text: str) -> str:
    return escape(text).replace("&#x27;", "&#39;")
