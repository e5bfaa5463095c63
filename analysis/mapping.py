"""What the fields of somebody's recording mean: the mapping file.

A mapping file is TOML. ``[session]`` says which animal it was and what is known about it,
``[events]`` which table holds the trials and around which event activity is cut out, ``[trial]``
and ``[unit]`` where each column of the contract comes from, and ``areas`` gives the order of the
areas, the lowest first. ``[signal]`` says where activity is in files that leave it open, as arrays
of MATLAB and NumPy do. ``errorneurons inspect`` writes one to start from.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import re
import tomllib
from collections.abc import Iterator
from collections.abc import Mapping as Dict
from itertools import islice, product
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from errorneurons.analysis.filters import checked_filter
from errorneurons.analysis.origins import Scalar, Source
from errorneurons.analysis.session.contract import DoorError, told
from errorneurons.analysis.session.schema import ATTRIBUTES, TRIAL, UNIT
from errorneurons.analysis.signals import Events, SignalSource


class MappingError(DoorError):
    """A mapping file is wrong; the text lists everything that is."""


_Plain = int | float | str
_Each = dict[str, tuple[_Plain, ...]] | tuple[dict[str, _Plain], ...]


class Mapping(BaseModel):
    """What the fields of a recording mean; see the head of this page.

    Attributes
    ----------
    session
        Attribute of the contract -> where it comes from.
    events
        Which trials there are, and what is cut out around each.
    trial, unit
        Column of the contract -> where it comes from. Onsets are read as times of the recording
        and put on the time axis of the trial; a constant is on that axis already.
    signal
        Where activity is, in files that leave it open; NWB does not.
    each
        Name -> values, or a list of names with a value each; what is said holds for each of them,
        every one with every other, with ``{name}`` in the texts of the mapping replaced. What
        makes the same session is put together, trial after trial.
    rois
        Name of the container whose responses of ROIs are read, e.g. ``DfOverF``, or
        ``container/series`` where it holds several of the same ROIs, ``container/Dec*`` for all
        whose names begin so, one a plane; empty for the spikes of units. ROIs are then what `unit`
        and `keep_units` speak of.
    keep_trials, keep_units
        Column of the file -> the values with which a trial or unit is kept, e.g.
        ``{"quality": ("good",)}``, or a comparison, ``{"snr": "> 2 and < 50"}``; all columns must
        agree. The others are not read.
    sessions
        A table beside the recordings, ``sessions.csv``, that says what each file is: its column
        ``file`` names them, and ``{ metadata = "sessions.animal" }`` is the column ``animal``.
    tables
        Name -> a file beside the recordings that holds a table of that name, for joins:
        ``{"histology": "clusters.csv"}``; ``*_units.tsv`` is the one that is called as the
        recording is.
    areas
        The areas, the lowest first; areas that are not named have no level.
    labels
        ``"localiser"`` if error cells are to be found in the recording itself, in place of the
        roles under ``[unit]``: by the trials that `localiser` marks, or cross-fitted over all
        trials with an outcome. See `errorneurons.analysis.measures.labelling`.
    ignored
        Names of tables or series of laser light that are knowingly passed over.
    cautions
        What must be known of the recording and cannot be seen in it, e.g. that the file does not
        say which animal a unit is of; shown with what the reader finds itself.
    confirmatory
        Keys of the claims that were chosen before the data are judged.
    notes
        Whatever a reader must know.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    session: dict[str, Source]
    events: Events = Events()
    trial: dict[str, Source]
    unit: dict[str, Source]
    keep_trials: dict[str, tuple[Scalar, ...] | str] = {}
    keep_units: dict[str, tuple[Scalar, ...] | str] = {}
    sessions: str | None = None
    tables: dict[str, str] = {}
    signal: SignalSource | None = None
    each: _Each = ()
    rois: str = ""
    areas: tuple[str, ...] = ()
    labels: Literal["localiser"] | None = None
    ignored: tuple[str, ...] = ()
    cautions: tuple[str, ...] = ()
    confirmatory: tuple[str, ...] = ()
    notes: str = ""

    @field_validator("keep_trials", "keep_units")
    @classmethod
    def _are_filters(cls, keep: dict[str, Any]) -> dict[str, Any]:
        for wanted in keep.values():
            checked_filter(wanted)
        return keep

    @property
    def digest(self) -> str:
        """SHA-256 of what the mapping says, whatever its comments and order."""
        text = self.model_dump_json(exclude_none=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def spelled_out(self) -> list[Mapping]:
        """Return one mapping for each of the values of `each`; itself if there are none.

        Raises
        ------
        MappingError
            If a value makes no sense where it stands, or stands nowhere.
        """
        if not self.each:
            return [self]
        raw = self.model_dump(exclude={"each"}, exclude_none=True)
        said = self.model_dump_json(exclude={"each"})
        for name in {name for values in islice(_choices(self.each), _MOST) for name in values}:
            if f"{{{name}}}" not in said:
                raise MappingError(
                    f"`each` gives values of `{name}` and nothing says {{{name}}}; the same would "
                    "be read again for each"
                )
        chosen = list(islice(_choices(self.each), _MOST + 1))
        if len(chosen) > _MOST:
            raise MappingError(f"`each` gives more than {_MOST} readings of one file; give fewer")
        try:
            return [Mapping.model_validate(_filled(raw, values)) for values in chosen]
        except ValidationError as error:
            wrong = [_sentence(detail) for detail in error.errors()]
            raise MappingError(f"`each`: {'; '.join(wrong)}") from error


_MOST = 1000
"""So often at most `each` reads a file."""


def _choices(each: _Each) -> Iterator[Dict[str, _Plain]]:
    if isinstance(each, tuple):
        yield from each
        return
    for values in product(*each.values()):
        yield dict(zip(each, values, strict=True))


def _filled(value: Any, chosen: Dict[str, Any]) -> Any:
    """Return what a mapping says with ``{name}`` replaced in all its texts."""
    if isinstance(value, dict):
        return {key: _filled(inner, chosen) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_filled(inner, chosen) for inner in value]
    if isinstance(value, str):
        for name, replacement in chosen.items():
            value = value.replace(f"{{{name}}}", str(replacement))
    return value


_BUILT = {"schema_version", "confirmatory", "cautions", "notes", "provenance"}
_KEYS: Dict[str, tuple[str, ...]] = {
    "session": tuple(a.name for a in ATTRIBUTES if a.name not in _BUILT),
    "events": tuple(Events.model_fields),
    "signal": tuple(SignalSource.model_fields),
    "trial": tuple(field.name for field in TRIAL if field.name != "trial_start"),
    "unit": tuple(field.name for field in UNIT),
}


def load_mapping(path: str | Path) -> Mapping:
    """Read a mapping file.

    Raises
    ------
    MappingError
        If there is none, it is no TOML, or it says something wrong: everything at once.
    """
    path = Path(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise MappingError(
            f"there is no mapping file {path}; `errorneurons inspect` writes one to start from"
        ) from None
    except UnicodeDecodeError:
        raise MappingError(f"{path.name} is no text; give a mapping file, TOML in UTF-8") from None
    except OSError as error:
        raise MappingError(
            f"cannot read the mapping file {path}: {told(error)}; give another --mapping"
        ) from error
    try:
        return parse_mapping(text)
    except MappingError as error:
        raise MappingError(f"{path.name}: {error}") from error


def parse_mapping(text: str) -> Mapping:
    """Return the mapping that the text of a mapping file describes.

    Raises
    ------
    MappingError
        If it is no TOML or says something wrong: everything at once.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise MappingError(f"this is no TOML: {error}; {_mend_of(text, str(error))}") from error
    wrong = [*_unknown_keys(raw), *_missing_keys(raw), *_missing_events(raw)]
    try:
        mapping = Mapping.model_validate(raw)
    except ValidationError as error:
        wrong += [_sentence(detail) for detail in error.errors() if not _is_told(detail)]
        raise MappingError("\n".join(wrong)) from error
    if wrong:
        raise MappingError("\n".join(wrong))
    return mapping


def _mend_of(text: str, said: str) -> str:
    """Return what is most likely meant by a line that is no TOML."""
    found = re.search(r"at line (\d+)", said)
    lines = text.split("\n")
    line = lines[int(found[1]) - 1].strip() if found and int(found[1]) <= len(lines) else ""
    if re.match(r"[\w.-]+\s*=\s*[A-Za-z]", line):
        return f"text stands between quotes, which {line!r} lacks"
    return f"mend {line!r}" if line else "mend the line"


def did_you_mean(name: str, known: tuple[str, ...]) -> str:
    """Return ``did you mean ...?``, or what is known if nothing is near."""
    if not known:
        return "there are none"
    guess = difflib.get_close_matches(name, known, n=1)
    more = f" and {len(known) - _MANY} more" if len(known) > _MANY else ""
    return f"did you mean `{guess[0]}`?" if guess else f"known are {', '.join(known[:_MANY])}{more}"


_MANY = 50
"""Of so many names at most it is said that they are known."""


def _unknown_keys(raw: Dict[str, Any]) -> Iterator[str]:
    for part, content in raw.items():
        if part not in Mapping.model_fields:
            yield f"`{part}` is unknown; {did_you_mean(part, tuple(Mapping.model_fields))}"
        elif part in _KEYS and isinstance(content, dict):
            for key in content:
                if key not in _KEYS[part]:
                    yield f"[{part}] `{key}` is unknown; {_meant(key, part)}"


def _meant(key: str, part: str) -> str:
    """Return what is meant by a key that is unknown where it stands."""
    near = difflib.get_close_matches(key, (*_KEYS[part], *Mapping.model_fields), n=1)
    if near and near[0] in Mapping.model_fields and near[0] not in _KEYS[part]:
        move = "is a section of its own" if near[0] in _KEYS else "belongs above the first section"
        return f"{f'did you mean `{near[0]}`? It' if near[0] != key else 'it'} {move}"
    return did_you_mean(key, _KEYS[part])


def _missing_keys(raw: Dict[str, Any]) -> Iterator[str]:
    required = {
        "session": [a.name for a in ATTRIBUTES if a.required],
        "trial": [field.name for field in TRIAL if field.required],
        "unit": [field.name for field in UNIT if field.required],
    }
    # unit_id defaults to the row, level to the place in `areas`
    for part, names in required.items():
        for name in names:
            content = raw.get(part)
            defaults = ("schema_version", "unit_id", "level")
            if isinstance(content, dict) and name not in content and name not in defaults:
                yield f"[{part}] `{name}` is missing; say where it comes from"


def _missing_events(raw: Dict[str, Any]) -> Iterator[str]:
    """Name what must be said of events; a trial x time x unit array says itself what it holds."""
    signal, events = raw.get("signal"), raw.get("events")
    if isinstance(signal, dict) and "trial" in str((signal.get("dims"), signal.get("columns"))):
        return
    if events is None:
        yield "`events` is missing; add it"
    elif isinstance(events, dict):
        needed = ["time_zero", "start", "stop", "bin_width"]
        needed += [] if signal is not None or "file" in events else ["table"]
        yield from (f"[events] `{n}` is missing; add it" for n in needed if n not in events)


def _is_told(detail: Any) -> bool:
    """Whether `_unknown_keys` has told it already."""
    return detail["type"] == "extra_forbidden" and len(detail["loc"]) <= 2


def _sentence(detail: Any) -> str:
    part, *keys = (str(key) for key in detail["loc"])
    where = f"[{part}] `{'.'.join(keys)}`" if keys else f"`{part}`"
    if detail["type"] == "missing":
        return f"{where} is missing; add it"
    if detail["type"] == "extra_forbidden":
        return f"{where} is unknown; {did_you_mean(keys[-1], tuple(Source.model_fields))}"
    if detail["type"] == "value_error":
        return f"{where}: {detail['ctx']['error']}"
    if detail["type"] == "model_type":
        said = json.dumps(detail["input"], ensure_ascii=False, default=str)
        own = "..." if isinstance(detail["input"], list) else said
        return (
            f"{where} is {said}; write {{ constant = {own} }} if it is so everywhere, or the name "
            "of a column between quotes"
        )
    if detail["type"] == "literal_error":
        names = tuple(re.findall(r"'([^']*)'", detail["ctx"]["expected"]))
        near = did_you_mean(str(detail["input"]), names)
        return f"{where} is {detail['input']!r}, which is unknown; {near}"
    return f"{where} is {detail['input']!r}; {detail['msg'][0].lower()}{detail['msg'][1:]}"
