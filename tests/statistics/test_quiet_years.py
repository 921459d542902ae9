"""Simulated years, judged online with re-runs: quiet ones stay quiet, planted changes are found."""

from __future__ import annotations

import numpy as np
import pytest

from lab.statistics import Policy
from lab.statistics.simulation import MODELS, Plant, simulate

pytest.importorskip("scipy")


@pytest.mark.parametrize("model", MODELS)
def test_of_a_few_quiet_years_each_has_at_most_one_false_alarm(model: str) -> None:
    years = simulate(model, years=4, seed=20)
    assert years.alarms_per_year().max() <= 1


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("model", MODELS)
def test_of_a_hundred_quiet_years_each_has_at_most_one_false_alarm(model: str) -> None:
    years = simulate(model, years=100, seed=3)
    assert years.alarms_per_year().shape == (100,)
    assert years.alarms_per_year().max() <= 1


@pytest.mark.parametrize(
    ("model", "factor", "rate", "share"),
    [("normal", 1.15, None, 0.9), ("spikes", 1.4, None, 0.9), ("poisson", 3.0, 5.0, 0.95)],
)
def test_a_planted_change_is_found_in_most_series_near_its_night(
    model: str, factor: float, rate: float | None, share: float
) -> None:
    plant = Plant(night=150, factor=factor)
    years = simulate(model, years=2, nights=190, seed=5, plant=plant, base_rate=rate)
    found = [told for told in years.alarms if told.raised >= plant.night]
    assert len({told.row for told in found}) >= share * 40
    assert np.mean([abs(told.since - plant.night) <= 1 for told in found]) >= 0.8


def test_without_re_runs_spikes_would_be_alarms(monkeypatch: pytest.MonkeyPatch) -> None:
    from lab.statistics import simulation

    monkeypatch.setattr(simulation, "confirm", lambda change, *_, **__: change)
    assert simulate("spikes", years=1, seed=20).changes_per_year()[0] > 10


def test_a_budget_for_one_night_is_overdrawn_in_a_year() -> None:
    careless = Policy(series=1, nights=1, false_alarms=1.0, p_rerun=0.2)
    years = simulate("poisson", years=2, seed=1, policy=careless)
    assert years.alarms_per_year().max() > 1


def test_the_unfit_nights_would_be_alarms_if_they_were_judged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from lab.statistics import simulation

    world = simulation._world

    def all_fit(*told: object) -> object:
        made = world(*told)  # type: ignore[arg-type]
        made.fit[:] = True
        return made

    monkeypatch.setattr(simulation, "_world", all_fit)
    assert simulate("unfit", years=1, seed=20).changes_per_year()[0] > 1


def test_the_same_seed_gives_the_same_years_and_no_model_of_another_name() -> None:
    once, again = (simulate("spikes", years=1, seed=8) for _ in range(2))
    assert (once.alarms, once.suspicions) == (again.alarms, again.suspicions)
    with pytest.raises(ValueError, match="no model"):
        simulate("loud", years=1)
