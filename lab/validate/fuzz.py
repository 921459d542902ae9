"""Random questions for properties, by hypothesis: what is found is made as small as it can be."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as with_seed
from hypothesis import strategies as st
from hypothesis.configuration import set_hypothesis_home_dir

from lab.host import probe_calls as calls
from lab.host.errors import HostGone
from lab.host.probe_calls import Address, Call

_SCOPES = ("glob", "inpt", "outp", "ptru", "****", "zzzz")
_ELEMENTS = (0, 1, 2, 64, 0xFFFFFFFF)
_ROOMS = (0, 1, 3, 4, 7, 8, 12, 16, 39, 40, 56, 64, 255, 1024, 65536)
_NUMBERS = ("f32", "f64", "u32")


class _FoundError(Exception):
    """A call that was answered wrongly."""


def search(
    complaint: Callable[[Call], str | None],
    *,
    objects: Sequence[int],
    selectors: Sequence[str],
    references: Collection[str],
    seed: int,
    examples: int,
    folder: Path,
) -> str | None:
    """Make random calls until one is answered wrongly.

    Parameters
    ----------
    complaint
        Makes a call, and says what is wrong with the answer; None: nothing is.
    objects, selectors
        IDs, and codes, to draw from; others come, too.
    references
        Selectors whose data is a reference: no bytes are handed over in its place.
    seed
        The same draws the same calls.
    examples
        So many, at most.
    folder
        For files of hypothesis, which else come to lie in the folder of whoever runs this.

    Returns
    -------
    str or None
        What is wrong with the smallest call that was found.

    Raises
    ------
    HostGone
        When the driver crashed or hung: there is nobody to find a smaller call with.
    """
    set_hypothesis_home_dir(folder)
    return _run(_calls_of(objects, selectors, references), complaint, seed, examples)


def _run(
    strategy: st.SearchStrategy[Call],
    complaint: Callable[[Call], str | None],
    number: int,
    examples: int,
) -> str | None:
    gone: list[HostGone] = []

    @with_seed(number)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(strategy)
    def one(call: Call) -> None:
        if gone:
            raise _FoundError  # also when it is tried again
        try:
            said = complaint(call)
        except HostGone as error:
            gone.append(error)
            raise _FoundError from None
        if said is not None:
            raise _FoundError(said)

    try:
        one()
    except _FoundError as found:
        if gone:
            raise gone[0] from None
        return str(found)
    return None


def _calls_of(
    objects: Sequence[int], selectors: Sequence[str], references: Collection[str]
) -> st.SearchStrategy[Call]:
    number = st.sampled_from(objects)
    selector = st.one_of(st.sampled_from(selectors), st.integers(1 << 24, (1 << 32) - 1))
    address = st.builds(Address, selector, st.sampled_from(_SCOPES), st.sampled_from(_ELEMENTS))
    plain = address.filter(lambda one: one.selector not in references)
    known = st.builds(Address, st.sampled_from(sorted(set(selectors) - set(references))))
    return st.one_of(
        st.builds(calls.has, number, address),
        st.builds(calls.is_settable, number, address),
        st.builds(calls.size, number, address),
        st.builds(calls.get, number, plain, st.sampled_from(_ROOMS)),
        st.builds(calls.get, number, known, st.integers(0, 4096)),
        st.builds(calls.get, number, address, st.just(8), cf=st.just(value=True)).filter(
            lambda call: call.members["address"]["selector"] in references
        ),
        st.builds(calls.set_, number, known, st.binary(max_size=64)),
        st.builds(calls.set_, number, known, _typed()),
    )


def _typed() -> st.SearchStrategy[tuple[str, float]]:
    """A number of a type that properties have, also none that is one."""
    numbers = st.floats(width=32)
    return st.one_of(
        st.tuples(st.sampled_from(_NUMBERS[:2]), numbers.map(_on_the_wire)),
        st.tuples(st.just("u32"), st.integers(0, (1 << 32) - 1)),
    )


def _on_the_wire(number: float) -> float:
    return number if number == number and abs(number) != float("inf") else 1e30
