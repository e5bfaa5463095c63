"""The registry of theories and counter-circuits: a tuple written by hand.

To add a theory, write its file beside this and one entry here.
"""

from __future__ import annotations

from dataclasses import replace

from errorneurons.simulate.parts.connectivity import macaque_binned
from errorneurons.simulate.refusing import entry
from errorneurons.simulate.theories import cannot, counter_circuits, paces, ranges
from errorneurons.simulate.theories.adaptation import Adaptation
from errorneurons.simulate.theories.broken import COUNTER_CIRCUITS as COUNTER_CIRCUITS
from errorneurons.simulate.theories.broken import INTACT as INTACT
from errorneurons.simulate.theories.burst_balanced import BurstBalanced
from errorneurons.simulate.theories.burst_dependent import BurstDependent
from errorneurons.simulate.theories.deep_feedback_control import DeepFeedbackControl
from errorneurons.simulate.theories.dendritic_microcircuit import DendriticMicrocircuit
from errorneurons.simulate.theories.dendritic_pc import DendriticPC
from errorneurons.simulate.theories.desegregated import Desegregated
from errorneurons.simulate.theories.error_parts import SensoryLeak
from errorneurons.simulate.theories.feature_gain import FeatureGain
from errorneurons.simulate.theories.hierarchical_pc import HierarchicalPC
from errorneurons.simulate.theories.hybrid_pc import HybridPC
from errorneurons.simulate.theories.joint_embedding import JointEmbedding
from errorneurons.simulate.theories.latent_equilibrium import LatentEquilibrium
from errorneurons.simulate.theories.left_open import LEFT_OPEN, Choice
from errorneurons.simulate.theories.mismatch_neurons import MismatchNeurons
from errorneurons.simulate.theories.nuisance import DELAY, Nuisance
from errorneurons.simulate.theories.prospective_configuration import ProspectiveConfiguration
from errorneurons.simulate.theories.scalar_reward import ScalarReward
from errorneurons.simulate.theories.supervised_pc import SupervisedPC
from errorneurons.simulate.theories.synonyms import CALLED
from errorneurons.simulate.theories.theory import Theory as Theory  # found here by all others

REGISTRY = (__name__, f"{__package__}.broken")
"""Not followed by keys of results: what an entry says is part of them; others may be added."""

MACAQUE = replace(INTACT, connectivity=macaque_binned(len(INTACT.sizes)))
"""Learning rates are those of the chain, graded by the strength of each projection."""

