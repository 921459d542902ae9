"""What holds for all unit tests."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# How long an example takes is the machine's affair: nothing is judged by it. All else is as the
# profile in force says, hypothesis's own one for CI included.
settings.register_profile(
    "hal-lab", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("hal-lab")
