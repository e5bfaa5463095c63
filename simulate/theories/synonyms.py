"""What people call theories, and who published them: words -> the names that are meant.

Only refusals read this: an unknown name is answered with the theory that is meant by it.
"""

from __future__ import annotations

from collections.abc import Mapping

_PREDICTIVE = ("hierarchical_pc", "supervised_pc", "mismatch_neurons")

CALLED: Mapping[str, tuple[str, ...]] = {
    "error neurons": ("error_microcircuit",),
    "microcircuit": ("error_microcircuit",),
    "predictive coding": _PREDICTIVE,
    "predictive processing": _PREDICTIVE,
    "rao ballard": ("hierarchical_pc",),
    "friston": ("hierarchical_pc",),
    "spratling": ("hierarchical_pc",),
    "bogacz": ("hierarchical_pc", "supervised_pc", "prospective_configuration"),
    "hierarchical predictive coding": ("hierarchical_pc",),
    "whittington": ("supervised_pc",),
    "supervised predictive coding": ("supervised_pc",),
    "equilibrium propagation": ("supervised_pc",),
    "song": ("prospective_configuration",),
    "keller": ("mismatch_neurons",),
    "mrsic flogel": ("mismatch_neurons",),
    "hertaeg": ("mismatch_neurons",),
    "mikulasch": ("dendritic_pc",),
    "dendritic predictive coding": ("dendritic_pc",),
    "urbanczik": ("dendritic_pc",),
    "sacramento": ("dendritic_microcircuit",),
    "self-predicting": ("dendritic_microcircuit",),
    "guerguiev": ("dendritic_microcircuit",),
    "segregated dendrites": ("dendritic_microcircuit",),
    "dendrites": ("dendritic_microcircuit", "dendritic_pc"),
    "payeur": ("burst_dependent",),
    "burstprop": ("burst_dependent",),
    "bursts": ("burst_dependent", "burst_balanced"),
    "naud": ("burst_dependent",),
    "greedy": ("burst_balanced",),
    "burstccn": ("burst_balanced",),
    "tschantz": ("hybrid_pc",),
    "amortised inference": ("hybrid_pc",),
    "haider": ("latent_equilibrium",),
    "neuronal least action": ("latent_equilibrium",),
    "dopamine": ("scalar_reward",),
    "reward": ("scalar_reward",),
    "reinforcement": ("scalar_reward",),
    "node perturbation": ("scalar_reward",),
    "meulemans": ("deep_feedback_control",),
    "dfc": ("deep_feedback_control",),
    "feedback control": ("deep_feedback_control",),
    "jepa": ("joint_embedding",),
    "lecun": ("joint_embedding",),
    "habituation": ("adaptation",),
    "repetition suppression": ("adaptation",),
    "stimulus-specific adaptation": ("adaptation",),
    "arousal": ("feature_gain",),
    "attention": ("feature_gain",),
}
"""In lower case; hyphens and underscores are blanks."""

ABLATIONS_CALLED: Mapping[str, tuple[str, ...]] = {
    "no feedback": ("no_error_feedback",),
    "without feedback": ("no_error_feedback",),
    "no descending": ("no_error_feedback",),
    "ungated": ("no_phi_prime",),
    "no gating": ("no_phi_prime",),
    "feedback alignment": ("random_feedback",),
    "random weights": ("random_feedback",),
    "prospective": ("no_lookahead",),
    "no prospective": ("no_lookahead",),
    "somatostatin": ("sst_off",),
    "parvalbumin": ("pv_off",),
    "interneurons": ("no_inhibition", "sst_off", "vip_off", "pv_off"),
    "frozen": ("without_learning", "frozen_area_1"),
    "no learning": ("without_learning",),
    "no plasticity": ("without_learning",),
    "skip": ("hierarchical_only",),
    "no skips": ("hierarchical_only",),
}
"""The same of ablations."""
