"""The ratios that benchmarks/serving reports."""

from dataclasses import replace

from benchmarks.serving.comparison import Found
from benchmarks.serving.load import Outcome
from benchmarks.serving.report import Ratios
from benchmarks.serving.servers import OURS, PLAIN, servers
from benchmarks.serving.setting import Setting

LAYER = servers(Setting())


def outcome(rate: float, p50: float = 10.0, p99: float = 20.0) -> Outcome:
    return Outcome(rate, rate, p50, p99, 0.001, 100.0, 0.0, wrong=0, failed={})


def found(shape: str, by_server: dict[str, list[Outcome]]) -> Found:
    return Found(missing={}, outcomes={shape: by_server})


def test_throughput_is_held_against_the_best_peer_of_each_kind() -> None:
    claims = list(
        Ratios(
            found(
                "64 callers",
                {
                    OURS: [outcome(300.0)],
                    "mosec": [outcome(150.0)],
                    "LitServe": [outcome(100.0)],
                    "LitServe, continuous": [outcome(400.0)],
                },
            ),
            LAYER,
        ).layer()
    )
    assert [(claim.value, claim.met) for claim in claims] == [(2.0, True), (0.75, False)]
    assert "(mosec)" in claims[0].what


def test_a_ratio_is_the_median_of_those_within_a_repeat() -> None:
    rates = {OURS: [100.0, 200.0, 900.0], "mosec": [100.0, 100.0, 100.0]}
    runs = {name: [outcome(rate) for rate in own] for name, own in rates.items()}
    (claim,) = Ratios(found("64 callers", runs), LAYER).equal()
    assert claim.value == 2.0


def test_the_best_peer_in_latency_is_the_one_that_ours_is_least_ahead_of() -> None:
    runs = {
        OURS: [outcome(1.0, p99=50.0)],
        "mosec": [outcome(1.0, p99=200.0)],
        "LitServe": [outcome(1.0, p99=80.0)],
    }
    (claim,) = Ratios(found("open 70%", runs), LAYER).layer()
    assert (claim.value, claim.met) == (50.0 / 80.0, False)
    assert "(LitServe)" in claim.what


def test_latency_alone_is_a_difference() -> None:
    runs = {OURS: [outcome(1.0, p50=12.5)], PLAIN: [outcome(1.0, p50=10.0)]}
    (claim,) = Ratios(found("1 caller", runs), LAYER).layer()
    assert (claim.value, claim.met) == (2.5, True)


def test_wrong_answers_of_all_runs_are_summed() -> None:
    bad = replace(outcome(1.0), wrong=2)
    assert found("1 caller", {OURS: [bad, outcome(1.0)], "mosec": [bad]}).wrong == 4
