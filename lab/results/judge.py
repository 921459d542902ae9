"""What a run is worth: its measurements against their limits."""

from __future__ import annotations

from lab.results.records import HostFitness, Measurement, Verdict


def judge(
    measurements: list[Measurement], fitness: HostFitness | None = None
) -> tuple[Verdict, str]:
    """The verdict on a list of measurements.

    Parameters
    ----------
    measurements
        All of a run.
    fitness
        Of the machine; None counts as fit.

    Returns
    -------
    verdict : Verdict
    reason : str
        Empty for a pass.
    """
    failed = [m for m in measurements if m.verdict is Verdict.FAIL]
    hard = [m for m in failed if not m.wall_clock]
    if hard:
        return Verdict.FAIL, "; ".join(_broken(m) for m in hard)
    if failed and fitness is not None and fitness.reasons:
        return Verdict.UNFIT_MACHINE, f"{_broken(failed[0])}, but {fitness.reasons[0]}"
    if failed:
        return Verdict.FAIL, "; ".join(_broken(m) for m in failed)
    close = [m for m in measurements if m.verdict is Verdict.MARGINAL]
    if close:
        return Verdict.MARGINAL, "; ".join(f"close: {_broken(m)}" for m in close)
    return Verdict.PASS, ""


def _broken(m: Measurement) -> str:
    sign = "<=" if m.better == "lower" else ">="
    unit = f" {m.unit}" if m.unit else ""
    return f"{m.name} {m.value:g}{unit}, limit {sign} {m.limit:g}{unit}"
