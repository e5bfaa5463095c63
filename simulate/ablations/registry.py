"""The registry of ablations: for a new one, a function in `ablations.changes` and an entry here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from errorneurons.simulate.ablations import changes as ablations
from errorneurons.simulate.refusing import entry
from errorneurons.simulate.tasks.registry import intact
from errorneurons.simulate.tasks.registry import task as task_named
from errorneurons.simulate.tasks.registry import why_not as cannot_learn
from errorneurons.simulate.theories import counter_circuits, registry
from errorneurons.simulate.theories.error_places import Neurons
from errorneurons.simulate.theories.registry import THEORIES
from errorneurons.simulate.theories.synonyms import ABLATIONS_CALLED, CALLED

_Measure = Literal["learning", "inference", "error", "change"]

VARIANTS = {t.name: t.variant_of for t in THEORIES if t.variant_of}
NULLS = tuple(t.name for t in THEORIES if t.circuit.carrier == "none" and not t.family)
LEARNERS = tuple(t.name for t in THEORIES if t.name not in (*NULLS, *VARIANTS))


def _family(*names: str) -> tuple[str, ...]:
    """Return the theories of some families."""
    return tuple(t.name for t in THEORIES if t.name in LEARNERS and t.family in names)


EMC = _family("error microcircuit")
_APICAL = _family("tufts")
SUPERVISED = _family("supervised PC")
PREDICTIVE = _family("supervised PC", "descending PC")
BURSTS = _family("bursts")
MISMATCH = _family("mismatch")
_CONTROLLED = _family("feedback control")
_HEARD_FROM_ABOVE = (*EMC, *SUPERVISED, *BURSTS, *_CONTROLLED)
"""Theories whose hidden areas know nothing of an outcome but what is sent down to them."""
FREEZABLE = tuple(
    t.name
    for t in THEORIES
    if t.name in LEARNERS and {"learning_rates", "frozen"} & set(vars(t.circuit))
)
"""Theories whose areas have rates of their own, or can be named as frozen."""

_HIDDEN, _ALL = ("hidden",), ("all",)


def _with_route(name: str) -> tuple[str, ...]:
    """Return the theories in whose circuits a route of that name can be cut."""
    own = (t for t in THEORIES if t.name in LEARNERS)
    return tuple(t.name for t in own if ablations.lets_cut(t.circuit, name))


@dataclass(frozen=True)
class Demand:
    """What the equations demand of an ablation, to rounding.

    Attributes
    ----------
    measure
        ``"learning"``, the share of loss removed; ``"inference"``, the energy by which the output
        without teaching moves; ``"error"``, the error's amplitude over the intact one;
        ``"change"``, the size of the change of synapses over the intact one.
    value
        What it must be in every network.
    theories
        Of which theories.
    areas
        In which areas: ``"all"``, ``"hidden"``, that is all but the output, or names; none for
        learning and inference.
    """

    measure: _Measure
    value: float
    theories: tuple[str, ...]
    areas: tuple[str, ...] = ()

    def concerns(self, measure: str, area: str, areas: Sequence[str]) -> bool:
        """Return whether it is about a measure in one of the areas of a circuit, lowest first."""
        if measure != self.measure:
            return False
        hidden = "hidden" in self.areas and area in areas[:-1]
        return not area or hidden or "all" in self.areas or area in self.areas


@dataclass(frozen=True)
class Ablation:
    """One thing taken away from a circuit, or wired differently.

    Attributes
    ----------
    name
        Identifier.
    label
        As written in figures.
    apply
        From circuit to circuit.
    theories
        Where it makes sense.
    otherwise
        Why not elsewhere, where a theory itself does not say it (`Theory.lacks`): what follows
        the name of the theory in a sentence.
    acute
        Whether it can be done to trained synapses; otherwise only before learning.
    cut
        What a drawing marks: ``"E->E"``, ``"E->R"``, ``"R->R"``, ``"E"``, ``"R"``, ``"I"``,
        ``"plasticity 2"`` or a skip route, ``"1->3"``.
    expects
        In a sentence, what the equations lead one to expect.
    demands
        What they demand exactly.
    """

    name: str
    label: str
    apply: Callable[[Any], Any]
    theories: tuple[str, ...]
    otherwise: str
    acute: bool
    cut: tuple[str, ...]
    expects: str
    demands: tuple[Demand, ...] = ()

    @property
    def sentence(self) -> str:
        """The equation that changes: the first sentence of the function's documentation."""
        function = self.apply.func if isinstance(self.apply, partial) else self.apply
        values = self.apply.keywords if isinstance(self.apply, partial) else {}
        return str(function.__doc__).partition("\n")[0].format(**values)

    @property
    def lesion(self) -> bool:
        """Whether what `cut` names is gone, and not only other than it was."""
        return self.acute or any("->" in mark and mark[0].isdigit() for mark in self.cut)

    def why_not(self, theory: str, task: str = "association") -> str | None:
        """Return why it makes no sense for a theory in a task, None if it does."""
        if theory in NULLS:
            return f"{theory} is a null: it has no errors and learns no outcomes"
        cannot = cannot_learn(theory, task)
        if cannot is not None:
            return f"{theory} in {task}: {cannot}"
        if theory not in self.theories:
            return f"{theory} {registry.theory(theory).lacks.get(self.name, self.otherwise)}"
        whole = intact(theory, task)
        if ablations.same(whole, self.apply(whole)):
            areas = len({p.area for p in whole.populations if p.role == "representation"})
            return f"{theory} in {task}: a circuit of {areas} areas has nothing that it changes"
        return None


