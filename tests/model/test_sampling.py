import torch

from model.sampling import Kind, choose, likeliest, noise, normal, uniform


def _choose(
    logits: torch.Tensor, temperature: float = 1.0, top_k: int = 0, top_p: float = 1.0
) -> torch.Tensor:
    rows, pieces = logits.shape
    kind = Kind.LIMITED if top_k or top_p < 1.0 else Kind.DRAWN
    return choose(
        logits,
        {kind},
        kind=torch.full((rows,), kind.value),
        temperature=torch.full((rows,), temperature),
        top_p=torch.full((rows,), top_p),
        lowest=torch.full((rows,), (top_k or pieces) - 1),
        number=noise(torch.arange(rows), 1)[:, 0],
    )


def test_draws_follow_the_probabilities() -> None:
    probabilities = torch.tensor([0.5, 0.3, 0.15, 0.05])
    drawn = _choose(probabilities.log().expand(40_000, 4))
    shares = torch.bincount(drawn, minlength=4) / 40_000
    assert torch.allclose(shares, probabilities, atol=0.012)


def test_temperature_sharpens_as_the_power_of_the_probabilities() -> None:
    probabilities = torch.tensor([0.5, 0.3, 0.2])
    drawn = _choose(probabilities.log().expand(40_000, 3), temperature=0.5)
    expected = probabilities.square() / probabilities.square().sum()
    assert torch.allclose(torch.bincount(drawn, minlength=3) / 40_000, expected, atol=0.012)


def test_top_k_draws_from_the_k_likeliest_only() -> None:
    logits = torch.tensor([0.1, 0.4, 0.3, 0.2]).log().expand(2_000, 4)
    assert set(_choose(logits, top_k=2).tolist()) == {1, 2}


def test_top_p_draws_from_the_smallest_set_that_reaches_p() -> None:
    logits = torch.tensor([0.1, 0.4, 0.3, 0.2]).log().expand(2_000, 4)
    assert set(_choose(logits, top_p=0.6).tolist()) == {1, 2}
    assert set(_choose(logits, top_p=0.01).tolist()) == {1}


def test_uniform_numbers_fill_the_open_interval_evenly() -> None:
    numbers = uniform(torch.arange(50_000))
    assert float(numbers.min()) > 0.0
    assert float(numbers.max()) < 1.0
    assert torch.allclose(
        torch.histc(numbers, 10, 0, 1) / 50_000, torch.full((10,), 0.1), atol=0.01
    )


def test_normal_rows_are_standard_and_uncorrelated() -> None:
    rows = normal(torch.arange(20_000), 6)
    assert torch.allclose(rows.mean(0), torch.zeros(6), atol=0.03)
    assert torch.allclose(torch.cov(rows.T), torch.eye(6), atol=0.04)


def test_forbidden_pieces_are_never_drawn() -> None:
    logits = torch.zeros(5_000, 6)
    logits[:, [0, 2, 5]] = -torch.inf
    for limits in ({}, {"top_k": 6}, {"top_p": 0.999}):
        assert set(_choose(logits.clone(), **limits).tolist()) == {1, 3, 4}


def test_rows_of_all_kinds_choose_what_they_choose_apart() -> None:
    torch.manual_seed(1)
    logits, rows = torch.randn(40, 600), torch.arange(40)
    wants: dict[str, torch.Tensor] = {
        "kind": rows % 4,
        "temperature": torch.rand(40) + 0.1,
        "top_p": torch.where(rows % 2 == 0, 1.0, 0.7),
        "lowest": rows % 3 * 4,
        "number": noise(rows, 7)[:, 6],
    }
    together = choose(logits, set(Kind), **wants)
    greedy = rows % 4 == Kind.GREEDY.value
    assert torch.equal(together[greedy], logits[greedy].argmax(1))
    for i in range(40):
        kind = Kind(i % 4)
        alone = choose(logits[i : i + 1], {kind}, **{k: v[i : i + 1] for k, v in wants.items()})
        assert alone == together[i]


def test_a_rows_noise_is_its_own_and_goes_on_where_it_was() -> None:
    numbers = noise(torch.arange(5), 40)
    assert torch.equal(noise(torch.tensor([3]), 60)[0, :40], numbers[3])
    assert len(set(numbers.flatten().tolist())) == numbers.numel()


def test_the_likeliest_pieces_are_those_of_a_whole_sort() -> None:
    torch.manual_seed(0)
    for width in (500, 1024):  # looked at one by one, and in groups
        logits = torch.randn(20, width)
        logits[:, 3] = -torch.inf
        scores, pieces = likeliest(logits, 30)
        assert torch.allclose(scores, logits.topk(30, dim=1).values, rtol=2e-4)
        assert torch.equal(logits.gather(1, pieces), scores)
        assert all(len(set(row)) == 30 for row in pieces.tolist())
