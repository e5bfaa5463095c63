"""Parts of the error microcircuit: what goes together, what replaces what, and what is refused."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.kernels import kernels
from errorneurons.simulate.theories import error_axons, error_parts
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.error_parts import (
    FlooredErrors,
    LowPassed,
    NoisyWeights,
    PairedErrors,
    SensoryLeak,
    Ungated,
    WithoutLookahead,
)
from errorneurons.simulate.theories.error_places import CircuitPart

PAPER = ErrorMicrocircuit()
PARTS = [
    part for part in {**vars(error_axons), **vars(error_parts)}.values()
    if isinstance(part, type) and issubclass(part, CircuitPart) and part().name
]  # fmt: skip


def test_a_part_takes_the_place_of_another_of_its_place() -> None:
    circuit = PAPER.having(SensoryLeak(0.1), PairedErrors())
    assert circuit.having(SensoryLeak(0.2)).parts == (SensoryLeak(0.2), PairedErrors())
    assert circuit.having(FlooredErrors(0.1)).parts == (SensoryLeak(0.1), FlooredErrors(0.1))


def test_two_parts_of_one_place_are_refused() -> None:
    with pytest.raises(ValueError, match="of error_microcircuit has coding 2 times; give one part"):
        ErrorMicrocircuit(parts=(PairedErrors(), FlooredErrors(0.1)))


def test_both_roles_may_be_without_lookahead() -> None:
    places = [part.place for part in PAPER.without("lookahead").parts]
    assert places == ["no_lookahead of representation", "no_lookahead of error"]


def test_a_part_that_is_taken_away_again_leaves_the_paper() -> None:
    assert PAPER.having(Ungated()).lacking(Ungated) == PAPER


def test_where_a_circuit_comes_from_names_its_parts() -> None:
    said = asdict(PAPER.having(Ungated(), SensoryLeak(0.1)))["parts"]
    assert said == ({"name": "no_phi_prime"}, {"name": "sensory_leak", "strength": 0.1})


def test_every_part_has_a_name_of_its_own() -> None:
    names = [part().name for part in PARTS]
    assert len(set(names)) == len(names) > 10


@dataclass(frozen=True)
class _Doubled(CircuitPart):
    name: str = field(default="doubled", init=False)

    def gate(self, slope: Any) -> Any:
        return 2 * slope


def test_the_kernel_refuses_a_part_that_it_does_not_know() -> None:
    with pytest.raises(ValueError, match="the engine knows no doubled; use the theory's own step"):
        kernels.port(PAPER.having(_Doubled()))


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (SensoryLeak(np.full((2, 1, 1), 0.1)), "takes one sensory_leak for all networks, not 2"),
        (NoisyWeights(0.3), "knows no weight_noise, which is 0.3; add it to W and take its"),
    ],
)
def test_the_kernel_refuses_what_it_cannot_do_of_a_part(part: CircuitPart, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kernels.port(PAPER.having(part))


@pytest.mark.parametrize(
    ("part", "message"),
    [
        (SensoryLeak(-0.1), "sensory_leak of error_microcircuit is -0.1; give a value of 0 or mor"),
        (LowPassed(0.0), r"low_pass of error_microcircuit is 0.0; give a time constant above 0"),
        (WithoutLookahead("error", ("area 9",)), "no_lookahead of error of error_.* 'area 9'"),
    ],
    ids=lambda x: getattr(x, "name", ""),
)
def test_an_impossible_part_is_refused(part: CircuitPart, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        PAPER.having(part)
