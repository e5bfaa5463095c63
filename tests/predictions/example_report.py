"""Fabricated reports that look like real ones; the numbers mean nothing."""

import json
from dataclasses import replace

import numpy as np
import xarray as xr

from errorneurons.analysis.measures.energies import Missing
from errorneurons.predictions.claims.claim import Claim, Condition, Drawing, Outcome, Verdict
from errorneurons.predictions.studies.findings import Family, Report, Subject

NAN = float("nan")
HIDDEN = tuple(("error", level) for level in (1, 2, 3))
SOURCE = "Max et al. 2026, doi:10.1371/journal.pcbi.1014164, Eqs. 3-7"

SUBJECTS = {
    "error_microcircuit": "Error microcircuit",
    "supervised_pc": "Supervised predictive coding",
    "hierarchical_pc": "Hierarchical PC, outcome at the top",
    "hierarchical_pc_sensory": "Hierarchical PC, outcome as input",
}
COUNTER = {
    "absent_target_read_as_zero": "Absent target read as zero",
    "sensory_leak": "Sensory leak",
    "direct_feedback": "Direct feedback",
    "teaching_to_representation": "Teaching to representation",
}
# claim -> N/M of the four theories, then of the four counter-circuits
VALUES = {
    "P02": (0.0, 16.0, 7.5, 5.2, 3.1, 1.4, 0.0, 0.0),
    "P04a": (0.0, 0.0, 0.0, 0.9, 0.0, 0.03, 1.02, 0.0),
    "P04b": (1.15, 0.05, 0.01, NAN, 1.1, 1.08, 1.0, 1.2),
    "P05a": (0.0, 18.0, 7.6, 9.4, 2.2, 0.9, 0.0, 0.0),
    "P05b": (0.0, 0.96, 1.4, 3.2, 0.8, 0.02, 0.0, 0.0),
    "P06a": (0.0, 3.6, 4.0, 44.0, 0.7, 0.4, 0.0, 0.0),
    "P06b": (0.02, 0.0, 0.03, 0.1, 0.0, 0.02, 0.05, 0.94),
}

QUIET = Drawing(read=HIDDEN, outcome_onset=None, end=0.4, read_window=(0.0, 0.05))


def unmeasured(session):
    return Missing("everything", "These reports are fabricated; nothing is measured.")


