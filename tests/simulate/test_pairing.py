"""Units know their partner, and the sign with which they move the cursor."""

from __future__ import annotations

import numpy as np
import pytest

from errorneurons.simulate.circuit import neurons
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.instrument.pairing import (
    NOBODY,
    causal_signs,
    decoder_weights,
    paired,
    partners,
)
from errorneurons.simulate.instrument.units import Units, labels_of, sampled
from errorneurons.simulate.theories.registry import THEORIES, Theory, theory

SOMATIC = [t for t in THEORIES if t.circuit.carrier == "error"]
DECODER = np.array([0.5, -0.5, 0.5, -0.4, -0.3])
SOMATA, TUFTS = Instrument(), Instrument(compartment="apical")


def recorded(subject: Theory, instrument: Instrument = SOMATA) -> Units:
    apical = instrument is TUFTS
    populations = labels_of(subject.circuit, None, instrument, apical=apical)
    return sampled(populations, instrument, (1, subject.name, 0))


@pytest.mark.parametrize("subject", SOMATIC, ids=lambda t: t.name)
def test_every_representation_neuron_above_the_input_has_an_error_neuron(subject: Theory) -> None:
    pairs = paired(subject.circuit)
    everyone = neurons(subject.circuit, "representation")
    assert set(pairs[pairs != NOBODY]) == set(range(everyone.stop))


def test_errors_about_a_sensory_outcome_are_paired_with_its_predicted_outcome() -> None:
    circuit = theory("hierarchical_pc_sensory").circuit
    pairs, inputs = paired(circuit), 10
    assert (pairs[:inputs] == NOBODY).all()
    outcome = neurons(circuit, "representation", "outcome")
    assert pairs[inputs : inputs + 5].tolist() == list(range(outcome.start, outcome.stop))


def test_both_halves_of_a_mismatch_have_the_same_partner() -> None:
    pairs = paired(theory("mismatch_neurons").circuit)
    np.testing.assert_array_equal(pairs[:20], pairs[20:40])


def test_partners_are_in_the_same_area_and_of_the_other_role() -> None:
    units = recorded(theory("error_microcircuit"))
    names = partners(theory("error_microcircuit").circuit, units)
    roles = dict(zip(units.name.tolist(), units.label.tolist(), strict=True))
    areas = dict(zip(units.name.tolist(), units.area.tolist(), strict=True))
    true = units.source == units.label
    for own, partner in zip(units.name[true].tolist(), names[true].tolist(), strict=True):
        if partner:
            assert areas[partner] == areas[own]
            assert roles[partner] == "representation" or roles[own] == "representation"
    assert (names != "").mean() > 0.5


@pytest.mark.parametrize("name", ["dendritic_microcircuit", "error_microcircuit"])
def test_a_tuft_is_paired_with_its_soma(name: str) -> None:
    subject = theory(name)
    units = recorded(subject, TUFTS)
    names = partners(subject.circuit, units)
    neuron = dict(zip(units.name.tolist(), units.neuron.tolist(), strict=True))
    tufts = np.flatnonzero((units.label == "error") & (units.source != "representation"))
    tufts = tufts[names[tufts] != ""]
    assert len(tufts) > 20
    assert [neuron[str(names[k])] for k in tufts] == units.cell[tufts].tolist()


@pytest.mark.parametrize("subject", SOMATIC, ids=lambda t: t.name)
def test_those_and_only_those_who_go_with_an_output_neuron_have_its_sign(subject: Theory) -> None:
    units, circuit = recorded(subject), subject.circuit
    signs = causal_signs(circuit, units, DECODER)
    read = (units.area == circuit.output_area) & (units.source == "representation")
    start = neurons(circuit, "representation", circuit.output_area).start
    assert signs[read].tolist() == np.sign(DECODER)[units.neuron[read] - start].tolist()
    assert np.isnan(signs[(units.source == "representation") & ~read]).all()
    assert set(signs[units.source == "error"][~np.isnan(signs[units.source == "error"])]) == {-1, 1}


@pytest.mark.parametrize("name", ["error_microcircuit", "hierarchical_pc_sensory", "dendritic_pc"])
def test_weights_times_rates_of_the_recorded_units_are_the_cursor(name: str) -> None:
    subject, scale = theory(name), 7.0
    units = recorded(subject, TUFTS if name == "dendritic_pc" else SOMATA)
    weights = decoder_weights(subject.circuit, units, DECODER, scale)
    where = neurons(subject.circuit, "representation", subject.circuit.output_area)
    moving = np.isfinite(weights)
    assert (units.area[moving] == subject.circuit.output_area).all()
    output = np.array([0.3, -0.2, 0.1, 0.5, -0.7])
    rates = scale * output[units.neuron[moving] - where.start] * (units.gain * units.sign)[moving]
    assert rates @ weights[moving] == pytest.approx(output @ DECODER)
