"""Reference trajectories: from a file to a circuit, its synapses, its state and what was recorded.

A folder holds `cases.json` (what each case is) and one npz a case (parameters, start values,
input, and every quantity at every step). Nothing here knows a single case by name: a folder with
other layer sizes, options or combinations is read in the same way.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from errorneurons.simulate.arrays import area_slices
from errorneurons.simulate.circuit import Timing, World
from errorneurons.simulate.parts.activations import ACTIVATIONS, Tuning
from errorneurons.simulate.theories import (
    backprop,
    dendritic_microcircuit,
    dendritic_pc,
    error_microcircuit,
    error_synapses,
)
from errorneurons.simulate.theories.error_parts import (
    ErrorActivation,
    LowPassed,
    RateRule,
    RelaxingLaterals,
    TunedNeurons,
    Ungated,
    WithoutLookahead,
)
from errorneurons.simulate.theories.error_places import CircuitPart

FOLDER = Path(__file__).parent / "data" / "reference"

#: What a file means that leaves an option out; None: nothing is special.
DEFAULTS: dict[str, Any] = {
    "fw_connection_mode": "layered", "bw_connection_mode": "layered", "feedback": "BP",
    "error_layers": None, "error_activation": None, "activation_slope": None,
    "activation_offset": None, "varphi_transfer": True, "dWPP_use_activation": False,
    "dWPP_low_pass": False, "tauLO": None, "rep_lookahead": None, "error_lookahead": None,
}  # fmt: skip

#: Options that say nothing more than the arrays of the file do.
SHOWN_BY_THE_ARRAYS = {"model_class", "layers", "activation", "WT_noise", "self_predicting_init"}

#: Options that each class of the published code has, beside those of all.
OF_ALL = {"fw_connection_mode", "bw_connection_mode", "feedback"}
OPTIONS = {
    "errormc": set(DEFAULTS),
    "dPC": OF_ALL | {"dWPP_use_activation"},
    "sacramento2018": OF_ALL | {"dWPP_use_activation"},
    "ann": OF_ALL,
}

#: Options without effect where a theory has neither low pass nor error neurons.
IDLE = {"tauLO", "error_layers"}


@dataclass(frozen=True)
class Case:
    """One reference trajectory, ready to be replayed.

    Attributes
    ----------
    recorded
        Quantity of the file -> how the state after a step shows it.
    compiled
        Quantity that the engine records -> names in the file, and how the record shows them.
    synapses
        Array of the file -> how the weights show it.
    projections
        For each column of `traj_dWPP_norm`, the block of W that it is the norm of.
    """

    name: str
    data: Mapping[str, Any]
    circuit: Any
    weights: Any
    state: Any
    recorded: Mapping[str, Callable[[Any], Any]]
    synapses: Mapping[str, Callable[[Any], Any]]
    projections: tuple[tuple[slice, slice], ...]
    compiled: Mapping[str, list[tuple[str, Callable[[Any], Any]]]]

    @property
    def steps(self) -> int:
        return len(self.data["r0"])

    def world(self, t: int) -> World:
        teaching = np.full((1, 1, 1), bool(self.data["has_target"][t]))
        return World(self.data["r0"][t][None, None], self.data["target"][t][None, None], teaching)


def names(folder: Path = FOLDER) -> list[str]:
    return list(json.loads((folder / "cases.json").read_text())["cases"])


def load(name: str, folder: Path = FOLDER) -> Case:
    """Read a case.

    Raises
    ------
    ValueError
        If the case has an option that this package does not know.
    """
    entry = json.loads((folder / "cases.json").read_text())["cases"][name]
    with np.load(folder / entry.get("file", f"{name}.npz"), allow_pickle=False) as file:
        data = dict(file)
    config = entry["config"]
    model = config["model_class"].split()[0]
    if model not in OPTIONS:
        raise ValueError(f"case {name}: model_class {model!r} is unknown; known: {sorted(OPTIONS)}")
    unknown = [
        option for option in set(config) - SHOWN_BY_THE_ARRAYS - OPTIONS[model] - IDLE
        if option not in DEFAULTS or not _ordinary(config[option], DEFAULTS[option])
    ]  # fmt: skip
    if unknown:
        raise ValueError(f"case {name}: option {sorted(unknown)} of {model} has no counterpart")
    config = DEFAULTS | config
    if config["feedback"] not in ("BP", "FA"):
        raise ValueError(f"case {name}: feedback {config['feedback']!r} is unknown; use BP or FA")
    build = {"errormc": _errormc, "dPC": _dpc, "sacramento2018": _sacramento, "ann": _ann}
    return build[model](name, data, config)


def _ordinary(value: Any, default: Any) -> bool:
    """Return whether an option that a theory lacks is set to what the theory does anyway."""
    everywhere = isinstance(value, list) and all(x in (True, "linear") for x in value)
    return bool(value is None or value == default or (default is None and everywhere))


def _stack(data: Mapping[str, Any], key: str, areas: int) -> Any:
    found = [data[f"{key}_{i}"] for i in range(areas) if f"{key}_{i}" in data]
    return np.concatenate(found)[None, None] if found else np.zeros((1, 1, 0))


def _blocks(
    data: Mapping[str, Any], key: str, count: int, post: Any, pre: Any, shape: tuple[int, int]
) -> Any:
    """Return layered matrices of a file as one matrix of stacked areas, (1, post, pre)."""
    whole = np.zeros((1, *shape))
    for i in range(count):
        whole[0, post[i], pre[i]] = data[f"{key}_{i}"]
    return whole


def _shown(name: str, blocks: list[tuple[slice, slice]], prefix: str) -> dict[str, Any]:
    """Return, for each layered matrix of a file, how the stacked one shows it."""

    def one(block: tuple[slice, slice]) -> Callable[[Any], Any]:
        return lambda weights: getattr(weights, name)[0][block]

    return {f"{prefix}_{i}": one(block) for i, block in enumerate(blocks)}


def _derivative(config: Mapping[str, Any]) -> str:
    """Return how the published code took phi': never by the slope, by 1 on hard_sigmoid's ramp."""
    if "hard_sigmoid" in config["activation"]:
        return "published"
    tuned = config["activation_slope"] or config["activation_offset"]
    return "nominal" if tuned else "exact"


def _common(name: str, data: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    for activation in [*config["activation"], *(config["error_activation"] or [])]:
        if activation not in ACTIVATIONS:
            raise ValueError(f"case {name}: activation {activation!r} has no counterpart")
    return {
        "layers": tuple(int(n) for n in data["layers"]),
        "activation": tuple(config["activation"]),
        "timing": Timing(step=float(data["dt"]) / 1000, delay=0.0),
        "g_leak": float(data["gl"]),
        "g_basal": float(data["gbas"]),
        "derivative": _derivative(config),
    }


def _conductances(data: Mapping[str, Any]) -> dict[str, float]:
    return {
        "g_apical": float(data["gapi"]),
        "g_dendrite": float(data["gden"]),
        "g_target": float(data["gntgt"]),
    }


def _fields(state: Any, **names: str) -> dict[str, Any]:
    def one(field: str) -> Callable[[Any], Any]:
        return lambda state: getattr(state, field)[0, 0]

    return {quantity: one(field) for quantity, field in names.items()}


def _records(**names: str) -> dict[str, Any]:
    return {quantity: [(name, lambda x: x)] for quantity, name in names.items()}


def _refreshed(data: Mapping[str, Any], config: Mapping[str, Any]) -> bool:
    """Return whether feedback is refreshed with noise; fixed feedback's files may hold none."""
    return config["feedback"] == "BP" and "fbnoise_0" in data