CLAIMS = (
    Claim(
        "P02", "error neurons are silent without teaching",
        "When no teaching signal arrives, a novel input evokes no response in error neurons.",
        "record", "The output's error neurons compare the output with a target. Without a target "
        "they are silent, and so is every area below, which only hears from them.",
        "e_l = phi'(u_l) B e_(l+1),   e_top = 0 without a target", SOURCE,
        "Novel inputs are shown without any outcome; the first 50 ms after input onset are read.",
        "Error neurons respond to a novel input with a third or more of the amplitude with which "
        "they respond to an unexpected outcome.",
        "Labelled error neurons in one area, 20 novel inputs without outcome, 40 outcomes.",
        unmeasured, 1 / 9, "below", (),
        "absent_target_read_as_zero",
        (Condition("novel input, no teaching", {}), Condition("unexpected outcome", {})),
        drawing=QUIET,
    ),
    Claim(
        "P04a", "silencing error neurons removes the outcome error below",
        "Silencing the error neurons of one area removes the response to an outcome below it.",
        "silence", "Errors descend from error neuron to error neuron; the chain is cut.",
        "e_(l-1) = phi'(u_(l-1)) B e_l = 0", SOURCE,
        "Error neurons of area 3 are silenced from outcome onset; areas 1 and 2 are read.",
        "Half or more of the outcome response below survives.",
        "Error neurons of two areas, 40 outcomes with and without laser.",
        unmeasured, 0.5, "below", (), "direct_feedback",
        (Condition("laser off", {}), Condition("laser on", {})), behaviour=True,
        drawing=Drawing(
            read=HIDDEN[:2], manipulation="silence", manipulated=HIDDEN[2:], teaching=True,
            manipulation_window=(0.2, 0.4), outcome_onset=0.2, end=0.4, read_window=(0.2, 0.4),
        ),
    ),
    Claim(
        "P04b", "... and spares it above",
        "Silencing the error neurons of one area spares the response to an outcome above it.",
        "silence", "Errors do not ascend: what lies above does not depend on the silenced area.",
        "e_(l+1) does not contain e_l", SOURCE,
        "Error neurons of area 1 are silenced from outcome onset; areas 2 and 3 are read.",
        "Less than four fifths of the outcome response above survives.",
        "Error neurons of two areas below the teaching area, 40 outcomes with and without laser.",
        unmeasured, 0.8, "above", (), "supervised_pc",
        (Condition("laser off", {}), Condition("laser on", {})), behaviour=True,
        drawing=Drawing(
            read=HIDDEN[1:], manipulation="silence", manipulated=HIDDEN[:1], teaching=True,
            manipulation_window=(0.2, 0.4), outcome_onset=0.2, end=0.4, read_window=(0.2, 0.4),
        ),
    ),
    Claim(
        "P05a", "driving representation neurons evokes no error",
        "Driving representation neurons evokes no response in error neurons of their own area and "
        "of the areas below, as long as no teaching signal arrives.",
        "stimulate", "Representation neurons only gate error neurons; a gate opens upon nothing.",
        "e_l = phi'(u_l + drive) B 0 = 0", SOURCE,
        "A tenth of the representation neurons of area 3 is driven for 100 ms, no outcome.",
        "Error neurons respond to the drive with a third or more of the outcome amplitude.",
        "Targeted stimulation of 10 representation neurons, labelled error neurons, 40 outcomes.",
        unmeasured, 1 / 9, "below", (), "absent_target_read_as_zero",
        (Condition("driven", {}), Condition("not driven", {}), Condition("outcome", {})),
        drawing=Drawing(
            read=HIDDEN, manipulation="drive", manipulated=(("representation", 3),),
            manipulation_window=(0.2, 0.3), end=0.4, read_window=(0.2, 0.3),
        ),
    ),
    Claim(
        "P05b", "silencing representation neurons evokes no error",
        "Silencing representation neurons of a higher area evokes no response in error neurons "
        "below, as long as no teaching signal arrives.",
        "silence", "There is no prediction whose absence would be an error.",
        "e_l = phi'(u_l) B 0 = 0 for every r_(l+1)", SOURCE,
        "Representation neurons of area 3 are silenced from 50 ms before input onset, no outcome.",
        "Error neurons below respond with a third or more of the outcome amplitude.",
        "Two areas, silencing above, labelled error neurons below, 40 outcomes.",
        unmeasured, 1 / 9, "below", (), "absent_target_read_as_zero",
        (Condition("control", {}), Condition("silenced", {})),
        drawing=Drawing(
            read=HIDDEN[:2], manipulation="silence", manipulated=(("representation", 3),),
            manipulation_window=(-0.05, 0.4), end=0.4, read_window=(0.0, 0.4),
        ),
    ),
    Claim(
        "P06a", "inference survives without error neurons",
        "With all error neurons silenced, a trained network still answers a known input.",
        "silence", "Inputs ascend from representation to representation neuron.",
        "u_l = W r_(l-1) + lambda e_l,   e_l = 0", SOURCE,
        "All error neurons are silenced from 50 ms before input onset to the read-out.",
        "The output changes by a third or more of its tuning.",
        "Closed-loop silencing on test trials without outcome, behaviour or output area.",
        unmeasured, 1 / 9, "below", (), "absent_target_read_as_zero",
        (Condition("intact", {}), Condition("error neurons off", {})), behaviour=True,
        drawing=Drawing(
            read=(("representation", 4),), manipulation="silence",
            manipulated=(*HIDDEN, ("error", 4)), manipulation_window=(-0.05, 0.4), end=0.4,
            read_window=(0.3, 0.4),
        ),
    ),
    Claim(
        "P06b", "learning needs error neurons",
        "With error neurons silenced during the outcome, performance does not improve.",
        "learn", "Plasticity follows the apical potential, which error neurons alone drive.",
        "dW_l/dt = eta (L_ER e_l) r_(l-1)", SOURCE,
        "Error neurons of all hidden areas are silenced in the outcome window of whole blocks.",
        "Half or more of the gain of control blocks is left.",
        "Blocks with and without laser in the same animal, performance on every trial.",
        unmeasured, 0.5, "below", (), "teaching_to_representation",
        (Condition("laser off", {}), Condition("laser on", {})), behaviour=True,
        drawing=Drawing(
            read=(("representation", 4),), manipulation="silence", manipulated=HIDDEN,
            teaching=True, manipulation_window=(0.2, 0.4), outcome_onset=0.2, end=0.4,
        ),
    ),
)  # fmt: skip


