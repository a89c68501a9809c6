"""The benchmark of campaigns on small markets: every figure it promises."""

import json

import pytest

from benchmarks import campaigns


def test_it_prints_every_figure(capsys: pytest.CaptureFixture[str]):
    small = {"runs": 8, "days": 30, "stored-days": 3, "job-days": 4, "problems": 3, "plans": 2, "evaluations": 200}
    campaigns.main([*(word for name, value in small.items() for word in (f"--{name}", str(value))), "--json"])
    figures = json.loads(capsys.readouterr().out)
    assert {f"search.{way}" for way in ("ga", "pso", "random", "grid")} <= set(figures)
    assert figures["regret.learned"] < figures["regret.equal"] / 2
    assert figures["rule_breaks"] == 0
    assert figures["rules.job_sent"] > 0
    assert figures["search.least_points"] >= 1_000_000
    assert figures["search.ga"] > figures["search.random"]
    assert figures["search.pso"] > figures["search.random"]
    assert figures["search.ga_minus_random.low"] <= figures["search.ga_minus_random.high"]
    assert 0 <= figures["plan.inside_interval"] <= 1
