"""Cart-pole: networks that imitate a linear controller, and then balance the pole themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal, cast

import xarray as xr

from errorneurons.simulate.published.result import (
    Case,
    Effort,
    Figure,
    PublishedResult,
    ResultPlot,
    barred_from,
)
from errorneurons.simulate.tasks.cart_pole import (
    CONTROLLERS,
    TASK,
    CartPole,
    cart_pole,
    cart_pole_rival,
)
from errorneurons.simulate.tasks.cart_pole import cart_pole_learner as learner
from errorneurons.simulate.theories.error_microcircuit import ErrorMicrocircuit

HIDDEN = {"linear": "linear, ideal laterals", "tanh": "tanh, noisy laterals"}
_OWN_STEP = "tanh, at its own step"
_PENALTIES = {
    "linear": (260.5, 35.0, 8.5, 5.0, 5.0), "tanh": (325.0, 105.5, 16.0, 17.0, 31.0),
}  # fmt: skip
_FINAL = {"linear": (5.0, 3.0, 7.75), "tanh": (17.0, 8.25, 29.25)}


def _joining(theory: str, _: Effort) -> tuple[Case, ...]:
    return (Case(f"{theory}-tanh", theory, _OWN_STEP, ("tanh",)),)


def _cases(effort: Effort) -> tuple[Case, ...]:
    own = tuple(
        Case(f"{theory}-{hidden}", theory, words, (hidden,))
        for hidden, words in HIDDEN.items()
        for theory in CONTROLLERS
    )
    return (*own, *(case for name in TASK.rivals for case in _joining(name, effort)))


def balanced(case: Case, effort: Effort, seed: int) -> xr.Dataset:
    """Return penalties, and how the pole stands in the final test, see `cart_pole`."""
    hidden = cast("Literal['linear', 'tanh']", case.how[0])
    task = replace(CartPole(), epochs=effort.epochs)
    joined = case.condition == _OWN_STEP
    circuit = cart_pole_rival(case.source) if joined else learner(case.theory, hidden)
    return cart_pole(circuit, seed, range(effort.networks), task)


RESULT = PublishedResult(
    "cart_pole",
    "Balancing a pole on a cart",
    "Max et al. 2026, doi:10.1371/journal.pcbi.1014164, Fig. 2a",
    "Networks of four inputs, four hidden neurons and one output imitate a linear controller of a "
    "pole on a cart, and are put in its place after each epoch.",
    _cases,
    balanced,
    Effort(10, 5),
    Effort(3, 2),
    (
        *(
            ResultPlot(
                f"Failures, {words}", "penalty", "ticks with failure of 19,999", "epoch", "epoch",
                conditions=(words,), scale="log",
            )
            for words in (*HIDDEN.values(), _OWN_STEP)
        ),
        ResultPlot(
            "The pole in the final test", "tilt", "angle from upright [deg]", "time", "time [s]",
            conditions=(HIDDEN["linear"],), each=True,
        ),
    ),
    {
        "penalty": "ticks with failure after each epoch",
        "score": "ticks with failure in the final test",
        "controller": "the same of the linear controller",
    },
    (
        *(
            Figure(f"{ErrorMicrocircuit.theory}-{hidden}", "penalty", value, at={"epoch": epoch})
            for hidden, values in _PENALTIES.items()
            for epoch, value in enumerate(values, start=1)
        ),
        *(
            Figure(f"{ErrorMicrocircuit.theory}-{hidden}", "score", *values)
            for hidden, values in _FINAL.items()
        ),
        Figure(f"{ErrorMicrocircuit.theory}-linear", "controller", 5.0),
    ),
    differs="Carts start elsewhere, and so does the controller that fails with them. Theories "
    "that the experiment was not published with are as in the report, with 100 ms of each state "
    "and then 100 ms with its force, and all 10 steps of a tick of the plant. Bursts are bounded: "
    "they cannot push as hard as the controller at times does. Adaptation and gain learn nothing.",
    cannot=barred_from("cart_pole"),
    joins=_joining,
)  # fmt: skip
