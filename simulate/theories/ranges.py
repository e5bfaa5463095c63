"""Ranges of what the theories of the registry leave open, and the reason for each.

Only the registry imports this: a theory's own ranges are part of the keys of its results, and
those of another theory are not.
"""

from errorneurons.simulate.theories.error_parts import SensoryLeak
from errorneurons.simulate.theories.nuisance import (
    DELAY,
    DRIVE,
    LEARNT_STIMULI,
    STAGE,
    SURPRISE,
    Nuisance,
    one_of,
)

#: What no theory says: how surprising the outcome is, how strong the drive, how many stimuli an
#: animal knows, of which five are shown, and how large areas are.
_COMMON = (
    Nuisance(SURPRISE, 0.36, 1.4, "0.5 to 2 standard deviations of the outcomes; 1 is 1.4"),
    Nuisance(DRIVE, 0.71, 1.41, "0.5 to 2 times the energy of the natural tuning"),
    one_of(LEARNT_STIMULI, (5, 7), "the five that are shown, or two besides"),
    one_of("layers", ((10, 20, 15, 10, 5), (10, 15, 15, 15, 5)), "areas that shrink, or are alike"),
)

#: Leaves open how strict the hierarchy is: skips between the areas that the macaque's areas match.
_SKIPS = Nuisance("skips", 0.0, 1.0, "from a strict hierarchy to a macaque-like one", "linear")

LEARNT = Nuisance(STAGE, 0.85, 0.97, "animals are tested when they know the task, not at a share",
                  "linear")  # fmt: skip

#: Leaves open how strict the hierarchy is, too: with skips it is macaque-like.
OF_MICROCIRCUIT = (
    *_COMMON,
    LEARNT,
    Nuisance(DELAY, 0.001, 0.004, "conduction between neighbouring areas; 5 ms makes some unstable",
             "linear"),
    Nuisance("g_apical", 0.01, 0.04, "half to twice the published .02; at .06 delays unsettle it"),
    Nuisance("conductances", 0.5, 1.2, "membrane time constants of 5 to 14 ms",
             factor_on=("g_leak", "g_basal", "g_apical", "g_dendrite", "g_target")),
    Nuisance("lateral_noise", 0.0, 0.1, "lateral synapses about one to one, not exactly", "linear"),
    Nuisance("feedback_noise", 0.0, 0.1, "feedback about the transpose, not exactly", "linear"),
    Nuisance("skip_strength", 0.0, 0.3, "from a strict hierarchy to a macaque-like one", "linear"),
    Nuisance("sensory_leak", 0.0, 0.05, "up to 5 % of input where it does not belong; it begins "
             "after training, which it would spoil from 1 % on", "linear", acts="tested",
             part=SensoryLeak),
)  # fmt: skip

#: Of supervised predictive coding, whenever it learns.
_OF_ITS_NETWORK = (
    *_COMMON,
    LEARNT,
    Nuisance("tau", 2.5, 15.0, "from a fast synapse to a membrane; with a delay of d ms it "
             "oscillates below 2.5 (1 + d) ms", lifted=2500.0),
    Nuisance("direct", 0.0, 1.0, "drive by way of error cells, or at the soma, or both", "linear"),
    _SKIPS,
)  # fmt: skip

OF_SUPERVISED_PC = (
    *_OF_ITS_NETWORK,
    Nuisance(DELAY, 0.0, 0.003, "above it some trained networks oscillate", "linear"),
    Nuisance("learning_rate", 0.011, 0.022, "a factor of 2 around the rate at which it learns"),
)  # fmt: skip
OF_PROSPECTIVE_CONFIGURATION = (
    *_OF_ITS_NETWORK,
    Nuisance(DELAY, 0.0, 0.002, "conduction; checked up to 2 ms", "linear"),
)

_DESCENDING = (
    *_COMMON,
    _SKIPS,
    Nuisance(DELAY, 0.001, 0.002, "above it trained networks oscillate", "linear"),
    Nuisance("tau", 17.0, 30.0, "faster relaxation oscillates; 20 ms by default"),
    Nuisance("learning_rate", 0.02, 0.042, "a factor of 2 around the rate at which it learns"),
)  # fmt: skip
OF_HIERARCHICAL_PC = (
    *_DESCENDING,
    Nuisance("prior", 0.003, 1.0, "a flat prior regresses best, 1 is as precise as data"),
    Nuisance(
        STAGE,
        0.2,
        0.85,
        "as far as its prior lets it: .3 with 1, .9 with 0",
        "linear",
        opposes="prior",
    ),
)
OF_HYBRID_PC = (
    *(n for n in OF_HIERARCHICAL_PC if n.name != "learning_rate"),
    Nuisance("learning_rate", 0.035, 0.07, "a factor of 2 around the rate at which it learns"),
    Nuisance("amortisation", 0.3, 3.0, "guesses are learnt about as fast as predictions"),
)
OF_HIERARCHICAL_PC_SENSORY = (
    *_DESCENDING,
    LEARNT,
    Nuisance("prior", 0.1, 1.0, "with a flatter prior it does not settle within 1 s"),
)

