"""Theories of cortical error signalling, recordings, and the same tests for both.

>>> import errorneurons as en
>>> en.CLAIMS["P02"].sentence
'Error cells stay silent when novel input comes on and nothing teaches.'

========================================= ===================================================
`open(path, mapping)`                     a recording -> a collection of sessions
`simulate(theory, experiment)`            a theory -> its sessions, one by one
`sweep(theories, ablations, ...)`         theories x ablations x connectivity x sizes -> activity
`judge(sessions)`                         sessions -> one verdict a claim
`weigh(sessions)`                         sessions -> the theories that could have given them
`plan(theories)`                          how many animals, cells and trials settle it
`ablate(theory, ablations)`               what each part of a circuit is for
`reproduce(name)`                         a published result, obtained again
`THEORIES`, `EXPERIMENTS`, `CLAIMS`       what there is, by name
========================================= ===================================================

`errorneurons.simulate` runs circuits, `errorneurons.analysis` reads and measures activity,
`errorneurons.predictions` holds claims that can fail and writes reports. Nothing of them is
imported before it is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from errorneurons.analysis.door import open_recording as open  # noqa: A004
    from errorneurons.predictions.claims.claim import Claim
    from errorneurons.predictions.judging.verdicts import verdict_table as judge
    from errorneurons.predictions.studies.asked import ablation_effects as ablate
    from errorneurons.predictions.studies.asked import design_points as plan
    from errorneurons.predictions.studies.asked import evidence_from as weigh
    from errorneurons.predictions.studies.published import obtained_again as reproduce
    from errorneurons.predictions.studies.sweep import swept as sweep
    from errorneurons.simulate.catalogue import Catalogue
    from errorneurons.simulate.experiments.experiment import Experiment
    from errorneurons.simulate.theories.registry import Theory
    from errorneurons.simulate.variants import simulated as simulate

    THEORIES: Catalogue[Theory]
    EXPERIMENTS: Catalogue[Experiment]
    CLAIMS: Catalogue[Claim]

__version__ = "0.1.0"
__all__ = [
    "CLAIMS", "EXPERIMENTS", "THEORIES", "ablate", "judge", "open", "plan", "reproduce", "simulate",
    "sweep", "weigh",
]  # fmt: skip

_VERBS = {
    "open": ("analysis.door", "open_recording"),
    "judge": ("predictions.judging.verdicts", "verdict_table"),
    "sweep": ("predictions.studies.sweep", "swept"),
    "weigh": ("predictions.studies.asked", "evidence_from"),
    "plan": ("predictions.studies.asked", "design_points"),
    "ablate": ("predictions.studies.asked", "ablation_effects"),
    "reproduce": ("predictions.studies.published", "obtained_again"),
}
"""What is handed on: name -> module and name there. `simulate` is the package of that name."""
_REGISTRIES = {
    "THEORIES": ("simulate.theories.registry", "theory", "name", "description"),
    "EXPERIMENTS": ("simulate.experiments.registry", "experiment", "name", "description"),
    "CLAIMS": ("predictions.claims.registry", "claim", "key", "sentence"),
}
"""Registries: name -> module, its look-up, and the fields that name and describe an entry."""


def __getattr__(name: str) -> Any:
    """Import what is asked for, now that it is asked for."""
    if name in _VERBS:
        module, function = _VERBS[name]
        found = getattr(import_module(f"{__name__}.{module}"), function)
    elif name in _REGISTRIES:
        from errorneurons.simulate.catalogue import Catalogue

        place, find, key, text = _REGISTRIES[name]
        registry = import_module(f"{__name__}.{place}")
        entries = getattr(registry, name)
        said = {getattr(e, key): getattr(e, text) for e in entries}
        found = Catalogue(getattr(registry, find), dict(zip(said, entries, strict=True)), said)
    elif name == "simulate":
        return import_module(f"{__name__}.simulate")
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    """Return the names of the face."""
    return [*__all__, "__version__"]