THEORIES: tuple[Theory, ...] = (
    Theory(
        "error_microcircuit",
        "error-neuron microcircuit",
        "theory",
        "Errors descend from error neuron to error neuron; representations ascend beside them.",
        INTACT,
        nuisance=ranges.OF_MICROCIRCUIT,
        look=("#cc78bc", "o"),
        family="error microcircuit",
    ),
    Theory(
        "error_microcircuit_macaque",
        "error-neuron microcircuit (macaque)",
        "theory",
        "The microcircuit in a loose hierarchy: areas skip areas as in macaque visual cortex.",
        MACAQUE,
        nuisance=tuple(n for n in ranges.OF_MICROCIRCUIT if n.name != "skip_strength"),
        variant_of="error_microcircuit",
        connectivity="macaque_binned",
        look=("#cc78bc", "p"),
        family="error microcircuit",
    ),
    Theory(
        "supervised_pc",
        "supervised PC",
        "theory",
        "Predictive coding in which predictions ascend and a target clamps the output.",
        SupervisedPC(learning_rate=0.016),
        nuisance=ranges.OF_SUPERVISED_PC,
        look=("#56b4e9", "s"),
        cannot=cannot.DRAWING,
        paces=paces.FOR_SUPERVISED_PC,
        family="supervised PC",
    ),
    Theory(
        "prospective_configuration",
        "prospective configuration",
        "theory",
        "Supervised predictive coding that learns only once activity has settled.",
        ProspectiveConfiguration(learning_rate=0.035),
        nuisance=ranges.OF_PROSPECTIVE_CONFIGURATION,
        look=("#56b4e9", "P"),
        cannot=cannot.DRAWING,
        paces=paces.FOR_PROSPECTIVE_CONFIGURATION,
        family="supervised PC",
    ),
    Theory(
        "hierarchical_pc",
        "hierarchical PC (outcome on top)",
        "theory",
        "Predictive coding in which predictions descend and the outcome clamps the top.",
        HierarchicalPC(learning_rate=0.03, weight_scale=1.0, tau=20.0),
        nuisance=ranges.OF_HIERARCHICAL_PC,
        senses_outcomes=True,
        look=("#de8f05", "^"),
        cannot=cannot.SHRUNK,
        family="descending PC",
    ),
    Theory(
        "hierarchical_pc_sensory",
        "hierarchical PC (outcome as input)",
        "theory",
        "Predictive coding in which predictions descend; the outcome is one more sensory input.",
        HierarchicalPC("outcome_as_input", learning_rate=0.03, weight_scale=1.0, tau=20.0),
        nuisance=ranges.OF_HIERARCHICAL_PC_SENSORY,
        senses_outcomes=True,
        look=("#ca9161", "v"),
        cannot=cannot.SHRUNK,
        family="descending PC",
    ),
    Theory(
        "mismatch_neurons",
        "mismatch neurons",
        "theory",
        "Each area compares its own input with predictions; errors of two signs stay local.",
        MismatchNeurons(learning_rate=0.025),
        nuisance=ranges.OF_MISMATCH,
        senses_outcomes=True,
        look=("#de8f05", "X"),
        cannot=cannot.ERRORS_STAY_LOCAL,
        family="mismatch",
        lacks=cannot.LACKED_BY_MISMATCH,
    ),
    Theory(
        "dendritic_pc",
        "dendritic PC",
        "theory",
        "The apical dendrite subtracts from the feedback what its area predicts of it.",
        DendriticPC(
            learning_rates=(0.8, 0.4, 0.2, 0.04), lateral_rates=(0.2, 0.1, 0.05), g_apical=0.005
        ),
        nuisance=ranges.OF_OTHERS,
        look=("#029e73", "D"),
        cannot=cannot.DRAWING,
        paces=paces.FOR_TUFTS | paces.FEW_STEPS,
        family="tufts",
        lacks=cannot.LACKED_BY_TUFTS,
    ),
    Theory(
        "dendritic_microcircuit",
        "dendritic microcircuit",
        "theory",
        "The apical dendrite compares the area above with interneurons that mirror it.",
        DendriticMicrocircuit(
            learning_rates=(0.8, 0.4, 0.2, 0.04),
            interneuron_rates=(0.4, 0.2, 0.1),
            g_apical=0.005,
        ),
        nuisance=ranges.OF_OTHERS,
        look=("#029e73", "p"),
        cannot=cannot.DRAWING,
        paces=paces.FOR_TUFTS | paces.FEW_STEPS,
        family="tufts",
        lacks=cannot.LACKED_BY_TUFTS,
    ),
    Theory(
        "burst_dependent",
        "burst-dependent plasticity",
        "theory",
        "Events carry representations up and the share of bursts among them errors down.",
        BurstDependent(),
        nuisance=ranges.OF_BURSTS,
        look=("#fbafe4", "h"),
        cannot=cannot.WITHOUT_MEMBRANE,
        paces=paces.FOR_BURSTS,
        family="bursts",
        lacks=cannot.LACKED_BY_BURSTS,
    ),
    Theory(
        "burst_balanced",
        "balanced bursts",
        "theory",
        "Events carry representations; bursts that inhibition has not learnt to cancel, errors.",
        BurstBalanced(),
        nuisance=ranges.OF_BALANCED_BURSTS,
        look=("#fbafe4", "H"),
        cannot=cannot.WITHOUT_MEMBRANE,
        paces=paces.FOR_BALANCED_BURSTS,
        family="bursts",
        lacks=cannot.LACKED_BY_BURSTS,
        compared=False,
    ),
    Theory(
        "hybrid_pc",
        "hybrid PC",
        "theory",
        "Predictive coding in which predictions descend, and a learnt guess lets it start near by.",
        HybridPC(),
        nuisance=ranges.OF_HYBRID_PC,
        senses_outcomes=True,
        look=("#de8f05", "<"),
        cannot=cannot.SHRUNK,
        paces=paces.FOR_HYBRID_PC,
        family="descending PC",
        compared=False,
    ),
    Theory(
        "latent_equilibrium",
        "latent equilibrium",
        "theory",
        "Slow neurons send where they are heading, and errors are at their equilibrium at once.",
        LatentEquilibrium(learning_rate=0.05),
        nuisance=ranges.OF_LATENT_EQUILIBRIUM,
        look=("#cc78bc", "^"),
        cannot=cannot.DRAWING,
        paces=paces.FOR_LATENT_EQUILIBRIUM | paces.FEW_STEPS,
        family="latent equilibrium",
        lacks=cannot.LACKED_BY_LATENT_EQUILIBRIUM,
        compared=False,
    ),
    Theory(
        "scalar_reward",
        "scalar reward",
        "theory",
        "A null for vector errors: all are told one reward prediction error, and try things out.",
        ScalarReward(learning_rate=0.002),
        nuisance=ranges.OF_SCALAR_REWARD,
        look=("#949494", "X"),
        cannot=cannot.WITHOUT_MEMBRANE,
        paces=paces.FOR_SCALAR_REWARD,
        family="scalar reward",
        lacks=cannot.LACKED_BY_SCALAR_REWARD,
        compared=False,
    ),
    Theory(
        "deep_feedback_control",
        "deep feedback control",
        "theory",
        "A controller drives all areas until the output is right, and they learn to do it alone.",
        DeepFeedbackControl(),
        nuisance=ranges.OF_FEEDBACK_CONTROL,
        look=("#029e73", "P"),
        cannot=cannot.DRAWING,
        paces=paces.FOR_FEEDBACK_CONTROL | paces.FEW_STEPS,
        family="feedback control",
        lacks=cannot.LACKED_BY_FEEDBACK_CONTROL,
        compared=False,
    ),
    Theory(
        "joint_embedding",
        "joint embedding",
        "theory",
        "Areas predict one another's representations, which are what errors compare and correct.",
        JointEmbedding(),
        nuisance=ranges.OF_JOINT_EMBEDDING,
        senses_outcomes=True,
        look=("#ca9161", "X"),
        cannot=cannot.ERRORS_STAY_LOCAL,
        family="joint embedding",
        lacks=cannot.LACKED_BY_JOINT_EMBEDDING,
        compared=False,
    ),
    Theory(
        "desegregated",
        "desegregated processing",
        "theory",
        "No cell is there for errors: expectation restrains all, loosely, and violations release.",
        Desegregated(),
        nuisance=ranges.OF_DESEGREGATED,
        senses_outcomes=True,
        look=("#949494", "P"),
        cannot=cannot.ERRORS_STAY_LOCAL,
        family="desegregated",
        lacks=cannot.LACKED_BY_DESEGREGATED,
        compared=False,
    ),
    Theory(
        "adaptation",
        "adaptation",
        "theory",
        "A null: synapses that depress; no prediction, no error, no teaching.",
        Adaptation(),
        nuisance=ranges.OF_NULLS,
        look=("#949494", "d"),
        cannot=cannot.DRAWING,
    ),
    Theory(
        "feature_gain",
        "feature selectivity and gain",
        "theory",
        "A null: what surprises or matters arouses, and arousal scales all cells alike.",
        FeatureGain(),
        nuisance=ranges.OF_NULLS,
        senses_outcomes=True,
        look=("#949494", "*"),
        cannot=cannot.DRAWING,
    ),
)

