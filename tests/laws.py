"""Laws of which every example is slow: few are tried each time, ten times as many when somebody looks for new ones."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

ALLOWED = (
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.function_scoped_fixture,
    HealthCheck.large_base_example,
    HealthCheck.too_slow,
)


def slow_law(examples: int) -> settings:
    """So many examples; ten times as many with ``--hypothesis-profile=search``."""
    times = settings.default.max_examples // 100
    return settings(
        max_examples=examples * times,
        suppress_health_check=ALLOWED,
    )
