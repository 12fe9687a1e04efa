"""What a visitor asks for, as a command for their own terminal."""

import json
from shlex import quote

from pydantic import BaseModel

from services.common.rest import shown
from services.gateway.settings import GatewaySettings


def curl(settings: GatewaySettings, door: str, body: BaseModel) -> str:
    """The command for a request; it names the key's variable, never the key."""
    base = shown(settings.inference_public_url or settings.inference_url).rstrip("/")
    keyed = settings.key_for(settings.inference_key) is not None
    parts = [
        f"curl -s {quote(base + door)}",
        "-H 'Content-Type: application/json'",
        *(['-H "Authorization: Bearer $INFERENCE_KEY"'] if keyed else []),
        f"-d '{quotable(body)}'",
    ]
    return " \\\n  ".join(parts)


def quotable(body: BaseModel) -> str:
    """JSON that stands between single quotes: in ASCII, so that nothing in it can mislead."""
    return json.dumps(body.model_dump(exclude_unset=True)).replace("'", "\\u0027")