NO_ROUTE = "has no such route that could be cut"
CHAIN = "is a strict hierarchy: what an area subtracts or predicts belongs to the next area only"
NO_LOOKAHEAD = "has no lookahead to switch off"
OWN_FEEDBACK = "sends errors through the synapses that predict, and has no others to draw"

SETTLED = (
    Demand("inference", 0.0, EMC),
    Demand("error", 1.0, EMC, _ALL),
    Demand("change", 1.0, EMC, _ALL),
)


def _frozen(level: int) -> Ablation:
    area = (f"area {level}",)
    demands = (
        Demand("change", 0.0, (*EMC, *SUPERVISED, *_APICAL, *BURSTS, *_CONTROLLED), area),
        Demand("inference", 0.0, FREEZABLE),
        Demand("error", 1.0, (*EMC, *PREDICTIVE, *BURSTS, *MISMATCH), _ALL),
    )
    return Ablation(
        f"frozen_area_{level}", f"no plasticity in area {level}",
        partial(ablations.frozen_area, level=level), FREEZABLE,
        "has one learning rate for all areas, and no field `frozen`", True,
        (f"plasticity {level}",),
        f"Synapses of area {level} keep their start; activity and errors of a trained network are "
        "untouched.",
        demands,
    )  # fmt: skip


def _silenced(kind: str, expects: str) -> Ablation:
    return Ablation(
        f"{kind.lower()}_off", f"{kind} cells off",
        partial(ablations.silent_interneurons, kind=kind), MISMATCH,
        f"has no {kind} cells", True, ("I",), expects,
    )  # fmt: skip


def _skip(source: int, target: int) -> Ablation:
    return Ablation(
        f"no_skip_{source}_{target}", f"no skip route {source} to {target}",
        partial(ablations.skip_route_cut, source=source, target=target), EMC, CHAIN, False,
        (f"{source}->{target}",),
        "Errors and representations take the way through the areas between; learning goes on.",
    )  # fmt: skip


def _ratio(
    name: str, label: str, ratio: float, expects: str, demands: tuple[Demand, ...] = ()
) -> Ablation:
    return Ablation(
        name, label, partial(ablations.error_neurons_per_representation, ratio=ratio), EMC,
        "has one error per representation neuron by definition", False, ("E",), expects, demands,
    )  # fmt: skip


def _variable(role: Neurons, letter: str, expects: str) -> Ablation:
    return Ablation(
        f"variable_{role}_neurons", f"{letter} neurons vary by 0.3",
        partial(ablations.variable_neurons, role=role), EMC,
        "has no variability of its neurons in this package", True, (letter,), expects,
    )  # fmt: skip


