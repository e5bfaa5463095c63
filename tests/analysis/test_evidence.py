"""What a recording says of theories, from virtual experiments with known overlap."""

import numpy as np
import pytest

from errorneurons.analysis.evidence.classifiers import CANDIDATES
from errorneurons.analysis.evidence.robustness import (
    ASSUMED,
    leave_one_claim_out,
    leave_one_theory_out,
)
from errorneurons.analysis.evidence.weigh import untestable, weigh

SEED = np.random.SeedSequence(1)
SIMPLE = CANDIDATES[:1]
CENTRES = {"a": [0.7, 0.0], "twin": [0.7, 0.0], "c": [-0.7, 0.0], "d": [0.0, 0.8]}
C = {"claim 0": -0.7, "claim 1": 0.0}
FAR = {"claim 0": 0.9, "claim 1": -0.98}


@pytest.fixture(scope="module")
def known(clusters):
    return clusters(CENTRES, worlds=60)


@pytest.fixture(scope="module")
def for_c(known):
    return weigh(known, C, SEED, candidates=SIMPLE)


@pytest.fixture(scope="module")
def for_far(known):
    return weigh(known, FAR, SEED, candidates=SIMPLE)


def test_a_recording_like_one_theory_names_it(for_c) -> None:
    assert (for_c.kind, for_c.kept) == ("one theory", ("c",))
    assert for_c.posterior["c"] > 0.95
    assert sum(for_c.posterior.values()) == pytest.approx(1)


def test_how_far_to_trust_a_verdict_is_measured_on_the_same_verdicts(for_c) -> None:
    said_c = (for_c.share_in_set["c"] * 300).sum()
    assert for_c.trust_count <= said_c + 1e-9
    assert for_c.trust.low <= 0.97 <= for_c.trust.value <= 1


def test_a_recording_like_twins_names_their_class(known) -> None:
    found = weigh(known, {"claim 0": 0.7, "claim 1": 0.0}, SEED, candidates=SIMPLE)
    assert (found.kind, found.kept) == ("one class", ("a", "twin"))
    assert found.classes == (("a", "twin"), ("c",), ("d",))


def test_with_one_uninformative_claim_the_recording_cannot_tell(clusters) -> None:
    near = clusters({"a": [0.15], "b": [-0.15], "c": [0.9]}, worlds=60, noise=0.1)
    found = weigh(near, {"claim 0": 0.0}, SEED, candidates=SIMPLE)
    assert (found.kind, found.kept) == ("several", ("a", "b"))


def test_a_recording_unlike_all_leaves_none_and_no_trust_in_the_posterior(for_far) -> None:
    assert (for_far.kind, for_far.kept) == ("none of these", ())
    assert np.isnan(for_far.trust.value)
    assert for_far.trust.level == "every theory is on the list"


def test_false_alarms_are_rarer_than_one_in_twenty(for_c) -> None:
    assert set(for_c.false_alarms) == set(CENTRES)
    assert max(for_c.false_alarms.values()) <= 0.05


def test_a_theory_off_the_list_is_caught_or_taken_for_its_twin(for_c) -> None:
    assert for_c.off_list.sum(axis=1).to_numpy() == pytest.approx(np.ones(4))
    assert for_c.off_list.loc["d", "none"] > 0.7
    assert for_c.off_list.loc["twin", "class"] > 0.8


def test_leaving_a_claim_out_shows_what_rests_on_it(for_c) -> None:
    by = for_c.left_out.set_index(["left_out", "theory"])
    assert by.loc[("", "c"), "posterior"] > 0.9
    assert by.loc[("claim 1", "c"), "posterior"] > 0.9
    assert by.loc[("claim 0", "c"), "posterior"] < 0.6


def test_parts_of_a_claim_are_left_out_together(known) -> None:
    both = {"silence": ("claim 0", "claim 1"), "drive": ("claim 1",)}
    found = leave_one_claim_out(known, np.zeros(2), SEED, both, SIMPLE)
    assert list(dict.fromkeys(found["left_out"])) == ["", "drive"]


def test_what_is_misspecified_is_judged_by_what_was_assumed(known) -> None:
    strained = {
        ("shifted", "c"): np.tile([0.0, 0.8], (20, 1)),
        ("same", "c"): np.tile([-0.7, 0.0], (9, 1)),
    }
    found = weigh(known, C, SEED, candidates=SIMPLE, strained=strained).misspecified
    assert found["what"].tolist() == [ASSUMED] * 4 + ["shifted", "same"]
    by = found.set_index(["what", "theory"])
    assert by.loc[("shifted", "c"), ["stays", "inside", "none"]].tolist() == [0, 0, 0]
    assert by.loc[("same", "c"), ["stays", "inside", "experiments"]].tolist() == [1, 1, 9]
    assert by.loc[(ASSUMED, "c"), "stays"] > 0.9


def test_with_two_theories_none_can_be_off_the_list(clusters) -> None:
    two = clusters({"a": [0.5], "b": [-0.5]})
    assert leave_one_theory_out(two, SEED, (("a",), ("b",)), SIMPLE).empty


@pytest.mark.parametrize("recording", [{"claim 0": -0.7}, {"claim 0": -0.7, "claim 1": np.nan}])
def test_what_the_recording_cannot_test_is_dropped_for_all(known, recording) -> None:
    found = weigh(known, recording, SEED, candidates=SIMPLE)
    assert found.features == ("claim 0",)
    assert found.dropped == {"claim 1": "not testable in the recording"}


def test_what_no_virtual_experiment_can_test_is_dropped(clusters) -> None:
    known = clusters({"a": [0.5, 0.0], "b": [-0.5, 0.0]})
    known.values[:, 1] = np.nan
    assert untestable(known, C) == {"claim 1": "not testable in any virtual experiment"}


@pytest.mark.parametrize(
    ("recording", "message"),
    [
        ({"P02": 0.1}, "the recording has 'P02', the virtual experiments only claim 0, claim 1"),
        ({"claim 0": 1.2}, r"'claim 0' is 1.2 in the recording; give a bounded index in \[-1, 1\]"),
        ({}, "nothing can be weighed: .* claim 0: not testable in the recording; claim 1: not"),
    ],
)
def test_a_recording_that_cannot_be_weighed_says_why(known, recording, message) -> None:
    with pytest.raises(ValueError, match=message.replace(".* ", r".*\(")):
        weigh(known, recording, SEED, candidates=SIMPLE)


def test_the_chosen_classifier_and_the_worlds_are_named(for_c) -> None:
    assert for_c.classifier == "logistic regression"
    assert list(for_c.classifiers) == ["logistic regression"]
    assert for_c.worlds == dict.fromkeys(CENTRES, 60)
