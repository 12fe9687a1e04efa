"""The prior that codes are drawn from: a Gaussian fitted to what the encoder makes of real text.

The KL term asks each posterior to lie near N(0, I), but their mixture over the training lines, the
aggregated posterior, comes out stretched and turned; a code from N(0, I) then falls where the
decoder has learnt little (the "holes" of Rosca, Lakshminarayanan and Mohamed 2018). Its mean and
covariance are known exactly, and a Gaussian with these is hard to tell from it.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from model.cvae import Posterior


@dataclass(frozen=True)
class Prior:
    """p(z), a Gaussian with any covariance."""

    mean: Tensor  # (latent,)
    scale: Tensor  # (latent, latent), lower triangular; the covariance is scale @ scale.T

    @classmethod
    def standard(cls, latent: int) -> "Prior":
        """N(0, I)."""
        return cls(torch.zeros(latent), torch.eye(latent))

    @classmethod
    def fit(cls, posteriors: Iterable[Posterior]) -> "Prior":
        """The Gaussian with the moments of the posteriors' mixture, each sentence weighing as much.

        Its covariance is that of the means plus the mean of the variances (law of total variance).
        """
        parts = list(posteriors)
        mu = torch.cat([part.mu for part in parts]).double()
        variance = torch.cat([part.logvar for part in parts]).double().exp().mean(0)
        covariance = torch.cov(mu.T, correction=0) + torch.diag(variance)
        return cls(mu.mean(0).float(), torch.linalg.cholesky(covariance).float())

    def place(self, noise: Tensor) -> Tensor:
        """Standard normal rows (batch, latent) to codes of this prior."""
        return self.mean + noise @ self.scale.T

    def log_prob(self, z: Tensor) -> Tensor:
        """log p(z) of codes (..., latent), in nats: (...)."""
        flat = (z - self.mean).reshape(-1, z.shape[-1])
        noise: Tensor = torch.linalg.solve_triangular(self.scale, flat.T, upper=False)
        constant = self.scale.diagonal().log().sum() + 0.5 * z.shape[-1] * math.log(2 * math.pi)
        return (-0.5 * noise.square().sum(0) - constant).view(z.shape[:-1])

    def to(self, device: torch.device) -> "Prior":
        """The same prior on a device."""
        return Prior(self.mean.to(device), self.scale.to(device))
