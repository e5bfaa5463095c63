"""The command that writes a demo recording: what virtual animals of a theory would give."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from errorneurons.predictions.commands.options import RecordedBy, TheoryNeeded
from errorneurons.predictions.commands.shared import (
    Quiet,
    Seed,
    app,
    check_new_file,
    say,
)

if TYPE_CHECKING:
    import xarray as xr

    from errorneurons.simulate.instrument.instrument import Instrument

_NewFile = Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="NWB file to write.")]
_VirtualAnimals = Annotated[int, typer.Option(min=1, metavar="N", help="Virtual animals.")]
_Cells = Annotated[
    int,
    typer.Option(min=2, metavar="N", help="Error cells, and representation cells, of each area."),
]
_TrialsOfAKind = Annotated[
    int, typer.Option(min=2, metavar="N", help="Trials of each condition and stimulus.")
]
_FalseLabels = Annotated[
    float,
    typer.Option(min=0, max=0.9, metavar="SHARE", help="Share of error labels that are false."),
]
_StatedFalseLabels = Annotated[
    float | None,
    typer.Option(
        min=0,
        max=0.9,
        metavar="SHARE",
        help="Share of false labels that the file states; the truth by default.",
    ),
]
_Kind = Annotated[RecordedBy, typer.Option(help="What is recorded.")]
RecordedAreas = Annotated[
    str,
    typer.Option(
        metavar="NAMES",
        help="Areas that are recorded, e.g. 'area 1, area 2'; all if not given.",
    ),
]
_Efficacy = Annotated[
    float,
    typer.Option(
        min=0, max=1, metavar="SHARE", help="Share of its rate that a silenced cell loses."
    ),
]
_OffTarget = Annotated[
    float,
    typer.Option(
        min=0, max=1, metavar="SHARE", help="Share of the other kind of cells silenced as well."
    ),
]


@app.command("demo-recording")
def demo_recording(
    theory: TheoryNeeded,
    out: _NewFile,
    animals: _VirtualAnimals = 8,
    cells: _Cells = 24,
    trials: _TrialsOfAKind = 8,
    label_error: _FalseLabels = 0.05,
    stated_label_error: _StatedFalseLabels = None,
    instrument: _Kind = RecordedBy.SPIKES,
    areas: RecordedAreas = "",
    efficacy: _Efficacy = 1.0,
    off_target: _OffTarget = 0.0,
    seed: Seed = 101,
    quiet: Quiet = False,
) -> None:
    """Write a virtual recording of a theory as NWB.

    It holds spikes or calcium, labels of error cells of which some are false, and laser trials. To
    see what wrong labels do, let the file state another share of them than the true one.
    """
    from errorneurons.analysis.readers.nwb.reader import write_nwb
    from errorneurons.analysis.session.session import collect
    from errorneurons.predictions.commands.progress import showing
    from errorneurons.predictions.words import counted
    from errorneurons.simulate.animals.animals import Animals
    from errorneurons.simulate.animals.performed import put_through
    from errorneurons.simulate.animals.runner import recordings_of
    from errorneurons.simulate.experiments.registry import experiment
    from errorneurons.simulate.instrument.instrument import recorded_by
    from errorneurons.simulate.theories.registry import theory as find
    from errorneurons.simulate.trials.bench import Laser

    if out.suffix != ".nwb":
        raise ValueError(f"{out} does not end in .nwb; a demo recording is an NWB file")
    check_new_file(out)
    known = find(theory)
    seen = _labelled(
        replace(
            recorded_by(instrument, known.circuit),
            cells=cells,
            areas=tuple(name.strip() for name in areas.split(",") if name.strip()),
        ),
        label_error,
    )
    stated = label_error if stated_label_error is None else stated_label_error
    told = _labelled(seen, stated)
    seen.check_areas(p.area for p in known.circuit.populations)
    tried = replace(experiment("outcome_error"), repeats=trials)
    laser = Laser(efficacy, off_target)
    with showing(quiet=quiet) as tell:
        made = put_through(known, tried, Animals(animals, seed), seen, laser, tell)
    write_nwb(collect(_stating(told, s) for s in recordings_of(made, seen)), out, seed=seed)
    said = f"{out}: {counted(len(made.animals.numbers), 'animal')} of {theory}"
    if stated != label_error:
        said += f"; {label_error:.0%} of error labels are false, the file states {stated:.0%}"
    say(said)


def _labelled(seen: Instrument, share: float) -> Instrument:
    """Return the instrument with a share of false labels, known to within 5 %."""
    interval = max(0.0, share - 0.05), share + 0.05
    return replace(seen, label_error=share, label_error_interval=interval)


def _stating(told: Instrument, session: xr.Dataset) -> xr.Dataset:
    """Return a session whose labels claim to be as often false as those of another instrument."""
    low, high = told.label_error_interval
    known = session["label_error"].copy()
    known.values[known.notnull()] = told.label_error
    known.attrs |= {"low": low, "high": high}
    return session.assign_coords(label_error=known)