COMPARED = tuple(
    t.name
    for t in THEORIES
    if t.circuit.carrier in ("error", "none") and t.compared and not t.variant_of
)
"""Theories that evidence compares unless told otherwise: those whose errors somata carry, and the
nulls. In somata the others show nothing that the nulls do not. Variants are left out: the worlds
of the theory itself hold what they are."""


SUBJECTS = THEORIES + COUNTER_CIRCUITS


def _chosen(choice: Choice) -> Theory:
    """Return a theory in which something that it leaves open is decided otherwise."""
    known = entry("theory", choice.theory, {t.name: t for t in THEORIES})
    decided = {*choice.parameters, *(DELAY for name in choice.parameters if name == "timing")}
    return replace(
        known,
        name=f"{known.name}_{choice.name}",
        label=f"{known.label}, {choice.label}",
        description=choice.description,
        circuit=replace(known.circuit, **choice.parameters),  # type: ignore[type-var]
        nuisance=tuple(n for n in known.nuisance if n.name not in decided),
        look=None,
        variant_of=known.name,
        noise=choice.noise,
    )


OPEN_CHOICES: tuple[Theory, ...] = tuple(_chosen(choice) for choice in LEFT_OPEN)
"""Variants of what theories leave open: judged where families are, and known by name."""


def _untrained(subject: Theory) -> Theory:
    """Return a theory whose networks are put through the experiment without any training."""
    return Theory(
        f"{subject.name}_untrained",
        f"{subject.label}, untrained",
        "theory",
        f"{subject.description} Its networks are untrained.",
        subject.circuit,
        trained=counter_circuits.without_learning(subject.circuit),
    )


CONTROLS: tuple[Theory, ...] = tuple(_untrained(t) for t in THEORIES)
"""Every theory untrained; not part of the report, but known by name."""


_LEAKING = Theory(
    "error_microcircuit_leaking",
    "error-neuron microcircuit with a leak",
    "theory",
    "The microcircuit, 5 % of the input leaking onto error neurons in each of its worlds.",
    INTACT,
    nuisance=(
        *(n for n in ranges.OF_MICROCIRCUIT if n.name != "sensory_leak"),
        Nuisance("sensory_leak", 0.05, 0.05, "the largest that is assumed", "linear",
                 acts="tested", part=SensoryLeak),
    ),
)  # fmt: skip
"""What the microcircuit's worlds look like at the end of what is assumed; known by name."""
WITH_LEAK = {_LEAKING.name: "error_microcircuit"}
"""Theory with the leak -> the theory."""


def theory(name: str) -> Theory:
    """Return a theory, counter-circuit or control by its name.

    Raises
    ------
    ValueError
        If there is none, with the nearest name.
    """
    known = {t.name: t for t in (*SUBJECTS, *OPEN_CHOICES, *CONTROLS, _LEAKING)}
    return entry("theory", name, known, synonyms=CALLED)