ABLATIONS: tuple[Ablation, ...] = (
    Ablation(
        "no_error_feedback", "no error-to-error feedback", ablations.no_error_feedback,
        _with_route("error_feedback"), NO_ROUTE, True, ("E->E",),
        "Below the top no area hears of an error: with the outcome's error descending, hidden "
        "errors are exactly 0 and hidden synapses do not change. Only the output learns. Apical "
        "dendrites keep their inhibition, which nothing balances.",
        (
            Demand("error", 0.0, _HEARD_FROM_ABOVE, _HIDDEN),
            Demand("change", 0.0, _HEARD_FROM_ABOVE, _HIDDEN),
            Demand("inference", 0.0, _HEARD_FROM_ABOVE),
        ),
    ),
    Ablation(
        "no_error_to_representation", "no error-to-representation",
        ablations.no_error_to_representation, _with_route("error_to_representation"), NO_ROUTE,
        True, ("E->R",),
        "Plasticity compares a soma with its basal drive, and without apical drive the two are "
        "equal: nothing is learnt (in dendritic theories by hidden areas), and inference is "
        "untouched. In predictive coding the same route carries the representation itself.",
        (
            Demand("learning", 0.0, (*EMC, *_CONTROLLED)),
            Demand("change", 0.0, (*EMC, *_CONTROLLED), _ALL),
            Demand("change", 0.0, _APICAL, _HIDDEN),
            Demand("inference", 0.0, (*EMC, *_CONTROLLED)),
        ),
    ),
    Ablation(
        "no_phi_prime", "no phi' gating", ablations.no_phi_prime,
        _with_route("phi_prime"),
        "has no factor phi' of its own to switch off", True, ("gate",),
        "Errors of saturated neurons are too large: hidden changes turn away from the gradient. "
        "Without teaching nothing changes.",
        (Demand("inference", 0.0, (*EMC, *SUPERVISED)),),
    ),
    Ablation(
        "no_representation_lookahead", "no lookahead (R)", ablations.no_representation_lookahead,
        EMC, NO_LOOKAHEAD, True, ("R",),
        "Every area low-passes with its membrane; once settled nothing differs.",
        SETTLED,
    ),
    Ablation(
        "no_error_lookahead", "no lookahead (E)", ablations.no_error_lookahead, EMC, NO_LOOKAHEAD,
        True, ("E",), "Errors arrive late; once settled nothing differs.",
        SETTLED,
    ),
    Ablation(
        "no_lookahead", "no lookahead (all)", ablations.no_lookahead,
        _with_route("lookahead"),
        NO_LOOKAHEAD, True, ("R", "E"),
        "Both of the above; once settled nothing differs, unless the loop becomes unstable. Until "
        "then apical dendrites see what their inhibition does not match yet, and learn from it.",
        SETTLED,
    ),
    Ablation(
        "random_feedback", "random feedback", ablations.random_feedback,
        (*EMC, *_APICAL, *BURSTS, *_CONTROLLED), OWN_FEEDBACK, False, ("E->E",),
        "Hidden changes start at about 90 degrees from the gradient; the output is unaffected.",
    ),
    Ablation(
        "noisy_feedback", "feedback noise 0.2", ablations.noisy_feedback, (*EMC, *_APICAL),
        OWN_FEEDBACK, False, ("E->E",),
        "Hidden changes turn away from the gradient by the share of noise in B, the more the "
        "further from the output.",
    ),
    Ablation(
        "noisy_weights", "weight noise 0.2", ablations.noisy_weights, EMC,
        "has no noise on its forward synapses in this package", True, ("R->R",),
        "Trained networks infer something else; those that learn with it learn around it, while "
        "hidden changes turn away from the gradient as with feedback noise of the same size.",
    ),
    Ablation(
        "noisy_laterals", "lateral noise 0.3", ablations.noisy_laterals, EMC,
        "has no lateral synapses between error and representation neurons", False, ("E->R",),
        "Errors of neighbours mix, in every area once more.",
    ),
    Ablation(
        "hierarchical_only", "no skip routes", ablations.hierarchical_only, EMC, CHAIN, False,
        ("1->3", "2->4"), "All traffic goes through neighbours; learning goes on.",
    ),
    _skip(1, 3),
    _skip(2, 4),
    Ablation(
        "shuffled_strengths", "FLN shuffled", ablations.shuffled_strengths, EMC, CHAIN, False,
        ("R->R",), "Which route is strong does not matter to the rule; learning goes on.",
    ),
    Ablation(
        "dense_routes", "dense", ablations.dense_routes, EMC, CHAIN, False, ("R->R",),
        "Shorter ways to the output: errors reach low areas less attenuated.",
    ),
    _ratio("half_error_neurons", "half as many error neurons", 0.5,
           "Neurons without a partner get no error: their synapses do not change, and outputs "
           "without one cannot be taught."),
    _ratio("double_error_neurons", "twice as many error neurons", 2.0,
           "Error neurons without a partner are idle; nothing else differs.",
           (Demand("error", 1.0, EMC, _ALL), Demand("change", 1.0, EMC, _ALL))),
    Ablation(
        "paired_error_neurons", "pairs of error neurons", ablations.paired_error_neurons, EMC,
        "has no error neurons of both signs to part", True, ("E",),
        "Two rectified rates carry what one signed rate did; their difference is the same, and so "
        "is everything else. The contrast of rates is smaller where an error changes its sign.",
        (Demand("inference", 0.0, EMC), Demand("change", 1.0, EMC, _ALL)),
    ),
    _variable("representation", "R",
              "Every neuron has a gate phi' of its own, so that changes still follow the gradient "
              "of the network as it is; trained synapses were learnt for other neurons."),
    _variable("error", "E",
              "Error neurons with an offset are never silent: they move inference, and synapses "
              "change without any outcome, so that learning is spoilt or undone."),
    _frozen(1), _frozen(2), _frozen(3), _frozen(4),
    Ablation(
        "without_learning", "no plasticity", counter_circuits.without_learning, LEARNERS, "", True,
        tuple(f"plasticity {level}" for level in (1, 2, 3, 4)), "Nothing is learnt: the floor.",
        (Demand("learning", 0.0, LEARNERS), Demand("inference", 0.0, LEARNERS)),
    ),
    Ablation(
        "no_inhibition", "apical inhibition off", ablations.no_inhibition,
        _with_route("inhibition"),
        "has no inhibition of apical dendrites", True, ("I",),
        "The whole feedback is taken for an error: representations that tufts drive move without "
        "teaching, and what is learnt is not the outcome.",
    ),
    _silenced("SST", "Negative errors are released from T: every prediction counts as too much."),
    _silenced("VIP", "SST cells keep the share w of T that predictions should disinhibit."),
    _silenced("PV", "Positive errors no longer see predictions: all of T counts as unexpected."),
)  # fmt: skip