def outcome(claim, low, high):
    inside, outside = (high, low) if claim.side == "below" else (-low, -high)
    edge = claim.threshold if claim.side == "below" else -claim.threshold
    if inside < edge:
        return Outcome.SUPPORTED
    return Outcome.CONTRADICTED if outside > edge else Outcome.UNDECIDED


def verdict(claim, subject, value, n, over, seed):
    if np.isnan(value):
        return Verdict(
            claim.key, subject, Outcome.NOT_TESTABLE,
            "The outcome enters as sensory input, so no area lies between the silenced one and "
            "the teaching area.",
            "Give the outcome at the top, or silence an area two steps below the outcome.",
        )  # fmt: skip
    points = value + (0.02 + 0.12 * value) * np.random.default_rng(seed).normal(size=n)
    low, high = np.quantile(points, [0.05, 0.95]) if value else (-0.0, 0.0)
    points = points if value else np.zeros(n)
    result = outcome(claim, low, high)
    words = {"SUPPORTED": "on the predicted side of", "CONTRADICTED": "on the other side of"}
    return Verdict(
        claim.key, subject, result,
        f"The 5-95 % range over {over} lies {words.get(result, 'on both sides of')} the threshold.",
        "" if result != "UNDECIDED" else "Eight more animals of the same kind.",
        float(points.mean()), float(low), float(high), level="5-95 % range", n=n, over=over,
        points=tuple(points.tolist()),
        statistics={"N": f"{0.012 * value:.3f}", "M": "0.012", "false labels": "0 %"},
    )  # fmt: skip


def activity(claim, seed, over="networks", areas=("area 1", "area 2", "area 3", "area 4")):
    rng = np.random.default_rng(seed)
    time = np.linspace(-0.05, 0.4, 451)
    level = np.arange(len(areas))[:, None]
    late = 0.2 if claim.drawing.outcome_onset else 0.0
    step = np.clip(1 - np.exp(-(time - 0.002 * level) / 0.015), 0, None) * (time > 0)
    bump = np.clip((time - late) / 0.01, 0, 1) * np.exp(-np.clip(time - late, 0, None) / 0.05)
    curves = [
        [step * (0.5 + 0.1 * level), bump * 0.08 * (1 + level) * (i if seed % 4 == 0 else 1)]
        for i in range(len(claim.conditions))
    ]
    mean = np.array(curves) * (1 + 0.05 * rng.normal(size=(len(curves), 2, len(areas), 1)))
    dims = ("condition", "role", "area", "time")
    width = 0.08 * mean + 0.004 * (mean != 0)
    events = {"input": 0.0}
    if claim.drawing.outcome_onset:
        events["outcome"] = 0.2
    if claim.drawing.manipulation_window:
        events |= dict(
            zip(("laser on", "laser off"), claim.drawing.manipulation_window, strict=True)
        )
    return xr.Dataset(
        {
            "mean": (dims, mean, {"units": "a.u.", "long_name": "r.m.s. rate"}),
            "low": (dims, mean - width),
            "high": (dims, mean + width),
        },
        {
            "condition": [c.label for c in claim.conditions],
            "role": ["representation", "error"],
            "area": list(areas),
            "time": time,
        },
        {"events": json.dumps(events), "over": over},
    )


TRAINING = (
    "Networks of each theory (areas of 20, 15, 10 and 5 neurons) were trained to associate five "
    "inputs with five outcomes (Max et al. 2026, doi:10.1371/journal.pcbi.1014164) until 90 % of "
    "the initial loss was removed."
)
JUDGEMENT = (
    "The response N in question and the outcome response M are cross-validated energies of "
    "response patterns. A claim is SUPPORTED if the 5-95 % range of N/M over networks lies on the "
    "predicted side of its threshold, CONTRADICTED if it lies on the other side, and UNDECIDED "
    "otherwise."
)
METHODS = (TRAINING, JUDGEMENT)
CONFIGURATION = {
    "seed": 1, "networks": 20, "errorneurons": "0.1.0", "numpy": "2.3.1",
    "sha256 of sessions.nc": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}  # fmt: skip


