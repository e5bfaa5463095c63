"""What takes long to import, by name, so that an unknown name is answered at once.

A test compares them with the registries.
"""

TASK_NAMES = (
    "association", "teacher_student", "cart_pole", "match_to_sample", "yin_yang", "images",
)  # fmt: skip
RESULT_NAMES = (
    "cart_pole", "match_to_sample", "teacher_student", "yin_yang", "population_sizes",
    "variability", "scale", "slope_transfer",
)  # fmt: skip
ABLATION_NAMES = (
    "no_error_feedback", "no_error_to_representation", "no_phi_prime",
    "no_representation_lookahead", "no_error_lookahead", "no_lookahead", "random_feedback",
    "noisy_feedback", "noisy_weights", "noisy_laterals", "hierarchical_only", "no_skip_1_3",
    "no_skip_2_4", "shuffled_strengths", "dense_routes", "half_error_neurons",
    "double_error_neurons", "paired_error_neurons", "variable_representation_neurons",
    "variable_error_neurons", "frozen_area_1", "frozen_area_2", "frozen_area_3",
    "frozen_area_4", "without_learning", "no_inhibition", "sst_off", "vip_off", "pv_off",
)  # fmt: skip
CLAIM_NAMES = {
    "P02": "error cells are silent without teaching",
    "P04a": "silencing error cells removes the outcome error below",
    "P04b": "silencing error cells spares the outcome error above",
    "P05a": "driving representation cells evokes no error",
    "P05b": "silencing higher representation cells evokes no error below",
    "P06a": "inference survives without error cells",
    "P06b": "learning needs error cells",
    "P01": "outcome errors have cells of their own",
    "P18a": "influence between areas stays within a class",
    "P18b": "the influence of errors descends",
    "P21": "violations that teach nothing evoke nothing",
    "P03": "errors do not begin below the taught area",
    "P10": "errors fade as learnt, and return at a reversal",
    "P11": "errors are signed by cause",
    "P20": "representations hold still at the error",
}
MANIPULATION_NAMES = (
    "silence-area", "drive", "silence-representation", "silence-inference", "silence-learning",
    "class_influence", "untaught_outcomes", "teach_reteach",
    "brain_computer_interface_realigning",
)  # fmt: skip
FILE_ENDINGS = (
    ".nc", ".zarr", ".nwb", ".mat", ".h5", ".hdf5", ".npz", ".npy", ".csv", ".tsv", ".parquet",
    ".pqt",
)  # fmt: skip