def _per_area(values: Any) -> Any:
    if values is None:
        return None
    return tuple(tuple(v) if isinstance(v, list) else float(v) for v in values)


def _forward(name: str, data: Mapping[str, Any], config: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return W, its rates, its strengths, and what of the file shows W."""
    layers = [int(n) for n in data["layers"]]
    areas, inputs = len(layers) - 1, layers[0]
    post, pre = area_slices(layers[1:]), area_slices(layers)
    if config["fw_connection_mode"] != config["bw_connection_mode"]:
        raise ValueError(
            f"case {name}: forward connections {config['fw_connection_mode']!r} with backward "
            f"ones {config['bw_connection_mode']!r} have no counterpart; use the same for both"
        )
    if config["fw_connection_mode"] == "skip":
        whole = np.tril(data["init_WPP_0"])[None, inputs:]
        eta = np.pad(data["eta_fw"], ((0, 0), (0, 1)))
        exists = (eta != 0) | np.array([[np.any(whole[0][s, p]) for p in pre] for s in post])
        shown = {"chk_WPP_0": lambda w: np.pad(w.W[0], ((inputs, 0), (0, 0)))}
        everything = slice(0, sum(layers))
        projections: tuple[Any, ...] = ((slice(0, sum(layers[1:])), everything),)
    elif config["fw_connection_mode"] == "layered":
        whole = _blocks(data, "init_WPP", areas, post, pre, (sum(layers[1:]), sum(layers)))
        exists = np.eye(areas, areas + 1)
        eta = exists * data["eta_fw"][:, None]
        projections = tuple(zip(post, pre, strict=False))
        shown = _shown("W", list(projections), "chk_WPP")
    else:
        raise ValueError(
            f"case {name}: connections {config['fw_connection_mode']!r} have no counterpart; "
            "use 'layered' or 'skip'"
        )
    strengths = tuple(tuple(float(x) for x in row) for row in exists.astype(float))
    rates = tuple(tuple(float(x) for x in row) for row in eta)
    return whole, rates, strengths, shown, projections


def _parts(data: Mapping[str, Any], config: Mapping[str, Any]) -> tuple[CircuitPart, ...]:
    """Return what of a case has other equations than the paper's."""
    rates = (tuple(float(x) for x in data[name]) for name in ("eta_IP", "eta_PI"))
    found: list[CircuitPart] = [RelaxingLaterals(*rates)]
    if config["error_activation"]:
        found.append(ErrorActivation(tuple(config["error_activation"])))
    if config["activation_slope"] or config["activation_offset"]:
        found.append(
            TunedNeurons(
                _per_area(config["activation_slope"]), _per_area(config["activation_offset"])
            )
        )
    for role, name in (("representation", "rep_lookahead"), ("error", "error_lookahead")):
        off = [f"area {n}" for n, on in enumerate(config[name] or (), start=1) if not on]
        if off:
            found.append(WithoutLookahead(role, tuple(off)))  # type: ignore[arg-type]
    if not config["varphi_transfer"]:
        found.append(Ungated())
    if config["dWPP_use_activation"]:
        found.append(RateRule())
    if config["dWPP_low_pass"]:
        found.append(LowPassed(float(config["tauLO"])))
    return tuple(found)


def _errormc(name: str, data: Mapping[str, Any], config: Mapping[str, Any]) -> Case:
    W, rates, strengths, shown, projections = _forward(name, data, config)
    areas = len(data["layers"]) - 1
    sizes = [int(n) for n in data["layers"][1:]]
    error_sizes = [int(n) for n in (config["error_layers"] or data["layers"].tolist())[1:]]
    R, E = area_slices(sizes), area_slices(error_sizes)
    nR, nE = sum(sizes), sum(error_sizes)
    circuit = error_microcircuit.ErrorMicrocircuit(
        **_common(name, data, config),
        **_conductances(data),
        learning_rates=rates,
        connectivity=strengths,
        error_layers=tuple(error_sizes),
        feedback="fixed" if config["feedback"] == "FA" else "transpose",
        parts=_parts(data, config),
    )
    if config["fw_connection_mode"] == "skip":
        # The published code cuts the noise element by element, not area by area.
        B = data["init_BII_0"][None]
        noise = np.triu(data["fbnoise_0"])[None] if _refreshed(data, config) else np.zeros_like(B)
        shown["chk_BII_0"] = lambda w: w.B[0]
    else:
        between = E[:-1], E[1:], (nE, nE)
        B = _blocks(data, "init_BII", areas - 1, *between)
        noise = np.zeros_like(B)
        if _refreshed(data, config):
            noise = _blocks(data, "fbnoise", areas - 1, *between)
        shown |= _shown("B", list(pairwise(E)), "chk_BII")
    L_RE = _blocks(data, "init_WIP", areas, E, R, (nE, nR))
    L_ER = _blocks(data, "init_BPI", areas, R, E, (nR, nE))
    shown |= _shown("L_RE", list(zip(E, R, strict=True)), "chk_WIP")
    shown |= _shown("L_ER", list(zip(R, E, strict=True)), "chk_BPI")
    weights = error_synapses.Weights(W, L_RE, L_ER, B, noise, None, circuit.tuned, None)
    inputs = np.zeros((1, 1, circuit.layers[0]))
    o, o_error = np.zeros((1, 1, nR)), np.zeros((1, 1, nE))
    r, e = _stack(data, "init_rP", areas), _stack(data, "init_rI", areas)
    u, v = _stack(data, "init_uP", areas), _stack(data, "init_uI", areas)
    state = error_microcircuit.State(
        u, _stack(data, "init_uP_old", areas), v, _stack(data, "init_uI_old", areas), u, v, r, e,
        np.concatenate([inputs, r], axis=-1), o, o, o_error, (), (),
    )  # fmt: skip
    recorded = _fields(
        state, uP="u", uP_breve="u_ahead", rP_breve="r", uI="v", uI_breve="v_ahead",
        rI_breve="e", vbas="basal", vapi="apical", vden="dendritic",
    )  # fmt: skip
    tuning: Tuning | None = circuit.tuned
    recorded["d_rP_breve"] = lambda s: np.broadcast_to(
        circuit.phi.slope(s.u_ahead, tuning), s.u_ahead.shape
    )[0, 0]
    compiled = _records(
        u="uP", u_ahead="uP_breve", r="rP_breve", v="uI", v_ahead="uI_breve", e="rI_breve",
        basal="vbas", apical="vapi", dendritic="vden",
    )  # fmt: skip
    compiled["u_ahead"].append(("d_rP_breve", lambda u: circuit.phi.slope(u[None], tuning)[0]))
    return Case(name, data, circuit, weights, state, recorded, shown, projections, compiled)


def _dendritic(name: str, data: Mapping[str, Any], config: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return what both theories with apical errors share."""
    W, _, _, shown, projections = _forward(name, data, config)
    if config["fw_connection_mode"] != "layered":
        raise ValueError(f"case {name}: {config['model_class']} with skips has no counterpart")
    areas, n = len(data["layers"]) - 1, int(sum(data["layers"][1:]))
    R = area_slices([int(n) for n in data["layers"][1:]])
    between = R[:-1], R[1:], (n, n)
    B = _blocks(data, "init_BPP", areas - 1, *between)
    noise = np.zeros_like(B)
    if _refreshed(data, config):
        noise = _blocks(data, "fbnoise", areas - 1, *between)
    shown |= _shown("B", list(pairwise(R)), "chk_BPP")
    arguments = {
        **_common(name, data, config),
        **_conductances(data),
        "g_interneuron": float(data["gnI"]),
        "learning_rates": tuple(float(x) for x in data["eta_fw"]),
        "feedback": "fixed" if config["feedback"] == "FA" else "transpose",
        "plasticity": "rate" if config["dWPP_use_activation"] else "potential",
        "target": "potential",
    }
    return W, B, noise, shown, projections, R, arguments


def _dpc(name: str, data: Mapping[str, Any], config: Mapping[str, Any]) -> Case:
    W, B, noise, shown, projections, R, arguments = _dendritic(name, data, config)
    areas, n = len(R), B.shape[1]
    circuit = dendritic_pc.DendriticPC(
        **arguments, lateral_rates=tuple(float(x) for x in data["eta_PI"])
    )
    M = -_blocks(data, "init_BPI", areas - 1, R, R, (n, n))
    own = [(area, area) for area in R[:-1]]
    for key, show in _shown("M", own, "chk_BPI").items():
        shown[key] = lambda w, show=show: -show(w)
    u, r = _stack(data, "init_uP", areas), _stack(data, "init_rP", areas)
    o = np.zeros_like(u)
    presynaptic = np.concatenate([np.zeros((1, 1, circuit.layers[0])), r], axis=-1)
    state = dendritic_pc.State(
        u,
        _stack(data, "init_uP_old", areas),
        u,
        r,
        o,
        presynaptic,
        o,
        o,
        (),
        o[..., circuit.tufted],
    )
    weights = dendritic_pc.Weights(W, B, M, noise)
    recorded = _fields(
        state, uP="u", uP_breve="u_ahead", rP_breve="r", uI_breve="r_before", vbas="basal"
    )
    recorded["vapi"] = lambda s: s.apical[0, 0, : circuit.output.start]
    compiled = _records(u="uP", u_ahead="uP_breve", r="rP_breve", r_before="uI_breve", basal="vbas")
    compiled["apical"] = [("vapi", lambda x: x[:, : circuit.output.start])]
    return Case(name, data, circuit, weights, state, recorded, shown, projections, compiled)


def _sacramento(name: str, data: Mapping[str, Any], config: Mapping[str, Any]) -> Case:
    W, B, noise, shown, projections, R, arguments = _dendritic(name, data, config)
    areas, n = len(R), B.shape[1]
    circuit = dendritic_microcircuit.DendriticMicrocircuit(
        **arguments,
        interneuron_rates=tuple(float(x) for x in data["eta_IP"]),
        inhibition_rates=tuple(float(x) for x in data["eta_PI"]),
    )
    mirrors = area_slices(circuit.sizes[1:])
    n_I = n - circuit.sizes[0]
    W_IP = _blocks(data, "init_WIP", areas - 1, mirrors, R, (n_I, n))
    B_PI = _blocks(data, "init_BPI", areas - 1, R, mirrors, (n, n_I))
    shown |= _shown("W_IP", list(zip(mirrors, R, strict=False)), "chk_WIP")
    shown |= _shown("B_PI", list(zip(R, mirrors, strict=False)), "chk_BPI")
    u, r = _stack(data, "init_uP", areas), _stack(data, "init_rP", areas)
    u_I, r_I = _stack(data, "init_uI", areas), _stack(data, "init_rI", areas)
    o, o_I = np.zeros_like(u), np.zeros_like(u_I)
    presynaptic = np.concatenate([np.zeros((1, 1, circuit.layers[0])), r], axis=-1)
    state = dendritic_microcircuit.State(
        u, _stack(data, "init_uP_old", areas), u_I, _stack(data, "init_uI_old", areas), u, u_I,
        r, r_I, presynaptic, o, o, o_I, (), o[..., circuit.tufted],
    )  # fmt: skip
    weights = dendritic_microcircuit.Weights(W, B, W_IP, B_PI, noise)
    recorded = _fields(
        state, uP="u", uP_breve="u_ahead", rP_breve="r", uI="u_interneuron",
        uI_breve="u_interneuron_ahead", rI_breve="r_interneuron", vbas="basal", vden="dendritic",
    )  # fmt: skip
    recorded["vapi"] = lambda s: s.apical[0, 0, : circuit.output.start]
    compiled = _records(
        u="uP", u_ahead="uP_breve", r="rP_breve", u_interneuron="uI",
        u_interneuron_ahead="uI_breve", r_interneuron="rI_breve", basal="vbas", dendritic="vden",
    )  # fmt: skip
    compiled["apical"] = [("vapi", lambda x: x[:, : circuit.output.start])]
    return Case(name, data, circuit, weights, state, recorded, shown, projections, compiled)


def _ann(name: str, data: Mapping[str, Any], config: Mapping[str, Any]) -> Case:
    W, rates, strengths, shown, projections = _forward(name, data, config)
    circuit = backprop.Backprop(
        **_common(name, data, config), learning_rates=rates, connectivity=strengths,
        feedback="fixed" if config["feedback"] == "FA" else "transpose",
    )  # fmt: skip
    areas, n = len(circuit.sizes), sum(circuit.sizes)
    R = area_slices(circuit.sizes)
    if config["fw_connection_mode"] == "skip":
        B = data["init_BPP_0"][None]
        shown["chk_BPP_0"] = lambda w: w.B[0]
    else:
        B = _blocks(data, "init_BPP", areas - 1, R[:-1], R[1:], (n, n))
        shown |= _shown("B", list(pairwise(R)), "chk_BPP")
    u, r = _stack(data, "init_uP", areas), _stack(data, "init_rP", areas)
    delta, o = _stack(data, "init_uI", areas), np.zeros_like(u)
    presynaptic = np.concatenate([np.zeros((1, 1, circuit.layers[0])), r], axis=-1)
    state = backprop.State(u, delta, r, o, o, presynaptic, o, (), ())
    recorded = _fields(
        state, uP="u", uP_breve="u", rP_breve="r", d_rP_breve="slope", uI="delta",
        uI_breve="delta",
    )  # fmt: skip
    weights = backprop.Weights(W, B)
    compiled = _records(u="uP", r="rP_breve", slope="d_rP_breve", delta="uI")
    # The file holds these two a second time.
    compiled["u"].append(("uP_breve", lambda x: x))
    compiled["delta"].append(("uI_breve", lambda x: x))
    return Case(name, data, circuit, weights, state, recorded, shown, projections, compiled)
