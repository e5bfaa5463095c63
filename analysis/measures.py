"""Measures of activity, each a function of one session."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Effect:
    """The energies that one session gives to a claim.

    Attributes
    ----------
    numerator
        N, the cross-validated energy of the response in question.
    denominator
        M, the cross-validated energy it is compared with.
    false_label
        N_R, the same energy as N in the unlabelled cells: what falsely labelled cells add to N.
    """

    numerator: float
    denominator: float
    false_label: float = 0.0


@dataclass(frozen=True)
class Missing:
    """Why a session cannot answer: what is missing, and the nearest experiment that would."""

    what: str
    remedy: str
