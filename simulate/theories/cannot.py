"""Why single theories cannot be trained on a task, or lack what an ablation takes away."""

from __future__ import annotations

#: Task -> why a theory cannot be trained on it. On the association every theory is trained.
_TASKS = ("teacher_student", "cart_pole", "match_to_sample", "yin_yang", "images")

_SHRUNK = "cannot: its output is a posterior estimate, shrunk towards 0, and regresses poorly"

#: Of all theories but those that the experiment was published with.
DRAWING = {
    "images": "is not put to it: digits ask how many error neurons an area needs, and here each "
    "representation neuron has its own, or none"
}
#: Of theories without errors in hidden areas.
ERRORS_STAY_LOCAL = dict.fromkeys(
    _TASKS,
    "cannot: its errors stay in their own area, and hidden areas learn nothing of the output's",
)
SHRUNK = DRAWING | dict.fromkeys(("teacher_student", "cart_pole", "match_to_sample"), _SHRUNK)
WITHOUT_MEMBRANE = DRAWING | {
    "match_to_sample": "cannot: it has no membrane, and nothing of the sample is left at the test "
    "stimulus"
}

#: What makes no sense for theories without error neurons.
_NO_ERROR_NEURONS = dict.fromkeys(
    ("half_error_neurons", "double_error_neurons"), "has no population of error neurons"
)
LACKED_BY_TUFTS = _NO_ERROR_NEURONS | dict.fromkeys(
    ("no_representation_lookahead", "no_error_lookahead"),
    "has no error neurons, so that its lookahead is switched off as a whole",
)
LACKED_BY_BURSTS = _NO_ERROR_NEURONS | {
    "no_error_to_representation": "has no such route: bursts never act on events",
    "noisy_feedback": "has no noise on its feedback in this package",
}
LACKED_BY_FEEDBACK_CONTROL = _NO_ERROR_NEURONS | {
    "noisy_feedback": "has no noise on its feedback in this package"
}
LACKED_BY_DESEGREGATED = _NO_ERROR_NEURONS | dict.fromkeys(
    ("no_error_feedback", "no_error_to_representation", "random_feedback", "noisy_feedback"),
    "has no errors that travel: what it expects restrains the cells that represent",
)
LACKED_BY_JOINT_EMBEDDING = dict.fromkeys(
    ("no_error_feedback", "no_phi_prime", "random_feedback", "noisy_feedback"),
    "has errors that stay in their own area",
)
LACKED_BY_MISMATCH = LACKED_BY_JOINT_EMBEDDING | {
    "no_error_to_representation": "falls back on its predictions without it, see `correction`; "
    "its errors of two signs are silenced one class at a time",
    "no_inhibition": "has interneurons of three classes, silenced one by one",
}
LACKED_BY_LATENT_EQUILIBRIUM = dict.fromkeys(
    ("no_representation_lookahead", "no_error_lookahead"),
    "looks ahead with one potential, of which rates and errors are made; it is switched off as a "
    "whole",
)
LACKED_BY_SCALAR_REWARD = (
    dict.fromkeys(("random_feedback", "noisy_feedback"), "sends no errors from area to area")
    | dict.fromkeys(
        ("half_error_neurons", "double_error_neurons"),
        "has error neurons that all say the same, however many they are",
    )
    | {"no_error_to_representation": "has no such route: errors act on synapses alone"}
)
