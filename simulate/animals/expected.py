"""What networks are expected to show, for the claims alone: without noise, labels and checks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from errorneurons.analysis.session.plain import Plain
from errorneurons.simulate.animals.performed import Performed
from errorneurons.simulate.instrument.displayed import shown_in
from errorneurons.simulate.instrument.extents import extents
from errorneurons.simulate.instrument.instrument import Instrument
from errorneurons.simulate.instrument.instrumented import Instrumented
from errorneurons.simulate.instrument.plainly import DrawnCells, draw_cells, expected_of_cells


def expected_of(
    seen: Performed, instrument: Instrument, cells: dict[int, DrawnCells]
) -> Iterator[Plain]:
    """Record networks as `recordings_of` does, by the firing rates that cells are expected to have.

    Parameters
    ----------
    seen
        The networks after a day of an experiment.
    instrument
        How they are recorded; noise is left out.
    cells
        Number of a network -> its cells, the same on all days and in all experiments; those that
        are not there yet are drawn, and added.
    """
    if not seen.blocks:
        return
    first = seen.blocks[0].activity
    sizes = first.extents or extents(first)
    blocks = [replace(ran.activity, extents=sizes) for ran in seen.blocks]
    rows, shown = [ran.rows for ran in seen.blocks], shown_in([ran.table for ran in seen.blocks])
    how, circuit = replace(instrument, spiking="none"), seen.theory.circuit
    for index, number in enumerate(seen.animals.numbers):
        one = Instrumented(circuit, blocks, rows, number, index, how, shown)
        if number not in cells:
            cells[number] = draw_cells(one, seen.animals.seed)
        session = expected_of_cells(one, cells[number])
        yield replace(session, attrs={**session.attrs, "day": first.day})
