"""Commands for recordings: check, inspect, compare and plan."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from errorneurons.predictions.commands.options import (
    Alone,
    Budget,
    Costs,
    Figures,
    LabelError,
    Library,
    Manipulations,
    MappingFile,
    Names,
    RecordingGroups,
    Recordings,
    RecordingsIfAny,
    Theories,
    TheoryFiles,
    Worlds,
    costs_given,
    groups_given,
)
from errorneurons.predictions.commands.shared import (
    Out,
    Quiet,
    Scheduler,
    Seed,
    app,
    check_folder,
    check_new_file,
    draw_for_papers,
    folder_of_results,
    say,
    show_readiness,
    show_verdicts,
    this_command,
    write_report,
)

if TYPE_CHECKING:
    from errorneurons.analysis.kinds import SameFields
    from errorneurons.predictions.claims.claim import Verdict
    from errorneurons.predictions.comparing.weigh import Question
    from errorneurons.predictions.judging.readiness import Ready


@app.command("check")
def check_recording(
    files: Recordings,
    mapping: MappingFile = None,
) -> None:
    """Check recordings against the dataset contract, and say which claims they can test.

    Of each claim that they cannot test it is said what is missing; how the tests come out is not.
    """
    from errorneurons.analysis.door import open_recordings
    from errorneurons.analysis.measures.labelling import FOLD
    from errorneurons.analysis.session.session import collect
    from errorneurons.predictions.judging.believing import as_believed
    from errorneurons.predictions.judging.plausible import implausible
    from errorneurons.predictions.judging.readiness import readiness
    from errorneurons.predictions.judging.verdicts import confirmatory
    from errorneurons.predictions.judging.whom import ready_of, who_was_recorded
    from errorneurons.predictions.studies.unweighed import cautions_of
    from errorneurons.predictions.words import counted, listed

    opened = open_recordings(files, mapping)
    collect(opened)
    declared = confirmatory(opened)
    sessions = as_believed(opened)
    animals, noun = len({s.attrs["animal"] for s in sessions}), who_was_recorded(sessions)
    # a localiser that chooses by halves makes two sessions of one
    whole = {(s.attrs["animal"], s.attrs["session_id"].split(FOLD)[0]): s for s in sessions}
    trials, units = (sum(s.sizes[dim] for s in whole.values()) for dim in ("trial", "unit"))
    verb = "obeys" if len(files) == 1 else "obey"
    typer.echo(
        f"{listed([*map(str, files)])} {verb} the dataset contract: "
        f"{counted(len(whole), 'session')}, "
        f"{counted(animals, noun) if noun else 'animals that are not told apart'}, "
        f"{counted(trials, 'trial')}, {counted(units, 'unit')}."
    )
    for caution in cautions_of(sessions):
        typer.echo(caution)
    for doubt in implausible(sessions):
        typer.echo(f"Look again: {doubt}")
    those = f"The confirmatory set is {listed(declared)}."
    typer.echo(those if declared else "No confirmatory set was declared.")
    show_readiness(ready_of(readiness(sessions), noun))


@app.command()
def inspect(
    files: Recordings,
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", metavar="FILE", help="Mapping file to write (FILE.toml)."),
    ] = None,
) -> None:
    """Print what recordings hold, write a mapping, and say which claims they can test by it.

    The mapping file is filled in as far as names tell, with comments; read and correct it. One is
    written for all recordings with the same fields.
    """
    from errorneurons.analysis.door import recordings_in
    from errorneurons.analysis.kinds import alike_by_fields
    from errorneurons.analysis.session.files import beside
    from errorneurons.analysis.sources.template import template_of
    from errorneurons.predictions.words import listed

    if out:
        check_new_file(out)
    kinds = alike_by_fields(recordings_in(files))
    written = _mapping_files(kinds, out)
    for kind, target in zip(kinds, written, strict=True):
        if kind.content is not None and target is not None:
            typer.echo(str(kind.content))
            if more := [str(path) for path in kind.paths[1:]]:
                typer.echo(f"The same fields have {listed(more)}.")
            with beside(target) as part:
                part.write_text(template_of(kind.content), encoding="utf-8")
            say(f"mapping written to {target}; read it, and give it to: errorneurons compare")
    _show_what_can_be_tested(kinds, written)


def _mapping_files(kinds: Sequence[SameFields], out: Path | None) -> list[Path | None]:
    """Return where the mapping of each kind is written, None for those that need none."""
    firsts = [None if kind.content is None else kind.paths[0] for kind in kinds]
    unlike = [path for path in firsts if path is not None]
    if not unlike:
        name = kinds[0].paths[0].name
        raise ValueError(f"{name} needs no mapping: errorneurons check {name}")
    if out and len(unlike) > 1:
        raise ValueError(
            f"--out names one mapping, and {unlike[0]} and {unlike[1]} hold unlike fields; leave "
            "it out, or inspect them one by one"
        )
    stems: list[str] = []
    targets: list[Path | None] = []
    for path in firsts:
        stem = "" if path is None else path.with_suffix("").name
        stems.append(stem)
        number = f"-{stems.count(stem)}" * (stems.count(stem) > 1)
        targets.append(None if path is None else out or Path(f"{stem}{number}.toml"))
    for target in filter(None, targets):
        check_new_file(target)
    return targets


def _show_what_can_be_tested(kinds: Sequence[SameFields], mappings: Sequence[Path | None]) -> None:
    """Print which claims can be tested by mappings as they were written, or why that is open."""
    from errorneurons.analysis.door import open_recordings
    from errorneurons.analysis.session.contract import DoorError
    from errorneurons.analysis.session.session import collect
    from errorneurons.predictions.judging.believing import as_believed
    from errorneurons.predictions.judging.readiness import readiness
    from errorneurons.predictions.judging.whom import ready_of, who_was_recorded

    try:
        every = zip(kinds, mappings, strict=True)
        opened = [s for kind, own in every for s in open_recordings(kind.paths, own)]
        collect(opened)
        sessions = as_believed(opened)
        ready = ready_of(readiness(sessions), who_was_recorded(sessions))
    except DoorError as error:
        typer.echo(f"Which claims can be tested is open until the mapping is corrected: {error}")
        return
    typer.echo("By this mapping as it stands:")
    show_readiness(ready)


@app.command("compare")
def compare_theories(
    files: RecordingsIfAny = None,
    mapping: MappingFile = None,
    out: Out = Path("errorneurons-comparison"),
    group: RecordingGroups = None,
    name: Annotated[
        str, typer.Option(metavar="WORDS", help="What the recording is called on the page.")
    ] = "",
    seed: Seed = 1,
    theory: Theories = None,
    theory_file: TheoryFiles = None,
    worlds: Worlds = 40,
    library: Library = None,
    scheduler: Scheduler = None,
    cost: Costs = None,
    claims_only: Annotated[
        bool, typer.Option("--claims-only", help="Judge the claims, and weigh no theories.")
    ] = False,
    quiet: Quiet = False,
    figures: Figures = None,
) -> None:
    """Judge the claims on recordings, and weigh the theories.

    The verdicts on the claims come first. Then theories are weighed, which ends in a verdict
    between them, how far to trust it, and what to record next. The first time, the worlds of the
    theories are simulated, which takes a while; they are kept. With --group several recordings, or
    groups of animals, are judged side by side.
    """
    if group:
        _compare_groups(files, groups_given(group), mapping, name, out, figures)
        return
    if not files:
        raise ValueError("there is nothing to compare; give recordings, or groups with --group")
    if not claims_only:
        _check_theories(theory, theory_file)
    from errorneurons.analysis.door import open_recordings
    from errorneurons.analysis.session.session import collect
    from errorneurons.predictions.commands.progress import showing
    from errorneurons.predictions.pages.page import write
    from errorneurons.predictions.studies.recordings import recording_report
    from errorneurons.predictions.words import first_named

    with folder_of_results(out), showing(quiet=quiet) as tell:
        question = (
            None
            if claims_only
            else _question(theory, theory_file, worlds, seed, library, scheduler, cost)
        )
        sessions = open_recordings(files, mapping)
        collect(sessions)  # refuses a session that is given twice
        called = name or first_named([file.name for file in files])
        made = recording_report(sessions, called, question, this_command(), tell, _show_claims)
        page = write(made, out)
        draw_for_papers(made, figures)
    say(f"\n{made.answer}")
    typer.echo(f"\nReport: {page}")


def _compare_groups(
    files: list[Path] | None,
    groups: dict[str, list[Path]],
    mapping: Path | None,
    title: str,
    out: Path,
    figures: Path | None,
) -> None:
    """Judge the claims on groups side by side, and write the page."""
    from errorneurons.analysis.door import open_recordings
    from errorneurons.predictions.studies.side_by_side import groups_report

    if files:
        raise ValueError(f"{files[0]} is in no group; give all files in groups, or none")
    with folder_of_results(out):
        opened = {name: open_recordings(own, mapping) for name, own in groups.items()}
        write_report(groups_report(opened, this_command(), title), out, figures)


def _show_claims(verdicts: Sequence[Verdict], ready: Ready) -> None:
    """Print what claims come to, before theories are weighed."""
    if ready.common:
        typer.echo(ready.summary)
    show_verdicts(verdicts, ready)
    sys.stdout.flush()


@app.command("compare-results")
def compare_results(
    first: Annotated[Path, typer.Argument(help="A verdicts.json, or the folder it lies in.")],
    second: Annotated[Path, typer.Argument(help="The other one.")],
    tolerance: Annotated[
        float, typer.Option(min=0, help="Closer values, absolute or relative, are the same.")
    ] = 0.01,
) -> None:
    """Print in what two results differ; exit status 0 if in nothing, 1 if in something."""
    from errorneurons.predictions.pages.results import differences, made_otherwise, read_result

    a, b = read_result(first), read_result(second)
    found = differences(a, b, tolerance)
    for line in found or ["The results are the same."]:
        typer.echo(line)
    for line in made_otherwise(a, b):
        say(f"made with another {line}")
    if found:
        raise typer.Exit(1)


@app.command("plan")
def plan_experiment(
    theory: Theories = None,
    theory_file: TheoryFiles = None,
    animals: Annotated[
        Names, typer.Option(metavar="NUMBERS", help="Animals to try.  [default: 2,3,4,6,8,12]")
    ] = None,
    cells: Annotated[
        Names,
        typer.Option(
            metavar="NUMBERS",
            help="Error cells, and representation cells, an area.  [default: 4,12,36]",
        ),
    ] = None,
    trials: Annotated[
        Names,
        typer.Option(metavar="NUMBERS", help="Of a stimulus and condition.  [default: 2,6]"),
    ] = None,
    manipulation: Manipulations = None,
    alone: Alone = False,
    areas: Annotated[
        Names,
        typer.Option(metavar="NUMBERS", help="Recorded, 1 lowest, 4 teaching.  [default: 1,2,3,4]"),
    ] = None,
    instrument: Annotated[str, typer.Option(metavar="KIND", help="spikes or calcium.")] = "spikes",
    label_error: LabelError = 0.05,
    budget: Budget = None,
    cost: Costs = None,
    out: Out = Path("errorneurons-plan"),
    seed: Seed = 1,
    worlds: Worlds = 40,
    library: Library = None,
    scheduler: Scheduler = None,
    quiet: Quiet = False,
) -> None:
    """Plan an experiment: how many animals, cells and trials settle it, and what buys most."""
    _check_theories(theory, theory_file)
    given = {"animals": animals, "cells": cells, "trials": trials, "areas": areas}
    sizes = {name: _numbers(name, numbers) for name, numbers in given.items() if numbers}
    from errorneurons.predictions.claims.registry import IN_ONE_EXPERIMENT
    from errorneurons.predictions.commands.progress import showing
    from errorneurons.predictions.comparing.plan import Grid
    from errorneurons.predictions.comparing.plan import plan as find
    from errorneurons.predictions.pages.plan import write_plan
    from errorneurons.predictions.studies.asked import label_errors

    usual = () if alone else IN_ONE_EXPERIMENT
    chosen = () if manipulation == ["none"] else tuple(manipulation or usual)
    grid = Grid(
        sizes.get("animals", Grid.animals), sizes.get("cells", Grid.cells),
        sizes.get("trials", Grid.trials), chosen, sizes.get("areas", Grid.areas), instrument,
        label_errors(label_error), budget, alone,
    )  # fmt: skip
    check_folder(out)
    with showing(quiet=quiet) as tell:
        question = _question(theory, theory_file, worlds, seed, library, scheduler, cost)
        planned = find(grid, question, tell)
    page, lines = write_plan(planned, out, this_command())
    for line in lines:
        typer.echo(line)
    typer.echo(f"\nPlan: {page}")


def _question(
    theories: Names,
    files: list[Path] | None,
    worlds: int,
    seed: int,
    library: Path | None,
    scheduler: str | None,
    cost: Names,
) -> Question:
    """Return what is compared; a folder that cannot be used is refused at once.

    Theories of one's own stand beside those that are named, or all that are compared.
    """
    from errorneurons.predictions.studies.asked import question_of
    from errorneurons.simulate.store.places import check_writable
    from errorneurons.simulate.store.work import Labour
    from errorneurons.simulate.theories.registry import COMPARED

    labour = Labour(scheduler=scheduler)
    every = (*(theories or COMPARED), *map(str, files or ()))
    question = question_of(every, worlds, seed, library, labour, costs_given(cost))
    check_writable(question.folder, "--library")
    return question


def _check_theories(given: Names, files: list[Path] | None) -> None:
    """Refuse a single theory before what compares them is imported."""
    from errorneurons.simulate.refusing import two_theories

    if given:
        two_theories([*given, *map(str, files or ())])


def _numbers(name: str, given: list[str]) -> tuple[int, ...]:
    """Return whole numbers, given with commas or one by one, in order, each once."""
    from errorneurons.simulate.refusing import numbers_to_try

    text = ",".join(given)
    try:
        found = tuple(sorted({int(part) for part in text.split(",")}))
    except ValueError:
        raise ValueError(
            f"--{name} is {text!r}; give whole numbers with commas between them, e.g. 4,8,12"
        ) from None
    numbers_to_try(name, found)
    return found
