from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from errorneurons.simulate.engine import kernels as engine
from errorneurons.simulate.engine import layout
from errorneurons.simulate.engine.labelled import labelled


@pytest.mark.parametrize("theory", engine.THEORIES)
def test_everything_recorded_has_its_area(theory: Any) -> None:
    circuit = theory()
    one = np.ones(1, bool)
    plan = layout.Schedule(
        np.ones((1, 1, 10)), np.ones((1, 1, 5)) / 2, np.zeros((1, 1), int), np.full(1, 3), one, one
    )
    recording = layout.Recording(engine.recordable(circuit))
    run = engine.run(circuit, circuit.initial_weights(0, [0, 1]), plan, recording=recording)
    data = labelled(circuit, run)
    assert set(data.data_vars) == set(engine.recordable(circuit))
    assert data["r"].sizes == {"network": 2, "record": 3, "representation": 50}
    assert list(dict.fromkeys(data["representation_area"].values)) == [
        p.area for p in circuit.populations if p.role == "representation"
    ]