#: The axonal delay of theories that were found stable at 2 ms.
CONDUCTION = Nuisance(DELAY, 0.001, 0.002, "conduction; these theories were checked up to 2 ms",
                      "linear")  # fmt: skip
OF_OTHERS = (*_COMMON, LEARNT, CONDUCTION)
OF_MISMATCH = (
    *OF_OTHERS,
    Nuisance("tau", 5.0, 20.0, "relaxation about as fast as a membrane; 10 ms by default"),
    Nuisance("correction", 0.5, 1.0, "an error moves the representation, not beyond the signal"),
    Nuisance("recurrence", 0.0, 1.0, "from no synapses within an area to as plastic as others",
             "linear"),
)  # fmt: skip
OF_DESEGREGATED = (
    *OF_OTHERS,
    Nuisance("tau", 5.0, 20.0, "about a membrane; 10 ms by default"),
    Nuisance("balance", 0.3, 0.6, "loose; from .7 on a fourth of the networks do not learn",
             "linear"),
    Nuisance("descent", 0.25, 1.0, "an area hears the one above as well as that below, or less"),
    Nuisance("spread", 0.0, 0.2, "from cells that are alike to such as hardly feel inhibition",
             "linear"),
    Nuisance("learning_rate", 0.035, 0.07, "a factor of 2 around the rate at which it learns"),
)  # fmt: skip
OF_JOINT_EMBEDDING = (
    *OF_OTHERS,
    Nuisance("tau", 5.0, 20.0, "relaxation about as fast as a membrane; 10 ms by default"),
    Nuisance("correction", 0.05, 0.5, "from errors that hardly act; from .7 on they run away",
             "linear"),
    Nuisance("learning_rate", 0.014, 0.028, "a factor of 2 around the rate at which it learns"),
)  # fmt: skip
OF_LATENT_EQUILIBRIUM = (
    *OF_OTHERS,
    _SKIPS,
    Nuisance("tau", 5.0, 20.0, "membranes; it matters as far as lookahead falls short"),
    Nuisance("lookahead", 0.8, 1.0, "from slightly late to exactly matched", "linear"),
    Nuisance("beta", 0.05, 0.1, "a weak nudge; from .15 on some networks oscillate"),
)
OF_SCALAR_REWARD = (
    *OF_OTHERS,
    _SKIPS,
    Nuisance("exploration", 0.05, 0.1, "what it perturbs is about 1; below .05 some diverge"),
    Nuisance("learning_rate", 0.0013, 0.0025, "a factor of 2 around the rate at which it learns"),
)
OF_FEEDBACK_CONTROL = (
    *OF_OTHERS,
    Nuisance("tau", 2.5, 6.0, "from a fast synapse to a fast membrane; slower ones oscillate"),
    Nuisance("k_i", 0.01, 0.02, "the output is there within 100 ms; a faster one overshoots"),
    Nuisance("k_p", 0.05, 0.2, "a controller that is mostly, but not only, an integral"),
    Nuisance("reach", 0.1, 0.25, "areas below hear less; from .3 on some networks oscillate"),
    Nuisance("learning_rate", 0.035, 0.07, "a factor of 2 around the rate at which it learns"),
)
OF_BURSTS = (
    *OF_OTHERS,
    _SKIPS,
    Nuisance("inhibition", 0.0, 1.0, "from bursts as published to balanced ones", "linear"),
)
OF_BALANCED_BURSTS = (
    *OF_OTHERS,
    Nuisance("p_b", 0.15, 0.25, "about one event in five is a burst"),
    Nuisance("beta", 8.0, 12.0, "dendrites that bursts move about as much; weaker ones learn late"),
    Nuisance("inhibition_rate", 0.06, 0.2, "at .03 it lags behind feedback, at .4 it overshoots"),
    Nuisance("kappa", 0.7, 1.0, "the teaching signal moves bursts of the output, and not all"),
)
OF_NULLS = (
    *_COMMON,
    Nuisance(STAGE, 0.0, 0.0, "nothing is learnt from teaching", "linear"),
)
