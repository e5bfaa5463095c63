"""Options that name things: several at a time, with commas or one by one, and refused at once.

Names are looked up before a command imports what it needs, so that a slip of the pen is answered in
the time that help takes. What takes long to import is known here by its names.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from errorneurons.predictions.commands.entries import (
    ABLATION_NAMES,
    CLAIM_NAMES,
    FILE_ENDINGS,
    MANIPULATION_NAMES,
    RESULT_NAMES,
    TASK_NAMES,
)


class RecordedBy(StrEnum):
    """What a virtual recording holds."""

    SPIKES = "spikes"
    CALCIUM = "calcium"
    TUFTS = "tufts"


Check = Callable[[str], object]
Names = list[str] | None


def split_names(given: Names) -> list[str]:
    """Return names that were given one by one, with commas between them, or both; each once."""
    parts = (part.strip() for text in given or () for part in text.split(","))
    return list(dict.fromkeys(filter(None, parts)))


def _several(check: Check) -> Callable[[Names], Names]:
    """Return what makes of an option the names in it, if they are known."""

    def read(given: Names) -> Names:
        names = split_names(given)
        for name in names:
            check(name)
        return names or None

    return read


def _one(check: Check) -> Callable[[str | None], str | None]:
    """Return what lets a known name pass."""

    def read(given: str | None) -> str | None:
        if given is not None:
            check(given)
        return given

    return read


def _is_theory(name: str) -> None:
    from errorneurons.simulate.theories.registry import theory

    theory(name)


def _is_claim(key: str) -> None:
    from errorneurons.predictions.claims.meant import claim_among

    claim_among(CLAIM_NAMES, key, CLAIM_NAMES)


def _is_experiment(name: str) -> None:
    from errorneurons.simulate.experiments.registry import experiment

    if not name.endswith(".csv"):
        experiment(name)


def _is_connectivity(name: str) -> None:
    from errorneurons.simulate.parts.connectivity import CONNECTIVITY
    from errorneurons.simulate.refusing import entry

    if not name.endswith(".csv"):
        entry("connectivity", name, dict(CONNECTIVITY))


def _is_ablation(name: str) -> None:
    from errorneurons.simulate.refusing import entry
    from errorneurons.simulate.theories.synonyms import ABLATIONS_CALLED

    if name != "intact":
        entry("ablation", name, dict.fromkeys(ABLATION_NAMES), synonyms=ABLATIONS_CALLED)


def _is_manipulation(name: str) -> None:
    from errorneurons.simulate.refusing import known

    known("manipulation", name, (*MANIPULATION_NAMES, "none"))


def _are_manipulations(given: Names) -> Names:
    names = _several(_is_manipulation)(given)
    if names and "none" in names and len(names) > 1:
        raise ValueError("--manipulation none stands for recording alone; give it by itself")
    return names


def _is_among(kind: str, names: tuple[str, ...]) -> Check:
    def check(name: str) -> None:
        from errorneurons.simulate.refusing import entry

        entry(kind, name, dict.fromkeys(names))

    return check


def costs_given(given: Names) -> dict[str, float]:
    """Return what manipulations cost, as given by `--cost`."""
    found = {}
    for text in split_names(given):
        name, _, number = text.partition("=")
        try:
            found[name.strip()] = float(number)
        except ValueError:
            raise ValueError(
                f"--cost is {text!r}; give a manipulation and a number, e.g. drive=3"
            ) from None
        _is_manipulation(name.strip())
    return found


def groups_given(given: Names) -> dict[str, list[Path]]:
    """Return the files of groups, as given by `--group`; each file is there."""
    found: dict[str, list[Path]] = {}
    for text in given or ():
        name, equals, files = text.partition("=")
        own = [Path(file) for file in split_names([files])]
        if not (equals and name.strip() and own):
            raise ValueError(
                f"--group is {text!r}; give a name and its files, e.g. controls=a.nwb,b.nwb"
            )
        found.setdefault(name.strip(), []).extend(_are_there(own))
    return found


def _are_there(files: list[Path]) -> list[Path]:
    """Refuse recordings that are not there; what is no recording, the door refuses."""
    return [_is_there(file) for file in files]


def _is_there(file: Path) -> Path:
    if file.suffix == ".toml":
        raise ValueError(f"{file} is a mapping file, and no recording; write --mapping {file}")
    if file.suffix in FILE_ENDINGS and not file.exists():
        raise ValueError(f"there is no file {file}")
    return file


def _is_mapping(path: Path | None) -> Path | None:
    """Refuse a mapping file that is not there, before it is known what is in the recordings."""
    if path is not None and not path.exists():
        raise ValueError(
            f"there is no mapping file {path}; `errorneurons inspect` writes one to start from"
        )
    return path


def _are_costs(given: Names) -> Names:
    costs_given(given)
    return given


def _is_folder(folder: Path | None) -> Path | None:
    if folder is not None and folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is a file; give a folder")
    return folder


def _is_own_theory(files: list[Path] | None) -> list[Path] | None:
    for file in files or ():
        if not file.is_file():
            raise ValueError(f"there is no file {file}; give the Python file of a theory")
    return files or None


_SEVERAL = "several with commas between them, or one by one"

_SOME_THEORIES = typer.Option(
    "--theory", metavar="NAMES", callback=_several(_is_theory),
    help=f"Theories, {_SEVERAL}; see `errorneurons list theories`.",
)  # fmt: skip
Theories = Annotated[Names, _SOME_THEORIES]
TheoriesNeeded = Annotated[list[str], _SOME_THEORIES]
TheoryNeeded = Annotated[
    str,
    typer.Option("--theory", metavar="NAME", callback=_one(_is_theory),
                 help="Theory or counter-circuit that is recorded."),
]  # fmt: skip
Claims = Annotated[
    Names,
    typer.Option("--claim", metavar="KEYS", callback=_several(_is_claim),
                 help=f"Claims, {_SEVERAL}; see `errorneurons list claims`."),
]  # fmt: skip
TheoryFiles = Annotated[
    list[Path] | None,
    typer.Option("--theory-file", metavar="FILE", callback=_is_own_theory,
                 help="A theory of your own: a Python file, which is run. May be given again."),
]  # fmt: skip
Figures = Annotated[
    Path | None,
    typer.Option("--figures", metavar="FOLDER", callback=_is_folder,
                 help="Folder for each claim's figure as SVG, PDF and PNG, and its numbers."),
]  # fmt: skip
Ablations = Annotated[
    Names,
    typer.Option("--ablation", metavar="NAMES", callback=_several(_is_ablation),
                 help=f"What is taken away, {_SEVERAL}; see `errorneurons list ablations`."),
]  # fmt: skip
AblationOnly = Annotated[
    str,
    typer.Option("--ablation", metavar="NAME", callback=_one(_is_ablation),
                 help="What is taken away, see `errorneurons list ablations`."),
]  # fmt: skip
Connectivities = Annotated[
    Names,
    typer.Option("--connectivity", metavar="NAMES", callback=_several(_is_connectivity),
                 help=f"How areas are wired, {_SEVERAL}; a name or a CSV file."),
]  # fmt: skip
ConnectivityOnly = Annotated[
    str | None,
    typer.Option("--connectivity", metavar="NAME", callback=_one(_is_connectivity),
                 help="How areas are wired, see `errorneurons list connectivity`; or a CSV."),
]  # fmt: skip
Tasks = Annotated[
    Names,
    typer.Option("--task", metavar="NAMES", callback=_several(_is_among("task", TASK_NAMES)),
                 help=f"Tasks, {_SEVERAL}. The association if not given."),
]  # fmt: skip
Manipulations = Annotated[
    Names,
    typer.Option("--manipulation", metavar="NAMES", callback=_are_manipulations,
                 help=f"What can be done, or other experiments, {_SEVERAL}; `none` for recording "
                 "alone."),
]  # fmt: skip
Alone = Annotated[
    bool,
    typer.Option("--alone", help="Other experiments by themselves, without outcome errors."),
]  # fmt: skip
Budget = Annotated[int | None, typer.Option(min=2, metavar="N", help="The most animals.")]
LabelError = Annotated[
    float, typer.Option(min=0, max=0.9, metavar="SHARE", help="Share of false error labels.")
]
Worlds = Annotated[
    int,
    typer.Option(
        min=32, metavar="N", help="Draws of what a theory leaves open, simulated for each."
    ),
]
Library = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Folder that keeps simulated worlds from run to run."),
]
Costs = Annotated[
    Names,
    typer.Option("--cost", metavar="NAME=NUMBER", callback=_are_costs,
                 help="What a manipulation or other experiment adds to the cost of an animal, of "
                 f"which recording alone is 1, e.g. drive=3; {_SEVERAL}."),
]  # fmt: skip
Results = Annotated[
    Names,
    typer.Argument(
        metavar="[NAMES]...",
        callback=_several(_is_among("published result", RESULT_NAMES)),
        help="Published results, see `errorneurons list published`. All if none.",
    ),
]
SizesGiven = Annotated[
    Names,
    typer.Option("--layers", metavar="SIZES", callback=split_names,
                 help=f"Neurons in the input and in each area, e.g. 10-20-15-10-5; {_SEVERAL}."),
]  # fmt: skip
Tried = Annotated[
    str,
    typer.Argument(metavar="EXPERIMENT", callback=_one(_is_experiment),
                   help="An experiment, or a table of trials that ends in .csv."),
]  # fmt: skip
MappingFile = Annotated[
    Path | None,
    typer.Option("--mapping", metavar="FILE", callback=_is_mapping,
                 help="Mapping file that says what the fields of recordings mean."),
]  # fmt: skip
Recordings = Annotated[
    list[Path],
    typer.Argument(metavar="FILES...", callback=_are_there,
                   help="Recordings of any kind, mixed; or folders of them."),
]  # fmt: skip
RecordingsIfAny = Annotated[
    list[Path] | None,
    typer.Argument(metavar="[FILES]...", callback=lambda files: _are_there(files or []),
                   help="Recordings of any kind, mixed; or folders of them."),
]  # fmt: skip
RecordingGroups = Annotated[
    Names,
    typer.Option("--group", metavar="NAME=FILES",
                 help="A group of animals, or another recording, e.g. controls=a.nwb,b.nwb: two or "
                 "more are judged side by side, and no theory is weighed."),
]  # fmt: skip
