"""Sweeps: theories x ablations x connectivity x sizes, put through one experiment.

Sessions come one by one, and are simulated when they are asked for, or taken from a folder in
which they are kept: a Zarr group for each combination, there whole or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from pathlib import Path

import pandas as pd
import xarray as xr

from errorneurons.analysis.door import open_recording
from errorneurons.analysis.measures.variants import by_variant
from errorneurons.analysis.session.session import collect
from errorneurons.predictions.studies.experiments import Asked
from errorneurons.simulate.animals.animals import Animals
from errorneurons.simulate.animals.runner import check_possible, origin_of, sessions
from errorneurons.simulate.engine.plans import compile_ahead
from errorneurons.simulate.experiments.experiment import Experiment
from errorneurons.simulate.experiments.registry import named_experiment
from errorneurons.simulate.instrument.instrument import recorded_by
from errorneurons.simulate.refusing import a_list, whole_number
from errorneurons.simulate.store.counting import counting
from errorneurons.simulate.store.files import (
    JSON,
    is_intact,
    keep,
    remove_abandoned,
)
from errorneurons.simulate.store.groups import KEY, is_damaged, key_of, write_groups
from errorneurons.simulate.store.keys import hashed, key
from errorneurons.simulate.store.places import check_writable
from errorneurons.simulate.store.shelf import Shelf
from errorneurons.simulate.store.work import Labour, Progress, run_all, silently
from errorneurons.simulate.theories.registry import Theory
from errorneurons.simulate.theories.registry import theory as find
from errorneurons.simulate.variants import WHOLE, Skipped, combined

_COLUMNS = ("theory", "ablation", "connectivity", "size", "reason")
_REGISTRIES = ("errorneurons.simulate.theories.registry",)
"""Other entries of the registry are nothing that a circuit rests on."""
_SESSIONS, _ACTIVITY = "sessions", "activity.zarr"


@dataclass(frozen=True, repr=False)
class CircuitSweep:
    """Circuits that are put through one experiment; iterate over it for their sessions.

    Attributes
    ----------
    circuits
        The combinations that make sense, each an entry like those of the registry.
    source
        Name of the experiment that they are put through, or path of its table of trials.
    repeats
        How often each kind of trial is run.
    animals
        Which of their networks.
    instrument
        What is recorded, see `recorded_by`.
    folder
        Where sessions are kept and taken from; None to simulate them whenever they are asked for.
    """

    circuits: tuple[Theory, ...]
    source: str
    repeats: int
    animals: Animals
    instrument: str | None = None
    refused: tuple[Skipped, ...] = ()
    folder: Path | None = None
    lost: dict[str, Skipped] = field(default_factory=dict, compare=False)

    @cached_property
    def experiment(self) -> Experiment:
        """What the circuits are put through."""
        return replace(named_experiment(self.source), repeats=self.repeats)

    @property
    def skipped(self) -> pd.DataFrame:
        """Combinations that make no sense, or of which no network could be used, and why.

        Columns theory, ablation, connectivity, size and reason. What cannot be used is known only
        once it was simulated.
        """
        every = (*self.refused, *self.lost.values())
        return pd.DataFrame([asdict(one) for one in every], columns=list(_COLUMNS))

    def __repr__(self) -> str:
        """Say what is swept over."""
        counts = (
            f"{len(self.circuits)} circuits of {len(self.animals.numbers)} networks",
            f"{len(self.refused) + len(self.lost)} combinations skipped",
        )
        lines = [f"Sweep of {self.experiment.name}: {', '.join(counts)}"]
        return "\n".join((*lines, *(f"  {t.identifier}" for t in self.circuits)))

    def __iter__(self) -> Iterator[xr.Dataset]:
        """Yield the sessions, circuit by circuit, network by network."""
        for circuit in self.circuits:
            yield from self.sessions_of(circuit)

    def sessions_of(self, circuit: Theory) -> Iterator[xr.Dataset]:
        """Yield the sessions of one circuit; none if none of its networks can be used."""
        stored = None if self.folder is None else _stored(self, circuit, self.folder)
        if isinstance(stored, Skipped):
            self.lost[circuit.identifier] = stored
        elif stored is not None:
            kept = [node.to_dataset() for node in open_recording(stored).children.values()]
            yield from sorted(kept, key=lambda s: (s.attrs["day"], s.attrs["animal"]))
        else:
            yield from self._simulated(circuit)

    def _simulated(self, circuit: Theory) -> Iterator[xr.Dataset]:
        try:
            for session in sessions(*self.tried(circuit)):
                name = f"{circuit.identifier}, day {session.attrs['day']}"
                yield session.assign_attrs(session_id=name)
        except ValueError as error:
            self.lost[circuit.identifier] = _skipped(circuit, str(error))

    def tried(self, circuit: Theory) -> Asked:
        """Return what is done with a circuit."""
        seen = recorded_by(self.instrument, circuit.circuit)
        return Asked(circuit, self.experiment, self.animals, seen)

    def to_datatree(self) -> xr.DataTree:
        """Return all sessions as a collection, lazily if they lie in a folder.

        Raises
        ------
        ValueError
            If no network of any circuit can be used.
        """
        found = list(self)
        if not found:
            raise ValueError(f"there is no session: {'; '.join(self.skipped['reason'])}")
        return collect(found)

    def to_dataset(self) -> xr.Dataset:
        """Return the activity of neuron types by theory, ablation, connectivity and size.

        Returns
        -------
        Dataset
            As `analysis.measures.variants.by_variant`: ``mean`` and ``response``, NaN where a
            combination does not exist; attrs ``skipped`` (JSON) says which do not, and why.
        """
        chosen = self.experiment
        made = by_variant((s.load() for s in self), chosen.panels, chosen.lines)
        told = self.skipped.to_json(orient="records")
        return made.assign_attrs(
            experiment=chosen.name, seed=self.animals.seed, repeats=self.repeats, skipped=told
        )

    def save(
        self, folder: str | Path, progress: Progress = silently, labour: Labour | None = None
    ) -> CircuitSweep:
        """Simulate what is not there yet, and keep it: sessions and activity as Zarr.

        Parameters
        ----------
        folder
            Gets ``sessions/<combination>-<key>.zarr``, a collection each, and ``activity.zarr``,
            what `to_dataset` returns. What lies there of an earlier run of the same is not made
            again; sessions of other runs are left alone.
        progress
            Called with a sentence whenever a combination is done.
        labour
            Who does the work; local processes, one a core, if not given.

        Returns
        -------
        CircuitSweep
            The same, its sessions taken from the folder.
        """
        place = Path(folder)
        check_writable(place / _SESSIONS, "folder")
        kept = replace(self, folder=place, lost={})
        left = [t for t in self.circuits if _stored(kept, t, place) is None]
        for path in (p for t in left if is_damaged(p := _path(self, t, place), _key(self, t))):
            progress(f"{path} cannot be read and is made again")
        if left:
            remove_abandoned(place)
        if len(left) < len(self.circuits):
            progress(f"{len(self.circuits) - len(left)} of {len(self.circuits)} circuits taken "
                     "from an earlier run")  # fmt: skip
        alone = replace(self, circuits=(), folder=None, refused=(), lost={})
        tasks = {f"{t.identifier}: done": (_keep, (alone, t, place)) for t in left}
        try:
            run_all(tasks, counting(progress, tasks), labour, compile_ahead)
        except BaseException:
            remove_abandoned(place, 0.0)  # what workers that were stopped have begun to write
            raise
        whole = hashed(*(_key(self, t) for t in self.circuits), key(by_variant, self.animals.seed))
        if key_of(place / _ACTIVITY) != whole:
            made = kept.to_dataset().assign_attrs({KEY: whole})
            write_groups([("/", made)], place / _ACTIVITY, {})
        for one in kept.lost.values():
            progress(f"left out: {one.reason}")
        return kept


def swept(
    theories: Sequence[str],
    ablations: Sequence[str] = (WHOLE,),
    connectivity: Sequence[str] | None = None,
    sizes: Sequence[Sequence[int]] | None = None,
    experiment: str = "novelty",
    networks: int = 4,
    seed: int = 1,
    repeats: int = 5,
    instrument: str | None = "rates",
) -> CircuitSweep:
    """Put theories through an experiment, taken apart, wired otherwise and in other sizes.

    Nothing is simulated until sessions are asked for: iterate over what is returned, or call its
    `to_dataset`, `to_datatree` or `save`.

    Parameters
    ----------
    theories
        Names of theories, see `THEORIES`.
    ablations
        Names of ablations (`errorneurons list ablations`); ``"intact"`` takes nothing away.
    connectivity
        ``"chain"``, ``"dense"``, ``"macaque_binned"``, ``"macaque_fln"`` or paths of CSV files
        with columns source, target and strength; by default each theory's own.
    sizes
        Neurons of each area, lowest first, without the input; by default each theory's own.
    experiment
        Name of an experiment, see `EXPERIMENTS`, or path of a table of trials that ends in .csv.
    networks
        Networks of each circuit; each is a virtual animal.
    seed
        Seed of everything random. Network 3 has the same task in all circuits.
    repeats
        Trials of each kind.
    instrument
        ``"rates"``: the firing rates that cells are expected to have, without noise and with true
        labels; ``"spikes"``, ``"calcium"`` or ``"tufts"``; None for spikes where the errors are.

    Returns
    -------
    CircuitSweep
        Combinations that make no sense are skipped; its `skipped` says why.

    Raises
    ------
    ValueError
        If a name is unknown, or no combination makes sense.

    Examples
    --------
    >>> import errorneurons as en
    >>> found = en.sweep(
    ...     ["error_microcircuit", "supervised_pc"],
    ...     ablations=["intact", "no_error_feedback"],
    ...     connectivity=["chain", "macaque_binned"],
    ...     networks=1,
    ...     repeats=2,
    ... )
    >>> found
    Sweep of novelty: 6 circuits of 1 networks, 2 combinations skipped
      error_microcircuit
      error_microcircuit+macaque_binned
      error_microcircuit+no_error_feedback
      error_microcircuit+no_error_feedback+macaque_binned
      supervised_pc
      supervised_pc+no_error_feedback
    >>> activity = found.to_dataset()
    >>> activity["mean"].dims
    ('theory', 'ablation', 'connectivity', 'size', 'network', 'area', 'role', 'condition', 'time')
    """
    _check_lists(theories, ablations, connectivity, sizes)
    own: tuple[None, ...] = (None,)
    layers = [(_input(theories), *size) for size in sizes or ()]
    circuits = combined(theories, ablations, connectivity or own, layers or own)
    whole_number("networks", networks, 1)
    empty = CircuitSweep((), experiment, repeats, Animals(networks, seed), instrument)
    return through(empty, *circuits)


def _check_lists(
    theories: Sequence[str],
    ablations: Sequence[str],
    connectivity: Sequence[str] | None,
    sizes: Sequence[Sequence[int]] | None,
) -> None:
    """Refuse one where several are expected: letters are no names, and neurons no sizes."""
    given = {"theories": theories, "ablations": ablations, "connectivity": connectivity}
    for name, values in given.items():
        if values is None:
            continue
        a_list(name, values)
        if not len(values):
            raise ValueError(f"{name} is empty; name one or more")
    if sizes is not None:
        a_list("sizes", sizes)
    if any(isinstance(size, int) for size in sizes or ()):
        raise ValueError(
            f"sizes is {sizes}; give the neurons of each area once for every size, e.g. "
            "[(20, 15, 10, 5)]"
        )


def _input(theories: Sequence[str]) -> int:
    """Return the neurons of the input: all circuits are shown the same."""
    return find(theories[0]).circuit.layers[0]


def through(
    empty: CircuitSweep, circuits: Sequence[Theory], refused: Sequence[Skipped] = ()
) -> CircuitSweep:
    """Return a sweep with circuits.

    Parameters
    ----------
    empty
        What is done with them.
    circuits, refused
        As `variants.combined` returns them; a circuit that cannot be put through is skipped too.

    Raises
    ------
    ValueError
        If none is left.
    """
    fitting, unfit = [], []
    for circuit in circuits:
        try:
            check_possible(*empty.tried(circuit))
        except ValueError as error:
            unfit.append(_skipped(circuit, str(error)))
        else:
            fitting.append(circuit)
    if not fitting:
        reasons = dict.fromkeys(one.reason for one in unfit)
        raise ValueError(f"no combination makes sense: {'; '.join(reasons)}")
    return replace(empty, circuits=tuple(fitting), refused=(*refused, *unfit))


def _skipped(circuit: Theory, reason: str) -> Skipped:
    size = circuit.attributes["layers"].partition("-")[2]
    return Skipped(circuit.name, circuit.ablation, circuit.connectivity, size, reason)


def _key(asked: CircuitSweep, circuit: Theory) -> str:
    """Return the hash of everything that the sessions of a circuit rest on."""
    rests_on = (circuit.circuit, circuit.trained, asked.animals.numbers)
    return hashed(key(sessions, rests_on, _REGISTRIES), origin_of(*asked.tried(circuit)))


def _stored(asked: CircuitSweep, circuit: Theory, folder: Path) -> Path | Skipped | None:
    """Return where the sessions of a circuit lie, why there are none, or None if not done."""
    wanted, path = _key(asked, circuit), _path(asked, circuit, folder)
    if key_of(path) == wanted:
        return path
    unfit = path.with_suffix(JSON.suffix)
    if is_intact(unfit) and (noted := JSON.read(unfit))[KEY] == wanted:
        return _skipped(circuit, noted["reason"])
    return None


def _path(asked: CircuitSweep, circuit: Theory, folder: Path) -> Path:
    noted = Shelf(folder / _SESSIONS, JSON).path(circuit.identifier, _key(asked, circuit))
    return noted.with_suffix(".zarr")


def _keep(asked: CircuitSweep, circuit: Theory, folder: Path) -> None:
    """Simulate the sessions of a circuit, and leave them in a folder."""
    one, path = replace(asked, circuits=(circuit,)), _path(asked, circuit, folder)
    wanted = {KEY: _key(asked, circuit)}
    groups = ((f"{s.attrs['animal']}-day-{s.attrs['day']}", s) for s in one)
    if not write_groups(groups, path, wanted):
        keep({**wanted, "reason": one.lost[circuit.identifier].reason},
             path.with_suffix(JSON.suffix), JSON)  # fmt: skip
