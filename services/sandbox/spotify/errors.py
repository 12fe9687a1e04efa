"""Spotify's error bodies; the accounts host words them differently from the API."""

from http import HTTPStatus

from services.sandbox.answers import Answer, VendorError, json_answer

PREMIUM = (
    "Active premium subscription required for the owner of the app. When the subscription status "
    "changes, it can take a few hours before requests are accepted."
)
MESSAGES = {401: "The access token expired", 404: "Resource not found"}
MESSAGES |= {429: "API rate limit exceeded", 503: "Service temporarily unavailable"}


def spotify_failure(status: int) -> Answer:
    if status == 403:
        return Answer(403, PREMIUM.encode(), "text/plain; charset=utf-8")
    message = MESSAGES.get(status, HTTPStatus(status).phrase)
    headers = {"retry-after": "2"} if status == 429 else {}
    return json_answer(status, {"error": {"status": status, "message": message}}, headers)


def accounts_failure(status: int) -> Answer:
    if status in {400, 401}:
        return json_answer(
            status, {"error": "invalid_client", "error_description": "Invalid client"}
        )
    phrase = HTTPStatus(status).phrase
    return json_answer(status, {"error": "server_error", "error_description": phrase})


def refused(status: int, message: str) -> VendorError:
    return VendorError(json_answer(status, {"error": {"status": status, "message": message}}))
