"""What a recording costs, in animals that are recorded on one day with nothing done to them.

The costs of `MANIPULATIONS` are guesses: silencing asks for a second virus and light, driving cells
that were chosen for holography, another experiment for more days. Whoever plans knows better.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping

from errorneurons.predictions.claims.registry import MANIPULATIONS
from errorneurons.simulate.refusing import in_short, known


def check_costs(costs: Mapping[str, float]) -> None:
    """Refuse costs of what cannot be done, and costs that are none.

    Parameters
    ----------
    costs
        Name of one of `MANIPULATIONS` -> what it adds to the cost of an animal.

    Raises
    ------
    ValueError
        If a name is unknown, or a cost is no number of 0 or more.
    """
    for name, cost in dict[str, object](costs).items():
        known("manipulation", name, MANIPULATIONS)
        if not isinstance(cost, int | float) or not math.isfinite(cost) or cost < 0:
            raise ValueError(
                f"the cost of {name} is {in_short(cost)}; give a number of 0 or more: what it adds "
                "to the cost of an animal, of which recording alone is 1"
            )


def added_cost(manipulations: Collection[str], costs: Mapping[str, float]) -> float:
    """Return what manipulations, or other experiments, add to the cost of an animal.

    Parameters
    ----------
    manipulations
        Names of `MANIPULATIONS`.
    costs
        Those that are not as guessed, see `check_costs`.
    """
    return float(sum(costs.get(name, MANIPULATIONS[name].cost) for name in {*manipulations}))
