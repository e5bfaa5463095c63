"""What a session answers to a claim: energies, or what it lacks."""

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
    elsewhere
        M in all cells of that kind, where it is taken in some of them; 0 where it is in all.
    as_well
        The N of what must hold as well, compared with the same M; None where nothing must.
    """

    numerator: float
    denominator: float
    false_label: float = 0.0
    elsewhere: float = 0.0
    as_well: float | None = None


@dataclass(frozen=True)
class Missing:
    """Why a session cannot answer.

    Attributes
    ----------
    what
        What is missing.
    remedy
        The nearest experiment that would answer.
    columns
        Trial columns that it lacks for that.
    wanted
        Of these columns, with which value the trials are asked for.
    declared
        Entries of the mapping file, other than columns of trials, that would say it.
    parts
        What is missing one by one, if it is several things.
    """

    what: str
    remedy: str
    columns: tuple[str, ...] = ()
    wanted: tuple[tuple[str, str | bool], ...] = ()
    declared: tuple[str, ...] = ()
    parts: tuple[Missing, ...] = ()

    @property
    def each(self) -> tuple[Missing, ...]:
        """Return what is missing one by one."""
        return self.parts or (self,)