def ablation(name: str) -> Ablation:
    """Return an ablation by its name.

    Raises
    ------
    ValueError
        If there is none, with the nearest name.
    """
    return entry("ablation", name, {a.name: a for a in ABLATIONS}, synonyms=ABLATIONS_CALLED)


def pairs(
    theories: tuple[str, ...], names: tuple[str, ...], task: str = "association"
) -> tuple[tuple[str, Ablation], ...]:
    """Return every theory with each of the ablations that make sense for it in a task.

    Raises
    ------
    ValueError
        If a name is unknown, or nothing is left, with the reason.
    """
    task_named(task)
    for name in theories:
        if own := VARIANTS.get(name):
            raise ValueError(f"ablations of {own} start from the wiring of {name}; name {own}")
        those = dict.fromkeys((*LEARNERS, *NULLS))
        entry("theory to ablate", name, those, synonyms=CALLED)
    chosen = [ablation(name) for name in dict.fromkeys(names)] or ABLATIONS
    tried = [(t, a) for t in dict.fromkeys(theories or LEARNERS) for a in chosen]
    found = tuple((theory, a) for theory, a in tried if a.why_not(theory, task) is None)
    if not found:
        raise ValueError(f"there is nothing to ablate: {_reasons(tried, task)}")
    return found


def _reasons(tried: list[tuple[str, Ablation]], task: str) -> str:
    """Return why none of the pairs makes sense, each reason once."""
    theories: dict[str, dict[str, None]] = {}
    for theory, a in tried:
        why = str(a.why_not(theory, task)).removeprefix(f"{theory} ")
        theories.setdefault(why, {})[theory] = None
    return "; ".join(f"{', '.join(names)} {why}" for why, names in theories.items())
