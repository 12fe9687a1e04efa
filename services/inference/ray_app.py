"""The service on Ray Serve: replicas of the very same app behind Ray's proxies.

`serve run services.inference.ray_app:app` starts one; `deploy/ray/serve.yaml` scales it.

- A replica's settings are the environment variables of its process (`runtime_env.env_vars`).
- Replicas are healthy when `/readyz` would say so; Ray sends requests to healthy ones only.
- The service itself refuses what is too much, with 429 and `Retry-After`: Ray lets all through.
- A replica that is stopped ends what it has begun; then the app's lifespan stops the writer.
"""

import asyncio

from fastapi import FastAPI
from prometheus_client import Info

from services.common.logs import configure_logs
from services.inference.app import create_app
from services.inference.batcher import LOADING
from services.inference.settings import InferenceSettings

try:
    from ray import serve
except ImportError as error:
    message = f"{error}: install Ray with `pip install --constraint constraints.txt '.[ray]'`."
    raise ImportError(message) from error

MOST_REQUESTS = 4096  # more than INFERENCE_QUEUE_TOKENS lets in
DRAIN_SECONDS = 35.0  # above INFERENCE_DEADLINE_SECONDS, or requests in flight could be cut off
LOADING_POLL_SECONDS = 0.05


class NotReadyError(Exception):
    """The replica lacks something; Ray replaces it, or gives up the update that made it."""


def create_replica() -> FastAPI:
    """The app of one replica, which its `/metrics` name; runs in the replica's process."""
    settings = InferenceSettings()
    configure_logs("inference", settings.log_level, settings.log_format)
    app = create_app(settings)
    replica = Info("inference_replica", "Whose metrics these are", registry=app.state.registry)
    replica.info({"replica": serve.get_replica_context().replica_tag})
    return app


class Inference:
    """A process with a writer of its own."""

    app: FastAPI  # set by `serve.ingress`

    async def check_health(self) -> None:
        """Wait while the writer is being loaded; raise NotReadyError for what is missing then.

        Ray asks once before the first request, without a time limit, and every ten seconds later.
        """
        readiness = self.app.state.readiness
        while (missing := await readiness.report()).get("writer") == LOADING:  # noqa: ASYNC110 - the writer's thread sets no asyncio.Event
            await asyncio.sleep(LOADING_POLL_SECONDS)
        if missing:
            raise NotReadyError("; ".join(missing.values()))


# No decorators: a type checker would take what they make for the class.
deployment = serve.deployment(
    max_ongoing_requests=MOST_REQUESTS, graceful_shutdown_timeout_s=DRAIN_SECONDS
)
app = deployment(serve.ingress(create_replica)(Inference)).bind()
