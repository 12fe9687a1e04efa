"""`/docs`: the OpenAPI document as a page that needs no network and no script.

The framework's own page fetches its program from a public host: it is blank on a machine without
a way out, and elsewhere a stranger's script on the origin where curators are logged in.
"""

import base64
import hashlib
import json
import shlex
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from services.common.settings import ServiceSettings

STYLE = (Path(__file__).parent / "reference.css").read_text(encoding="utf-8")
STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{STYLE_HASH}'; frame-ancestors 'none'"
SHARED = ("/openapi.json", "/livez", "/readyz", "/metrics")

Node = dict[str, Any]  # a part of an OpenAPI document


def install_reference(app: FastAPI, settings: ServiceSettings) -> None:
    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        page = Reference(app.openapi(), str(request.base_url), keyed=bool(settings.api_keys)).page()
        return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})


class Reference:
    """An OpenAPI document, written out for people; `keyed` when callers must send a key."""

    def __init__(self, document: Node, base: str, *, keyed: bool) -> None:
        self.document = document
        self.base = base.rstrip("/")
        self.keyed = keyed

    def page(self) -> str:
        return "\n".join(self._page())

    def _page(self) -> Iterator[str]:
        info = self.document["info"]
        title = escape(info["title"])
        yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
        yield '<meta name="color-scheme" content="light dark">'
        yield f"<title>{title}: reference</title><style>{STYLE}</style></head><body><main>"
        yield f"<h1>{title} <small>{escape(info['version'])}</small></h1>"
        yield _paragraphs(info.get("description", ""))
        yield f"<p>Every service has {', '.join(map(_link, SHARED))}.</p>"
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield from self._operation(method.upper(), path, operation)
        yield "</main></body></html>"

    def _operation(self, method: str, path: str, operation: Node) -> Iterator[str]:
        name = escape(operation["operationId"])
        yield f'<section id="{name}"><h2><b>{method}</b> <code>{escape(path)}</code></h2>'
        yield f'<p class="summary"><a href="#{name}">{escape(operation["summary"])}</a></p>'
        yield _paragraphs(operation.get("description", ""))
        yield f"<pre>{escape(self._command(method, path, operation))}</pre>"
        yield self._fields(operation)
        for status, answer in operation["responses"].items():
            yield from self._answer(status, answer)
        yield "</section>"

    def _answer(self, status: str, answer: Node) -> Iterator[str]:
        head = "Any error" if status == "default" else status
        yield f"<details><summary><b>{head}</b> {escape(answer['description'])}</summary>"
        for header, described in answer.get("headers", {}).items():
            yield f"<p><code>{escape(header)}</code> {escape(described.get('description', ''))}</p>"
        for media, content in answer.get("content", {}).items():
            yield f'<p class="media">{escape(media)}</p>'
            shown = self._example(content)
            if shown is not None:
                yield f"<pre>{escape(json.dumps(shown, indent=2, ensure_ascii=False))}</pre>"
        yield "</details>"

    def _command(self, method: str, path: str, operation: Node) -> str:
        """A command line that does it, with the document's own examples."""
        given: dict[str, dict[str, str]] = {"path": {}, "query": {}, "header": {}}
        for parameter in operation.get("parameters", []):
            example = self._example(parameter["schema"])
            if example is not None and (parameter["required"] or parameter["in"] == "header"):
                given[parameter["in"]][parameter["name"]] = str(example)
        for name, value in given["path"].items():
            path = path.replace(f"{{{name}}}", quote(value, safe=":"))
        query = f"?{urlencode(given['query'])}" if given["query"] else ""
        words = ["curl", *([] if method in {"GET", "POST"} else ["-X", method])]
        words.append(f"{self.base}{path}{query}")
        if self.keyed and "security" in operation:
            words += ["-H", "Authorization: Bearer KEY"]
        for name, value in given["header"].items():
            words += ["-H", f"{name}: {value}"]
        if body := self._body(operation):
            words += ["-H", "Content-Type: application/json"]
            words += ["-d", json.dumps(self._example(body), ensure_ascii=False)]
        elif method == "POST":
            words += ["-X", "POST"]
        return shlex.join(words)

    def _body(self, operation: Node) -> Node | None:
        content: Node = operation.get("requestBody", {}).get("content", {})
        found: Node | None = content.get("application/json")
        return found

    def _fields(self, operation: Node) -> str:
        """A table of what may be sent: parameters, and the body's members."""
        rows = [
            self._row(one["name"], one["in"], one["schema"], needed=one["required"])
            for one in operation.get("parameters", [])
        ]
        if body := self._body(operation):
            schema = self._resolved(body["schema"])
            rows += [
                self._row(name, "body", member, needed=name in schema.get("required", ()))
                for name, member in schema.get("properties", {}).items()
            ]
        if not rows:
            return ""
        head = "<tr><th>name</th><th>in</th><th>type</th><th>default</th><th>what it is</th></tr>"
        return f'<div class="wide"><table>{head}{"".join(rows)}</table></div>'

    def _row(self, name: str, place: str, schema: Node, *, needed: bool) -> str:
        default = "required" if needed else _default(schema)
        cells = (place, self._type(schema), default, schema.get("description", ""))
        inner = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
        return f"<tr><td><code>{escape(name)}</code></td>{inner}</tr>"

    def _type(self, schema: Node) -> str:
        if "$ref" in schema:
            return str(schema["$ref"]).rpartition("/")[2]
        if "anyOf" in schema:
            kinds = [self._type(one) for one in schema["anyOf"] if one.get("type") != "null"]
            return " or ".join(kinds)
        if schema.get("type") == "array":
            return f"list of {self._type(schema.get('items', {}))}"
        return str(schema.get("type", "any"))

    def _resolved(self, schema: Node) -> Node:
        if "$ref" not in schema:
            return schema
        name = str(schema["$ref"]).rpartition("/")[2]
        found: Node = self.document["components"]["schemas"][name]
        return found

    def _example(self, node: Node) -> object:
        """The first example of a schema, or of what holds one; None where there is none."""
        schema = node.get("schema", {})
        for one in (node, self._resolved(node), schema, self._resolved(schema)):
            if "example" in one:
                return one["example"]
            if one.get("examples"):
                return one["examples"][0]
        return None


def _default(schema: Node) -> str:
    value = schema.get("default")
    return "" if value is None else json.dumps(value, ensure_ascii=False)


def _link(path: str) -> str:
    return f'<a href="{path}">{path}</a>'


def _paragraphs(text: str) -> str:
    """The blocks of a description; what stands between backticks is code."""
    return "".join(f"<p>{_with_code(block)}</p>" for block in text.split("\n\n") if block.strip())


def _with_code(text: str) -> str:
    return "".join(
        f"<code>{escape(part)}</code>" if i % 2 else escape(part)
        for i, part in enumerate(text.split("`"))
    )
