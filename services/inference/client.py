"""A typed client for the inference service."""

from services.common.rest import RestClient
from services.inference.schemas import (
    BatchAnswer,
    BatchRequest,
    GenerateAnswer,
    GenerateRequest,
    GenresAnswer,
    InterpolateAnswer,
    InterpolateRequest,
    LegacyAnswer,
    LegacyRequest,
    ModelAnswer,
    ReconstructAnswer,
    ReconstructRequest,
    ReloadAnswer,
    TopicsAnswer,
)


class InferenceClient(RestClient):
    """`async with InferenceClient(url) as inference: await inference.generate(...)`.

    Every call raises `services.common.rest.ServiceError`: BusyError when the service has too much
    to do (and when to ask again), RefusedError when the request has to be mended.
    """

    async def generate(self, request: GenerateRequest) -> GenerateAnswer:
        """Ranked commentary for one song."""
        return await self.call("POST", "v1/generate", GenerateAnswer, body=request)

    async def generate_batch(self, request: BatchRequest) -> BatchAnswer:
        """Ranked commentary for many songs, in their order."""
        return await self.call("POST", "v1/generate/batch", BatchAnswer, body=request)

    async def generate_as_in_2018(self, request: LegacyRequest) -> LegacyAnswer:
        """Commentary as the original service's callers knew it."""
        return await self.call("POST", "generate", LegacyAnswer, body=request)

    async def interpolate(self, request: InterpolateRequest) -> InterpolateAnswer:
        """The homotopy between two sentences."""
        return await self.call("POST", "v1/interpolate", InterpolateAnswer, body=request)

    async def reconstruct(self, request: ReconstructRequest) -> ReconstructAnswer:
        """What comes back when a sentence is encoded and decoded again."""
        return await self.call("POST", "v1/reconstruct", ReconstructAnswer, body=request)

    async def genres(self, search: str | None = None) -> GenresAnswer:
        """All genres, or those that a text is found in and what it would be taken for."""
        return await self.call("GET", "v1/genres", GenresAnswer, params={"q": search})

    async def topics(self) -> TopicsAnswer:
        """The topics of the training text."""
        return await self.call("GET", "v1/topics", TopicsAnswer)

    async def model(self) -> ModelAnswer:
        """The writer's name, revision, precision and card."""
        return await self.call("GET", "v1/model", ModelAnswer)

    async def reload(self) -> ReloadAnswer:
        """Let the service read its bundle anew."""
        return await self.call("POST", "v1/model/reload", ReloadAnswer)
