"""Google's endpoints: tokens, Sheets v4, and files of Drive v3."""

import json
import re
from base64 import urlsafe_b64decode
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.sandbox import tokens
from services.sandbox.answers import json_response, refuse
from services.sandbox.google import changes, values
from services.sandbox.google.errors import google_failure, invalid, quota_message, refused
from services.sandbox.google.grid_data import with_grid_data, with_ranges
from services.sandbox.google.spreadsheet import Spreadsheet
from services.sandbox.limits import Windows
from services.sandbox.settings import SandboxSettings
from services.sandbox.store import Store
from services.sandbox.vendor_app import vendor_app

Document = dict[str, Any]
TOKEN_SECONDS = 3599
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
SHEETS = "application/vnd.google-apps.spreadsheet"
NAMED = re.compile(r'name = "([^"]*)"')


class Google:
    """The spreadsheets of one service account, kept in the store.

    A request's body is read before its spreadsheet is looked up: nothing may come in between
    looking one up and keeping what became of it.
    """

    def __init__(
        self,
        settings: SandboxSettings,
        store: Store,
        windows: Windows,
        clock: Callable[[], float],
    ) -> None:
        self.settings, self.store, self.windows, self.clock = settings, store, windows, clock
        self.spreadsheets = {
            name: Spreadsheet.loads(document) for name, document in store.spreadsheets().items()
        }
        first = settings.spreadsheet_id
        self.spreadsheets.setdefault(first, Spreadsheet.new(first, "deephypebot drafts"))

    def app(self) -> Starlette:
        sheet, ranges = "/v4/spreadsheets/{id}", "/v4/spreadsheets/{id}/values/{range:path}"
        files = "/drive/v3/files"
        routes = [
            Route("/token", self.token, methods=["POST"]),
            Route(f"{sheet}/values:batchGet", self.batch_get),
            Route(f"{sheet}/values:batchUpdate", self.batch_update, methods=["POST"]),
            Route(
                f"{sheet}/values:batchUpdateByDataFilter", self.update_by_filter, methods=["POST"]
            ),
            Route(f"{sheet}/values:batchClear", self.batch_clear, methods=["POST"]),
            Route(f"{ranges}:append", self.append, methods=["POST"]),
            Route(f"{ranges}:clear", self.clear, methods=["POST"]),
            Route(ranges, self.get_values),
            Route(ranges, self.update, methods=["PUT"]),
            Route(f"{sheet}:batchUpdate", self.change, methods=["POST"]),
            Route(sheet, self.get),
            Route(files, self.list_files),
            Route(files, self.create_file, methods=["POST"]),
            Route(f"{files}/{{id}}", self.get_file),
            Route(f"{files}/{{id}}", self.delete_file, methods=["DELETE"]),
        ]
        return vendor_app(routes, google_failure)

    async def token(self, request: Request) -> Response:
        """Exchange a service account's assertion; its signature cannot be checked here."""
        form = await request.form()
        claims = _claims(str(form.get("assertion", "")))
        if form.get("grant_type") != GRANT or not claims.get("iss"):
            raise refuse(
                400, {"error": "invalid_grant", "error_description": "Invalid JWT Signature."}
            )
        token = tokens.issue("google", self.clock() + TOKEN_SECONDS)
        return json_response(
            {"access_token": token, "expires_in": TOKEN_SECONDS, "token_type": "Bearer"}
        )

    async def get(self, request: Request) -> Response:
        spreadsheet = self._open(request, "Read")
        if request.query_params.get("includeGridData", "").lower() == "true":
            return json_response(with_grid_data(spreadsheet))
        return json_response(spreadsheet.metadata())

    async def get_values(self, request: Request) -> Response:
        spreadsheet = self._open(request, "Read")
        return json_response(self._values(spreadsheet, request, request.path_params["range"]))

    async def batch_get(self, request: Request) -> Response:
        spreadsheet = self._open(request, "Read")
        found = [
            self._values(spreadsheet, request, text)
            for text in request.query_params.getlist("ranges")
        ]
        return json_response({"spreadsheetId": spreadsheet.id, "valueRanges": found})

    async def update(self, request: Request) -> Response:
        body = await _body(request)
        spreadsheet = self._open(request, "Write")
        option = request.query_params.get("valueInputOption", "")
        update = values.update(spreadsheet, request.path_params["range"], body, option)
        update.apply()
        self._keep(spreadsheet)
        return json_response(update.summary(spreadsheet))

    async def batch_update(self, request: Request) -> Response:
        body = await _body(request)
        spreadsheet = self._open(request, "Write")
        option = body.get("valueInputOption", "")
        updates = [
            values.update(spreadsheet, str(data.get("range", "")), data, option)
            for data in _objects(body, "data")
        ]
        for update in updates:
            update.apply()
        self._keep(spreadsheet)
        return json_response(values.batch_summary(spreadsheet, updates))

    async def update_by_filter(self, request: Request) -> Response:
        body = await _body(request)
        spreadsheet = self._open(request, "Write")
        option, render = body.get("valueInputOption", ""), None
        if body.get("includeValuesInResponse"):
            render = body.get("responseValueRenderOption") or "FORMATTED_VALUE"
        found = [
            (update, box, data)
            for data in _objects(body, "data")
            for update, box in values.updates_by_filter(spreadsheet, data, option)
        ]
        for update, _, _ in found:
            update.apply()
        self._keep(spreadsheet)
        answer = values.batch_summary(spreadsheet, [update for update, _, _ in found])
        answer["responses"] = [
            values.summary_by_filter(spreadsheet, update, box, data, render)
            for update, box, data in found
        ]
        return json_response(answer)

    async def append(self, request: Request) -> Response:
        body = await _body(request)
        spreadsheet = self._open(request, "Write")
        query = request.query_params
        insertion = query.get("insertDataOption") or "OVERWRITE"
        if insertion not in {"OVERWRITE", "INSERT_ROWS"}:
            raise invalid(f"Invalid value at 'insert_data_option', \"{insertion}\"")
        answer = values.append(
            spreadsheet,
            request.path_params["range"],
            body,
            query.get("valueInputOption", ""),
            "INSERT_ROWS" if insertion == "INSERT_ROWS" else "OVERWRITE",
        )
        self._keep(spreadsheet)
        return json_response(answer)

    async def clear(self, request: Request) -> Response:
        spreadsheet = self._open(request, "Write")
        cleared = values.clear(spreadsheet, request.path_params["range"])
        self._keep(spreadsheet)
        return json_response({"spreadsheetId": spreadsheet.id, "clearedRange": cleared})

    async def batch_clear(self, request: Request) -> Response:
        ranges = [str(text) for text in (await _body(request)).get("ranges", [])]
        spreadsheet = self._open(request, "Write")
        for text in ranges:
            spreadsheet.find(text)
        cleared = [values.clear(spreadsheet, text) for text in ranges]
        self._keep(spreadsheet)
        return json_response({"spreadsheetId": spreadsheet.id, "clearedRanges": cleared})

    async def change(self, request: Request) -> Response:
        body = await _body(request)
        requests = _objects(body, "requests")
        spreadsheet = self._open(request, "Write")
        if not requests:
            raise invalid("Must specify at least one request.")
        changed, answer = changes.apply(spreadsheet, requests)
        if body.get("includeSpreadsheetInResponse"):
            answer["updatedSpreadsheet"] = _responded(changed, body)
        self._keep(changed)
        return json_response(answer)

    async def create_file(self, request: Request) -> Response:
        self._authorise(request)
        body = await _body(request)
        if body.get("mimeType") != SHEETS:
            raise invalid("Only spreadsheets can be made here.")
        name = str(body.get("name", "Untitled spreadsheet"))
        file_id = _file_id(name, len(self.spreadsheets))
        self._keep(Spreadsheet.new(file_id, name))
        return json_response(
            {"kind": "drive#file", "id": file_id, "name": name, "mimeType": SHEETS}
        )

    async def list_files(self, request: Request) -> Response:
        """The spreadsheets, or those of the name that `q` asks for."""
        self._authorise(request)
        asked = NAMED.search(request.query_params.get("q", ""))
        files = [
            self._listed(spreadsheet)
            for spreadsheet in self.spreadsheets.values()
            if asked is None or spreadsheet.title == asked[1]
        ]
        return json_response({"kind": "drive#fileList", "files": files})

    async def get_file(self, request: Request) -> Response:
        self._authorise(request)
        return json_response(self._listed(self._find(request)))

    async def delete_file(self, request: Request) -> Response:
        self._authorise(request)
        spreadsheet = self._find(request)
        self.store.delete_spreadsheet(spreadsheet.id)
        del self.spreadsheets[spreadsheet.id]
        return Response(status_code=204)

    def _values(self, spreadsheet: Spreadsheet, request: Request, text: str) -> Document:
        query = request.query_params
        render = query.get("valueRenderOption") or "FORMATTED_VALUE"
        dimension = query.get("majorDimension") or "ROWS"
        return values.get(spreadsheet, text, render, dimension)

    def _open(self, request: Request, kind: str) -> Spreadsheet:
        """The spreadsheet asked for, after token and quota; `kind` is Read or Write."""
        self._authorise(request)
        limit = self.settings.google_per_minute
        if limit and not self.windows.take(kind, limit, 60).granted:
            raise refused(429, quota_message(kind))
        return self._find(request)

    def _listed(self, spreadsheet: Spreadsheet) -> Document:
        """A spreadsheet as Drive lists it."""
        now = f"{datetime.fromtimestamp(self.clock(), UTC):%Y-%m-%dT%H:%M:%S.000Z}"
        times = {"createdTime": now, "modifiedTime": now}
        return {"id": spreadsheet.id, "name": spreadsheet.title} | times

    def _find(self, request: Request) -> Spreadsheet:
        if request.path_params["id"] == self.settings.private_spreadsheet_id:
            raise refused(403)
        spreadsheet = self.spreadsheets.get(request.path_params["id"])
        if spreadsheet is None:
            raise refused(404)
        return spreadsheet

    def _authorise(self, request: Request) -> None:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        expires = tokens.expiry("google", token) if scheme == "Bearer" else None
        if expires is None or expires <= self.clock():
            raise refused(401)

    def _keep(self, spreadsheet: Spreadsheet) -> None:
        self.store.put_spreadsheet(spreadsheet.id, spreadsheet.dumps())
        self.spreadsheets[spreadsheet.id] = spreadsheet


async def _body(request: Request) -> Document:
    try:
        document = json.loads(await request.body() or b"{}")
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise invalid("Invalid JSON payload received. Expected an object.")
    return document


def _responded(spreadsheet: Spreadsheet, body: Document) -> Document:
    """The spreadsheet after a change, or the ranges of it that were asked for."""
    ranges, grid = body.get("responseRanges"), body.get("responseIncludeGridData")
    if ranges:
        return with_ranges(spreadsheet, [str(text) for text in ranges], grid=bool(grid))
    return with_grid_data(spreadsheet) if grid else spreadsheet.metadata()


def _objects(body: Document, name: str) -> list[Document]:
    listed = body.get(name, [])
    if not isinstance(listed, list) or not all(isinstance(each, dict) for each in listed):
        raise invalid(f"Invalid JSON payload received. '{name}' must be a list of objects.")
    return listed


def _claims(assertion: str) -> Document:
    """The claims of a JSON web token; empty when it is none."""
    try:
        _, payload, _ = assertion.split(".")
        claims = json.loads(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}


def _file_id(name: str, number: int) -> str:
    return "1" + blake2b(f"{name}\0{number}".encode(), digest_size=21).hexdigest() + "X"
