"""The benchmark of labels that mean nothing deals them within areas, and to cells alone."""

from __future__ import annotations

import numpy as np
import pytest
from dealt_labels import dealt, nulls, verdicts

import errorneurons as en
from errorneurons.predictions.claims.registry import claim

P18A = claim("P18a")


@pytest.fixture(scope="module")
def sessions():
    return list(en.simulate("error_microcircuit", "class_influence", animals=6, repeats=3))


def test_each_area_has_as_many_cells_of_a_label_as_before(sessions) -> None:
    made = dealt(sessions[0], np.random.default_rng(1))
    assert not (made["role"].values == sessions[0]["role"].values).all()
    counts = [
        sorted(zip(s["area"].values.tolist(), s["role"].values.tolist(), strict=True))
        for s in (made, sessions[0])
    ]
    assert counts[0] == counts[1]


def test_own_labels_answer_and_dealt_ones_hardly_ever_though_they_would(sessions) -> None:
    assert verdicts(sessions, [P18A])["P18a"] == ("SUPPORTED", "SUPPORTED")
    found = nulls(sessions, [P18A], 20, 6, 1)["P18a"]
    answers, at_their_word = (
        sum(n for said, n in found.items() if said[k] in ("SUPPORTED", "CONTRADICTED"))
        for k in range(2)
    )
    assert answers <= 3 < at_their_word
