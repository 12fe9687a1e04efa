"""A typed client for the inference service."""

from services.common.rest import RestClient
from services.inference.schemas import GenerateAnswer, GenerateRequest, GenresAnswer


class InferenceClient(RestClient):
    """`async with InferenceClient(url) as inference: await inference.generate(...)`."""

    async def generate(self, request: GenerateRequest) -> GenerateAnswer:
        """Ranked commentary; raises `services.common.rest.ServiceError`."""
        return await self.call("POST", "v1/generate", GenerateAnswer, body=request)

    async def genres(self) -> GenresAnswer:
        return await self.call("GET", "v1/genres", GenresAnswer)
