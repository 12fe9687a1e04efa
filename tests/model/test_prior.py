import torch
from torch.distributions import MultivariateNormal

from model.cvae import Posterior
from model.prior import Prior


def _posterior() -> Posterior:
    generator = torch.Generator().manual_seed(1)
    turn = torch.randn(3, 3, generator=generator)
    mu = torch.randn(4000, 3, generator=generator) @ turn + 1.0
    return Posterior(mu, torch.full((4000, 3), -1.0))


def test_the_fit_has_the_moments_of_the_aggregated_posterior() -> None:
    torch.manual_seed(0)
    posterior = _posterior()
    prior = Prior.fit(
        [
            Posterior(posterior.mu[:1000], posterior.logvar[:1000]),
            Posterior(posterior.mu[1000:], posterior.logvar[1000:]),
        ]
    )
    drawn = torch.cat([posterior.sample() for _ in range(20)])
    assert torch.allclose(prior.mean, drawn.mean(0), atol=0.02)
    assert torch.allclose(prior.scale @ prior.scale.T, torch.cov(drawn.T), atol=0.05)


def test_codes_are_placed_with_the_priors_moments() -> None:
    torch.manual_seed(0)
    prior = Prior.fit([_posterior()])
    codes = prior.place(torch.randn(100_000, 3))
    assert torch.allclose(codes.mean(0), prior.mean, atol=0.02)
    assert torch.allclose(torch.cov(codes.T), prior.scale @ prior.scale.T, atol=0.05)


def test_the_density_is_that_of_the_gaussian() -> None:
    prior = Prior.fit([_posterior()])
    z = torch.randn(2, 5, 3)
    gaussian = MultivariateNormal(prior.mean, scale_tril=prior.scale)
    expected = gaussian.log_prob(z)  # type: ignore[no-untyped-call]  # torch's own
    assert torch.allclose(prior.log_prob(z), expected, atol=1e-4)


def test_the_standard_prior_changes_nothing() -> None:
    noise = torch.randn(4, 3)
    assert torch.equal(Prior.standard(3).place(noise), noise)
