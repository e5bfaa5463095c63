"""The dataset contract, as data: what a session consists of.

One session is one `xarray.Dataset` with dims ``trial``, ``time`` and ``unit``. Every column is a
flat coordinate along ``trial`` or ``unit``. A column that is absent was not recorded; NaN within a
column of numbers means that this value was not. `errorneurons.analysis.session.session` checks
sessions against these tables; nothing else knows them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

SCHEMA_VERSION = 1

LEVELS_OF_DATA = ("trial", "mean", "pooled", "sample")

ROLES = ("representation", "error", "interneuron", "unknown")

Kind = Literal["number", "text", "bool"]


@dataclass(frozen=True)
class Field:
    """A variable or coordinate of a session.

    Attributes
    ----------
    name
        Its name.
    dims
        Its dims.
    kind
        What its values are.
    long_name
        What it is, as written on an axis.
    units
        Units that are allowed; the first is filled in by `session`. Empty for text and bool, and
        for numbers whose units the contract leaves open.
    values
        Values that are allowed; empty if all are.
    required
        Whether a session without it is refused.
    """

    name: str
    dims: tuple[str, ...]
    kind: Kind
    long_name: str
    units: tuple[str, ...] = ()
    values: tuple[str, ...] | tuple[int, ...] = ()
    required: bool = False


@dataclass(frozen=True)
class Attribute:
    """An attribute of a session: its name, what it says, and whether it must be there."""

    name: str
    meaning: str
    kind: Kind = "text"
    required: bool = False


SIGNALS = {
    "spikes": ("Hz",),
    "calcium": ("dF/F", "z", "a.u."),
    "event": ("a.u.", "Hz", "z"),
    "model": ("Hz", "a.u.", "z"),
}
"""What the activity is, and the units it may have."""

_SAMPLES = ("trial", "time", "unit")
_ANY_UNITS = ("Hz", "dF/F", "z", "a.u.")

TIME = Field("time", ("time",), "number", "time, centres of the bins", ("s",), required=True)

ACTIVITY = (
    Field("rate", _SAMPLES, "number", "activity", _ANY_UNITS, required=True),
    Field("soma", _SAMPLES, "number", "somatic potential", ("a.u.", "mV")),
    Field("basal", _SAMPLES, "number", "basal dendritic potential", ("a.u.", "mV")),
    Field("apical", _SAMPLES, "number", "apical dendritic potential", ("a.u.", "mV", *_ANY_UNITS)),
    Field("burst_probability", _SAMPLES, "number", "probability of a burst", ("1",)),
)

UNIT = (
    Field("unit_id", ("unit",), "text", "unit, stable within an animal", required=True),
    Field("area", ("unit",), "text", "area", required=True),
    Field(
        "level",
        ("unit",),
        "number",
        "place in the hierarchy, NaN if unknown",
        ("1",),
        required=True,
    ),
    Field("role", ("unit",), "text", "role under the hypothesis", values=ROLES, required=True),
    Field("layer", ("unit",), "text", "cortical layer"),
    Field("cell_type", ("unit",), "text", "what was observed: marker, waveform class, population"),
    Field("error_sign", ("unit",), "number", "sign of the error it signals", ("1",), (-1, 0, 1)),
    Field(
        "label_source",
        ("unit",),
        "text",
        "where the role comes from",
        values=("model", "genetic", "localiser", "none"),
    ),
    Field("label_error", ("unit",), "number", "share of false labels", ("1",)),
    Field("partner", ("unit",), "text", "unit it is paired with, empty if none"),
    Field(
        "causal_sign", ("unit",), "number", "sign of its effect on the output", ("1",), (-1, 0, 1)
    ),
    Field(
        "decoder_weight",
        ("unit",),
        "number",
        "how far a unit of its rate moves the cursor, 0 if it does not, NaN if unknown",
    ),
)

TRIAL = (
    Field("stimulus", ("trial",), "text", "stimulus", required=True),
    Field(
        "input_onset",
        ("trial",),
        "number",
        "onset of the input, NaN if none",
        ("s",),
        required=True,
    ),
    Field(
        "outcome",
        ("trial",),
        "text",
        "outcome",
        values=("expected", "unexpected", "none"),
    ),
    Field("outcome_onset", ("trial",), "number", "onset of the outcome, NaN if none", ("s",)),
    Field("teaching", ("trial",), "bool", "whether there is a teaching signal"),
    Field(
        "control",
        ("trial",),
        "text",
        "what tells a violation from adaptation",
        values=("none", "matched", "expected", "unexpected"),
    ),
    Field("familiarity", ("trial",), "text", "familiarity", values=("trained", "novel")),
    Field("phase", ("trial",), "text", "phase of learning", values=("before", "during", "after")),
    Field("association", ("trial",), "text", "rule in force: which outcome follows a stimulus"),
    Field("decoder", ("trial",), "text", "what moves the cursor, none if there is no cursor"),
    Field("localiser", ("trial",), "bool", "whether the trial served to label the units"),
    Field("manipulation", ("trial",), "text", "manipulation", values=("none", "silence", "drive")),
    Field("manipulated_role", ("trial",), "text", "role of the cells", values=("none", *ROLES)),
    Field("manipulated_area", ("trial",), "text", "area of the cells, none if none"),
    Field("manipulation_onset", ("trial",), "number", "onset of the manipulation", ("s",)),
    Field("manipulation_offset", ("trial",), "number", "end of the manipulation", ("s",)),
    Field("targeted", ("trial", "unit"), "bool", "whether the manipulation aims at the unit"),
    Field("performance", ("trial",), "number", "performance"),
    Field("outcome_error", ("trial",), "number", "outcome minus expectation"),
    Field("running", ("trial",), "number", "running speed", ("cm/s", "m/s", "a.u.", "z")),
    Field("pupil", ("trial",), "number", "size of the pupil", ("a.u.", "mm", "z")),
    Field("trial_start", ("trial",), "number", "time zero of the trial in the recording", ("s",)),
)

ATTRIBUTES = (
    Attribute("schema_version", "version of this contract", "number", required=True),
    Attribute("animal", "the unit of replication", required=True),
    Attribute("session_id", "the session, unique within the animal", required=True),
    Attribute("day", "day of training or recording", "number"),
    Attribute("opsin", "opsin; 'none' in control animals"),
    Attribute("teaching_area", "area that the teaching signal enters"),
    Attribute("output_area", "area whose representation cells are read as the output"),
    Attribute("species", "species"),
    Attribute("localiser_session", "session whose trials labelled the units, if another one"),
    Attribute("confirmatory", "claims chosen before the data are judged, e.g. 'P02 P04b'"),
    Attribute(
        "level_of_data",
        "what a trial is: 'trial', 'mean' of trials, 'pooled' animals, 'sample' of no known trial",
    ),
    Attribute("theory", "theory that was simulated; recordings of animals have none"),
    Attribute("experiment", "experiment that it was put through"),
    Attribute("ablation", "what was taken away from its circuit, 'intact' if nothing"),
    Attribute("connectivity", "how its areas are wired, e.g. 'chain'"),
    Attribute("layers", "neurons in its input and areas, lowest first, e.g. '10-20-15-10-5'"),
    Attribute("cautions", "what a reader found that must be known, e.g. what was not recorded"),
    Attribute("notes", "free notes"),
    Attribute("provenance", "JSON: versions, configuration, seeds, hashes of files"),
)

FIELDS = {field.name: field for field in (TIME, *ACTIVITY, *UNIT, *TRIAL)}
"""Every variable and coordinate of the contract, by name."""
