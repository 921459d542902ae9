"""Without SciPy the package loads, and says in one line what to install."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from lab.errors import MissingError
from lab.statistics import compare_counts
from lab.statistics.special import scipy_special


@pytest.fixture
def no_scipy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    scipy_special.cache_clear()
    monkeypatch.setitem(sys.modules, "scipy", None)
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    yield
    scipy_special.cache_clear()


@pytest.mark.usefixtures("no_scipy")
def test_what_is_missing_and_how_to_install_it_is_one_line() -> None:
    with pytest.raises(MissingError, match=r"pip install 'hal-lab\[nightly\]'") as told:
        compare_counts(1, 1.0, 2, 1.0)
    assert "\n" not in str(told.value)
