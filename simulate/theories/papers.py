"""The papers of the theories: what a page that compares them cites, and where equations are from.

A variant, a control or a counter-circuit has the paper of the theory that it is a variant of.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Paper:
    """A paper.

    Attributes
    ----------
    authors
        Family names, with commas between them.
    year
        When it appeared.
    title
        As printed.
    where
        Journal, volume and first page, or proceedings, or archive.
    doi
        Without a resolver; empty if it has none.
    """

    authors: str
    year: int
    title: str
    where: str
    doi: str = ""


MODEL = Paper(
    "Max, Jaras, Granier, Wilmes, Petrovici", 2026,
    "'Backpropagation and the brain' realized in cortical error neuron microcircuits",
    "PLOS Computational Biology", "10.1371/journal.pcbi.1014164",
)  # fmt: skip
_RAO = Paper(
    "Rao, Ballard", 1999,
    "Predictive coding in the visual cortex: a functional interpretation of some extra-classical "
    "receptive-field effects",
    "Nature Neuroscience 2:79", "10.1038/4580",
)  # fmt: skip
_FRISTON = Paper(
    "Friston", 2005, "A theory of cortical responses",
    "Philosophical Transactions of the Royal Society B 360:815", "10.1098/rstb.2005.1622",
)  # fmt: skip
_DESCENDING = (_RAO, _FRISTON)

PAPERS: Mapping[str, tuple[Paper, ...]] = {
    "error_microcircuit": (MODEL,),
    "supervised_pc": (
        Paper(
            "Whittington, Bogacz", 2017,
            "An approximation of the error backpropagation algorithm in a predictive coding "
            "network with local Hebbian synaptic plasticity",
            "Neural Computation 29:1229", "10.1162/NECO_a_00949",
        ),
    ),
    "prospective_configuration": (
        Paper(
            "Song, Millidge, Salvatori, Lukasiewicz, Xu, Bogacz", 2024,
            "Inferring neural activity before plasticity as a foundation for learning beyond "
            "backpropagation",
            "Nature Neuroscience 27:348", "10.1038/s41593-023-01514-1",
        ),
    ),
    "hierarchical_pc": _DESCENDING,
    "hierarchical_pc_sensory": _DESCENDING,
    "mismatch_neurons": (
        Paper(
            "Keller, Mrsic-Flogel", 2018, "Predictive processing: a canonical cortical computation",
            "Neuron 100:424", "10.1016/j.neuron.2018.10.003",
        ),
    ),
    "dendritic_pc": (
        Paper(
            "Mikulasch, Rudelt, Wibral, Priesemann", 2023,
            "Where is the error? Hierarchical predictive coding through dendritic error "
            "computation",
            "Trends in Neurosciences 46:45", "10.1016/j.tins.2022.09.007",
        ),
        MODEL,
    ),
    "dendritic_microcircuit": (
        Paper(
            "Sacramento, Costa, Bengio, Senn", 2018,
            "Dendritic cortical microcircuits approximate the backpropagation algorithm",
            "Advances in Neural Information Processing Systems 31",
            "10.48550/arXiv.1810.11393",
        ),
        MODEL,
    ),
    "burst_dependent": (
        Paper(
            "Payeur, Guerguiev, Zenke, Richards, Naud", 2021,
            "Burst-dependent synaptic plasticity can coordinate learning in hierarchical circuits",
            "Nature Neuroscience 24:1010", "10.1038/s41593-021-00857-x",
        ),
    ),
    "burst_balanced": (
        Paper(
            "Greedy, Zhu, Pemberton, Mellor, Ponte Costa", 2022,
            "Single-phase deep learning in cortico-cortical networks",
            "Advances in Neural Information Processing Systems 35",
            "10.48550/arXiv.2206.11769",
        ),
    ),
    "hybrid_pc": (
        Paper(
            "Tscshantz, Millidge, Seth, Buckley", 2023,
            "Hybrid predictive coding: Inferring, fast and slow",
            "PLOS Computational Biology 19:e1011280", "10.1371/journal.pcbi.1011280",
        ),
    ),
    "latent_equilibrium": (
        Paper(
            "Haider, Ellenberger, Kriener, Jordan, Senn, Petrovici", 2021,
            "Latent equilibrium: a unified learning theory for arbitrarily fast computation with "
            "arbitrarily slow neurons",
            "Advances in Neural Information Processing Systems 34",
            "10.48550/arXiv.2110.14549",
        ),
    ),
    "scalar_reward": (
        Paper(
            "Fiete, Seung", 2006,
            "Gradient learning in spiking neural networks by dynamic perturbation of conductances",
            "Physical Review Letters 97:048104", "10.1103/PhysRevLett.97.048104",
        ),
        Paper(
            "Williams", 1992,
            "Simple statistical gradient-following algorithms for connectionist reinforcement "
            "learning",
            "Machine Learning 8:229", "10.1007/BF00992696",
        ),
    ),
    "deep_feedback_control": (
        Paper(
            "Meulemans, Tristany Farinha, Garcia Ordonez, Vilimelis Aceituno, Sacramento, Grewe",
            2021, "Credit assignment in neural networks through deep feedback control",
            "Advances in Neural Information Processing Systems 34",
            "10.48550/arXiv.2106.07887",
        ),
    ),
    "joint_embedding": (
        Paper(
            "Keller laboratory", 2026,
            "A functional influence based circuit motif that constrains the set of plausible "
            "algorithms of cortical function",
            "bioRxiv; eLife 110827", "10.64898/2026.01.29.702557",
        ),
    ),
    "desegregated": (
        Paper(
            "Wang, Audette, Schneider, Aljadeff", 2026,
            "Desegregation of neuronal predictive processing",
            "Nature Communications", "10.1038/s41467-026-70347-w",
        ),
    ),
    "adaptation": (
        Paper(
            "Tsodyks, Markram", 1997,
            "The neural code between neocortical pyramidal neurons depends on neurotransmitter "
            "release probability",
            "Proceedings of the National Academy of Sciences 94:719", "10.1073/pnas.94.2.719",
        ),
    ),
    "feature_gain": (
        Paper(
            "Vinck, Batista-Brito, Knoblich, Cardin", 2015,
            "Arousal and locomotion make distinct contributions to cortical activity patterns and "
            "visual encoding",
            "Neuron 86:740", "10.1016/j.neuron.2015.03.028",
        ),
        Paper(
            "Saleem, Ayaz, Jeffery, Harris, Carandini", 2013,
            "Integration of visual motion and locomotion in mouse visual cortex",
            "Nature Neuroscience 16:1864", "10.1038/nn.3567",
        ),
    ),
}  # fmt: skip
"""Theory -> its papers, the first that which introduced it."""


def papers_of(name: str, variant_of: str = "") -> tuple[Paper, ...]:
    """Return the papers of a theory; that of the model for circuits made from it.

    Parameters
    ----------
    name
        Of a theory, variant, control or counter-circuit.
    variant_of
        The theory that it is a variant of, if it is one.
    """
    return PAPERS.get(name) or PAPERS.get(variant_of) or (MODEL,)
