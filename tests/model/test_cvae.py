import math
from dataclasses import replace

import torch
from torch import Tensor, nn

from model.cvae import CVAE, LockedDropout, Posterior, free_bits_kl, multi_hot, run_lstm
from model.tokenizer import BOS, EOS


def _posterior() -> Posterior:
    torch.manual_seed(0)
    return Posterior(torch.randn(3, 4), torch.randn(3, 4))


def _log_density(x: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    return -0.5 * ((x - mean) / scale).square() - scale.log() - 0.5 * math.log(2 * math.pi)


def test_closed_form_kl_is_that_of_the_sampled_distribution() -> None:
    posterior = _posterior()
    draws = torch.stack([posterior.sample() for _ in range(40_000)])
    zero = torch.zeros_like(posterior.mu)
    scale = torch.exp(0.5 * posterior.logvar)
    ratio = _log_density(draws, posterior.mu, scale) - _log_density(draws, zero, zero + 1)
    error = 5 * ratio.std(0) / math.sqrt(len(draws))
    assert ((ratio.mean(0) - posterior.kl()).abs() <= error).all()


def test_sampler_has_the_mean_and_the_spread_of_the_posterior() -> None:
    posterior = _posterior()
    noise = torch.randn(20_000, 3, 4)
    draws = posterior.sample(noise)
    assert torch.allclose(draws.mean(0), posterior.mu, atol=0.1)
    assert torch.allclose(draws.var(0).log(), posterior.logvar, atol=0.1)


def test_free_bits_cost_the_same_below_the_share_and_the_kl_above_it() -> None:
    low, high = torch.full((5, 4), 0.01), torch.full((5, 4), 3.0)
    assert math.isclose(float(free_bits_kl(low, 8.0)), 8.0)
    assert math.isclose(float(free_bits_kl(high, 8.0)), 12.0)


def test_a_row_without_genres_has_the_unknown_genres_condition(cvae: CVAE) -> None:
    none, unknown = multi_hot([[]], 4), multi_hot([[]], 4)
    unknown[0, 0] = 1.0
    zero = torch.zeros(1, dtype=torch.long)
    assert torch.equal(cvae.condition(none, zero, zero), cvae.condition(unknown, zero, zero))


def test_condition_is_the_mean_of_its_genres(cvae: CVAE) -> None:
    zero = torch.zeros(3, dtype=torch.long)
    one, two, both = cvae.condition(multi_hot([[1], [2], [1, 2]], 4), zero, zero)
    assert torch.allclose(both, (one + two) / 2, atol=1e-6)


def test_condition_leaves_its_input_as_it_was(cvae: CVAE) -> None:
    genres, zero = multi_hot([[]], 4), torch.zeros(1, dtype=torch.long)
    cvae.condition(genres, zero, zero)
    assert float(genres.sum()) == 0.0


def test_z_and_a_both_reach_every_step(cvae: CVAE) -> None:
    torch.manual_seed(1)
    tokens = torch.tensor([[BOS, 9, 10, 11]])
    z, a = torch.randn(1, 8), torch.randn(1, cvae.config.condition)
    logits = cvae.decode(tokens, z, a)
    for other in (cvae.decode(tokens, z + 1.0, a), cvae.decode(tokens, z, a + 1.0)):
        assert ((logits - other).abs().amax(2) > 1e-4).all()


def test_a_piece_is_scored_by_what_stands_before_it_only(cvae: CVAE) -> None:
    z, a = torch.zeros(1, 8), torch.zeros(1, cvae.config.condition)
    one = cvae.token_nll(torch.tensor([[BOS, 9, 10, 11, EOS]]), z, a)
    other = cvae.token_nll(torch.tensor([[BOS, 9, 10, 12, EOS]]), z, a)
    assert torch.equal(one[:, :2], other[:, :2])
    assert not torch.equal(one[:, 2:], other[:, 2:])


def test_locked_dropout_blots_out_the_same_channels_at_every_step() -> None:
    torch.manual_seed(0)
    dropped = LockedDropout(0.5)(torch.ones(200, 5, 40))
    assert torch.equal(dropped, dropped[:, :1].expand_as(dropped))
    assert abs(float(dropped.mean()) - 1.0) < 0.05
    assert set(dropped.unique().tolist()) == {0.0, 2.0}


def test_locked_dropout_does_nothing_outside_training() -> None:
    states = torch.ones(2, 3, 4)
    assert torch.equal(LockedDropout(0.5).eval()(states), states)


def test_an_lstm_with_little_dropped_is_nearly_the_whole_one() -> None:
    torch.manual_seed(0)
    lstm, inputs = nn.LSTM(3, 5, batch_first=True), torch.randn(2, 4, 3)
    state = (torch.randn(1, 2, 5), torch.randn(1, 2, 5))
    whole = run_lstm(lstm, inputs, state)
    assert torch.allclose(run_lstm(lstm, inputs, state, 1e-9), whole, atol=1e-6)
    assert not torch.allclose(run_lstm(lstm, inputs, state, 0.5), whole, atol=1e-3)


def test_recurrent_weights_are_dropped_in_training_alone(cvae: CVAE) -> None:
    torch.manual_seed(1)
    dropped = CVAE(replace(cvae.config, dropout=0.0, weight_dropout=0.5))
    tokens = torch.tensor([[BOS, 9, 10, 11]])
    z, a = torch.randn(1, 8), torch.randn(1, cvae.config.condition)
    first, second = (dropped.train().decode(tokens, z, a) for _ in range(2))
    assert not torch.equal(first, second)
    still, again = (dropped.eval().decode(tokens, z, a) for _ in range(2))
    assert torch.equal(still, again)
