"""MusicBrainz's error bodies."""

from http import HTTPStatus

from services.sandbox.answers import Answer, json_answer

HELP = "For usage, please see: https://musicbrainz.org/development/mmd"
TOO_FAST = (
    "Your requests are exceeding the allowable rate limit. "
    "Please see http://wiki.musicbrainz.org/XMLWebService for more information."
)
NO_USER_AGENT = (
    "Your request has been refused: a meaningful User-Agent is needed. "
    "Please see https://musicbrainz.org/doc/MusicBrainz_API/Rate_Limiting."
)
MESSAGES = {403: NO_USER_AGENT, 503: TOO_FAST}


def musicbrainz_failure(status: int) -> Answer:
    message = MESSAGES.get(status, HTTPStatus(status).phrase)
    document = {"error": message}
    if status in {400, 404}:
        document["help"] = HELP
    return json_answer(status, document, {"retry-after": "1"} if status == 503 else {})
