"""Theories, what is done to them, and the engine; emits sessions, knows no measure and no claim.

The package can be called: ``errorneurons.simulate("supervised_pc", "novelty")`` puts a theory
through an experiment and returns its sessions one by one, see `variants.simulated`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import xarray as xr


class _Callable(ModuleType):
    """A package and a verb at once: both have the name ``errorneurons.simulate``."""

    def __call__(
        self,
        theory: str,
        experiment: str,
        animals: int = 4,
        seed: int = 1,
        *,
        ablation: str = "intact",
        connectivity: str | None = None,
        layers: str | Sequence[int] | None = None,
        repeats: int = 5,
        instrument: str | None = None,
    ) -> Iterator[xr.Dataset]:
        """Put a theory through an experiment; parameters as those of `variants.simulated`."""
        from errorneurons.simulate.variants import simulated

        return simulated(
            theory, experiment, animals, seed, ablation=ablation, connectivity=connectivity,
            layers=layers, repeats=repeats, instrument=instrument,
        )  # fmt: skip


sys.modules[__name__].__class__ = _Callable
