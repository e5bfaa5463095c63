"""The counter-circuits as entries: microcircuits built so that claims must fail on them."""

from __future__ import annotations

from errorneurons.simulate.theories import counter_circuits
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit
from errorneurons.simulate.theories.theory import Theory

INTACT = ErrorMicrocircuit(learning_rates=(0.5, 0.3, 0.15, 0.08))
"""The microcircuit as it is judged; counter-circuits are made of it."""


def _broken(
    name: str,
    description: str,
    circuit: ErrorMicrocircuit,
    trained: ErrorMicrocircuit | None = None,
    *,
    senses_outcomes: bool = False,
) -> Theory:
    return Theory(
        name, name.replace("_", " "), "counter_circuit", description, circuit, trained=trained,
        senses_outcomes=senses_outcomes,
    )  # fmt: skip


COUNTER_CIRCUITS: tuple[Theory, ...] = (
    _broken(
        "absent_target_read_as_zero",
        "The microcircuit, its output's error neurons taking an absent target for 0.",
        counter_circuits.absent_target_read_as_zero(INTACT),
    ),
    _broken(
        "sensory_leak",
        "The trained microcircuit, representation neurons leaking onto error neurons.",
        counter_circuits.sensory_leak(INTACT),
        trained=INTACT,
    ),
    _broken(
        "direct_feedback",
        "The microcircuit, every area's error neurons driven by the teaching area alone.",
        counter_circuits.direct_feedback(INTACT),
    ),
    _broken(
        "teaching_to_representation",
        "The microcircuit, the output's representation neurons nudged by the teaching signal.",
        counter_circuits.teaching_to_representation(INTACT),
    ),
    _broken(
        "ascending_errors",
        "The trained microcircuit, error neurons reaching those of the areas above as well.",
        counter_circuits.ascending_errors(INTACT),
        trained=INTACT,
    ),
    _broken(
        "errors_need_those_below",
        "The microcircuit, errors passing only where error neurons below are not silenced.",
        counter_circuits.errors_need_those_below(INTACT),
    ),
    _broken(
        "mixed_classes",
        "The trained microcircuit, axons between areas reaching neurons of both classes; frozen.",
        counter_circuits.mixed_classes(INTACT),
        trained=INTACT,
    ),
    _broken(
        "drive_through_errors",
        "The microcircuit, its drive arriving only where error neurons are not silenced.",
        counter_circuits.drive_through_errors(INTACT),
    ),
    _broken(
        "every_outcome_teaches",
        "The microcircuit, its output's error neurons taking every outcome for a target.",
        INTACT,
        senses_outcomes=True,
    ),
    _broken(
        "climbing_errors",
        "The trained microcircuit, taught at the bottom, its errors ascending without lookahead.",
        counter_circuits.climbing_errors(INTACT),
        trained=INTACT,
    ),
    _broken(
        "error_as_one_number",
        "The trained microcircuit, all error neurons of its output told the size of its error.",
        counter_circuits.error_as_one_number(INTACT),
        trained=INTACT,
    ),
    _broken(
        "held_output",
        "The trained microcircuit, its output held at the outcome that teaches.",
        counter_circuits.held_output(INTACT),
        trained=INTACT,
    ),
)