def of_theories():
    """Four theories and four counter-circuits, seven claims."""
    names = {**SUBJECTS, **COUNTER}
    subjects = tuple(
        Subject(
            name, label, "counter_circuit" if name in COUNTER else "theory",
            f"{label}: one sentence about it.", 20, 20, 50, 1200,
            ("Training removed 81 % of the loss, not 90 %: 6 of 20 networks were left out.",)
            if name == "hierarchical_pc_sensory" else (),
        )
        for name, label in names.items()
    )  # fmt: skip
    return Report(
        "Seven claims about error neurons, four theories",
        "Four of seven claims tell the error microcircuit from all three predictive-coding "
        "theories; the other three do not.",
        subjects, CLAIMS,
        tuple(
            verdict(claim, name, VALUES[claim.key][i], 20, "networks", i)
            for claim in CLAIMS for i, name in enumerate(names)
        ),
        {(c.key, name): activity(c, i) for c in CLAIMS for i, name in enumerate(names)},
        {}, METHODS, CONFIGURATION, "errorneurons report --networks 20 --seed 1",
    )  # fmt: skip


def in_families():
    """The same theories as three families, one of which has a variant beside the subjects."""
    report = of_theories()
    own, *rivals = (s for s in report.subjects if s.kind == "theory")
    variant = replace(rivals[0], name="supervised_pc_fast", label="supervised pc, fast")
    said = tuple(
        verdict(c, variant.name, 0.0 if c.key == "P02" else VALUES[c.key][1], 20, "networks", 9)
        for c in CLAIMS
    )
    families = (
        Family("microcircuit", (own,)),
        Family("supervised", (rivals[0], variant)),
        Family("descending", tuple(rivals[1:])),
    )
    return replace(report, verdicts=(*report.verdicts, *said), families=families)


EXPECTED = {
    claim: {
        name: (value * 0.7 - 0.02, value * 1.4 + 0.05)
        for name, value in zip(SUBJECTS, values, strict=False)
        if not np.isnan(value)
    }
    for claim, values in VALUES.items()
}


def of_animals():
    """A recording of eight animals that can answer three claims."""
    subject = Subject(
        "lab_2026", "Deviant outcomes in mouse visual cortex", "recording",
        "Neuropixels in three visual areas, outcome by reward omission.", 8, 19, 2140, 7600,
        ("The labels were made by a localiser; their share of errors (7 %) is an estimate.",),
    )  # fmt: skip
    values = {"P02": 0.03, "P05b": 0.12, "P06b": 0.9}
    verdicts = tuple(
        verdict(claim, "lab_2026", values[claim.key], 8, "animals", 3)
        if claim.key in values else missing(claim, "lab_2026") for claim in CLAIMS
    )  # fmt: skip
    return Report(
        "Deviant outcomes in mouse visual cortex",
        "This recording supports the error microcircuit over predictive coding on one of three "
        "testable claims, contradicts it on another, and cannot tell on the third.",
        (subject,), CLAIMS, verdicts,
        {
            (c.key, "lab_2026"): activity(c, 3, "animals", ("VISp", "VISl", "VISal"))
            for c in CLAIMS if c.key in values
        },
        EXPECTED, METHODS, CONFIGURATION, "errorneurons check recordings/ --mapping lab.toml",
        ("With 8 animals a verdict of this kind is right in 88 % of virtual experiments.",),
    )  # fmt: skip


def missing(claim, subject):
    return Verdict(
        claim.key,
        subject,
        Outcome.NOT_TESTABLE,
        f"No trial carries what the claim needs ({claim.record[:-1].lower()}).",
        f"Repeat the session with this block added: {claim.experiment}",
    )


def untestable():
    """A recording on which no claim can be tested."""
    subject = Subject(
        "open_scope", "OpenScope predictive processing, session 1", "recording",
        "Two-photon imaging, passive viewing.", 1, 1, 312, 480,
        ("One animal: nothing here speaks of a population.",),
    )  # fmt: skip
    return Report(
        "A passive oddball recording",
        "This recording cannot tell, because no area is declared to hold a teaching signal and no "
        "cells carry an error label from other trials.",
        (subject,), CLAIMS, tuple(missing(claim, "open_scope") for claim in CLAIMS),
        {("P02", "open_scope"): activity(CLAIMS[0], 2, "trials", ("VISp", "VISl"))},
        {}, METHODS, CONFIGURATION, "errorneurons check session1.nwb --mapping session1.toml",
    )  # fmt: skip
