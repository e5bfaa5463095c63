"""What users wait for, in two checkouts side by side: `python benchmarks/jobs.py --checkout PATH`.

Every job is run by the command line of this checkout and of another one (``git worktree add PATH
COMMIT``), in turn and in the same run, so that both see the same machine. Nothing is installed: a
temporary folder of links makes each checkout's `errorneurons`, and the interpreter that runs this
file runs them all. A cold run finds no compiled engine, no library and an empty folder (bytecode
is there already); the warm run is the same command once more, where the cold one left its files.

CPU seconds are those of the whole tree of processes, workers included, from the resource usage of
children; wall time needs idle cores, and the load is printed; memory is the largest sum of resident
memory over the tree, looked at twenty times a second. It reads ``/proc``, so it needs Linux. The
learning step is timed by `engine_step` of each checkout's own ``benchmarks/engine.py``.
"""

from __future__ import annotations

import argparse
import compileall
import ctypes
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parents[1]
TOP = ("simulate", "analysis", "predictions")
THEORIES = (
    "error_microcircuit", "supervised_pc", "prospective_configuration", "hierarchical_pc",
    "hierarchical_pc_sensory", "mismatch_neurons", "dendritic_pc", "dendritic_microcircuit",
    "burst_dependent", "adaptation", "feature_gain",
)  # fmt: skip
COMPARED = tuple(
    t for t in THEORIES if t not in ("dendritic_pc", "dendritic_microcircuit", "burst_dependent")
)
PLANNED = ("error_microcircuit", "supervised_pc", "prospective_configuration")
LEARNING = """
import json, runpy, sys
from threadpoolctl import threadpool_limits
bench, few = runpy.run_path(sys.argv[1]), sys.argv[2] == "small"
sizes = list(bench["SIZES"].items())[: 1 if few else None]
with threadpool_limits(1):
    print(json.dumps({
        name: bench["engine_step"](bench["circuit_of"](layers), networks, count, 1, 5, True)
        for name, (layers, networks, count, steps) in sizes
    }))
"""
SUBREAPER = 36
"""Number of `prctl` that makes orphans of a command our children, so that they are counted."""
TAIL = 400
"""How much is shown of what a failed command said [characters]."""
PATIENCE = 60.0
"""How long processes that a command left behind are waited for [s]."""


@dataclass(frozen=True)
class Checkout:
    """A checkout that is run where it stands.

    Attributes
    ----------
    name
        How the table calls it.
    root
        Its folder.
    links
        Folder of links that makes its package.
    """

    name: str
    root: Path
    links: Path

    @property
    def command(self) -> list[str]:
        """The command line, as `pyproject.toml` names it."""
        project = tomllib.loads((self.root / "pyproject.toml").read_text(encoding="utf-8"))
        module, function = project["project"]["scripts"]["errorneurons"].split(":")
        code = f"import sys; from {module} import {function} as run; sys.argv[0] = 'run'; run()"
        return [sys.executable, "-c", code]


@dataclass(frozen=True)
class Job:
    """A command, what it needs first (not timed), and whether a second run tells anything."""

    arguments: tuple[str, ...]
    first: tuple[tuple[str, ...], ...] = ()
    states: tuple[str, ...] = ("cold", "warm")


@dataclass(frozen=True)
class Run:
    """What one run took: CPU and wall [s], and memory [bytes]; a learning step has CPU only."""

    checkout: str
    job: str
    state: str
    cpu: float
    wall: float | None = None
    memory: int | None = None


def jobs_of(small: bool) -> dict[str, Job]:
    """Return the jobs by name; `small` ones show in minutes that all of them run."""
    demo = ("demo-recording", "--theory", "supervised_pc", "--out", "demo.nwb")
    if small:
        few = ("--cells", "6", "--trials", "2", "--animals", "5")
        networks, worlds, grid = ("--networks", "2"), ("--worlds", "32"), ("--animals", "4")
        demo, grid = demo + few, (*grid, "--cells", "12", "--trials", "2")
        compared = planned = PLANNED[:2]
        shown = PLANNED[:1]
    else:
        networks, worlds, grid = (), ("--worlds", "40"), ()
        compared, planned, shown = COMPARED, PLANNED, THEORIES
    return {
        "report": Job(("report", *networks)),
        "demo-recording": Job(demo, states=("cold",)),
        "compare": Job(
            ("compare", "demo.nwb", "--mapping", "demo.toml", *worlds, *each(compared)),
            first=(demo, ("inspect", "demo.nwb", "--out", "demo.toml")),
        ),
        "plan": Job(("plan", *worlds, *grid, *each(planned))),
        "simulate": Job(("simulate", "novelty", "--out", "novelty", *networks, *each(shown))),
    }


def each(theories: tuple[str, ...]) -> tuple[str, ...]:
    """Return the options that name theories."""
    return tuple(word for theory in theories for word in ("--theory", theory))


def link(name: str, root: Path, folder: Path) -> Checkout:
    """Make the folder of links, and the bytecode, of a checkout.

    Raises
    ------
    ValueError
        If there is no checkout.
    """
    root = root.resolve()
    if not (root / "src" / "errorneurons").is_dir():
        raise ValueError(f"{root} is no checkout of errorneurons: src/errorneurons is missing")
    package = folder / name / "errorneurons"
    package.mkdir(parents=True)
    for path in [*(root / "src" / "errorneurons").iterdir(), *(root / top for top in TOP)]:
        if path.name != "__pycache__":
            (package / path.name).symlink_to(path)
    for top in TOP:
        compileall.compile_dir(package / top, quiet=2)
    made = Checkout(name, root, package.parent)
    # Fonts are listed once for every run, and by no run that is timed.
    called([sys.executable, "-c", "import matplotlib.pyplot"], folder, environment(made, folder))
    return made


def environment(checkout: Checkout, caches: Path) -> dict[str, str]:
    """Return the environment of a command that keeps its caches in a folder."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("ERRORNEURONS_")}
    return kept | {
        "PYTHONPATH": str(checkout.links),
        "NUMBA_CACHE_DIR": str(caches / "numba"),
        "XDG_CACHE_HOME": str(caches / "home"),
        "ERRORNEURONS_LIBRARY": str(caches / "library"),
        "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR", str(checkout.links.parent / "matplotlib")),
    }


def processes() -> dict[int, tuple[int, int]]:
    """Return parent and resident memory [bytes] of every process."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue  # It ended just now.
        found[int(path.parent.name)] = int(fields[1]), int(fields[21]) * resource.getpagesize()
    return found


def children() -> set[int]:
    """Return the processes whose parent is this one."""
    return {pid for pid, (parent, _) in processes().items() if parent == os.getpid()}


def memory_of(roots: set[int]) -> int:
    """Return the resident memory of processes and all that descend from them [bytes]."""
    every, tree = processes(), set(roots)
    while more := {pid for pid, (parent, _) in every.items() if parent in tree} - tree:
        tree |= more
    return sum(every[pid][1] for pid in tree if pid in every)


class Memory(threading.Thread):
    """Watches the memory of all that is started from here on."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.earlier = children()
        self.peak = 0

    def run(self) -> None:
        """Look until told to end."""
        while not self.ended.wait(0.05):
            self.peak = max(self.peak, memory_of(children() - self.earlier))

    def __enter__(self) -> Memory:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.reap()
        self.ended.set()
        self.join()

    def reap(self) -> None:
        """Wait for what a command left behind, so that its usage is counted."""
        end = time.monotonic() + PATIENCE
        while (left := children() - self.earlier) and time.monotonic() < end:
            for pid in left:
                os.waitpid(pid, os.WNOHANG)
            time.sleep(0.02)


def spent() -> float:
    """Return the CPU seconds of all children that were waited for, and theirs."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def called(command: list[str], folder: Path, env: dict[str, str]) -> tuple[float, float, int, str]:
    """Run a command; return its CPU and wall time [s], memory [bytes] and standard output.

    Raises
    ------
    RuntimeError
        If the command fails; the end of what it said is shown.
    """
    before, start = spent(), time.monotonic()
    with Memory() as memory:
        done = subprocess.run(
            command, cwd=folder, env=env, stdin=subprocess.DEVNULL,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    if done.returncode:
        said = (done.stderr or done.stdout).strip()[-TAIL:]
        raise RuntimeError(f"{' '.join(command[3:])} ended with {done.returncode}: {said}")
    return spent() - before, time.monotonic() - start, memory.peak, done.stdout


def timed(checkout: Checkout, name: str, job: Job) -> list[Run]:
    """Run a job cold, then warm."""
    with tempfile.TemporaryDirectory() as given:
        folder, aside = Path(given) / "run", Path(given) / "aside"
        folder.mkdir()
        for arguments in job.first:
            called([*checkout.command, *arguments], folder, environment(checkout, aside))
        env, runs = environment(checkout, Path(given) / "caches"), []
        for state in job.states:
            taken = called([*checkout.command, *job.arguments], folder, env)
            runs.append(Run(checkout.name, name, state, *taken[:3]))
    return runs


def learning(checkout: Checkout, small: bool) -> list[Run]:
    """Time a learning step of the published networks [s], as the checkout's own benchmark does."""
    with tempfile.TemporaryDirectory() as given:
        script = str(checkout.root / "benchmarks" / "engine.py")
        command = [sys.executable, "-c", LEARNING, script, "small" if small else "all"]
        said = called(command, Path(given), environment(checkout, Path(given)))[3]
    steps = json.loads(said.splitlines()[-1])
    return [Run(checkout.name, f"step of {size}", "warm", cpu) for size, cpu in steps.items()]


def best(runs: list[Run]) -> dict[tuple[str, str], dict[str, Run]]:
    """Return the run with the least CPU time of each job and state, by checkout."""
    found: dict[tuple[str, str], dict[str, Run]] = {}
    for run in sorted(runs, key=lambda r: r.cpu, reverse=True):
        found.setdefault((run.job, run.state), {})[run.checkout] = run
    order = list(dict.fromkeys((run.job, run.state) for run in runs))
    return {key: found[key] for key in order}


def table(runs: list[Run]) -> list[str]:
    """Return a line a job: what each checkout took, and the ratio of this one to the other."""
    lines = [f"{'job':22}{'':6}{'':6}{'this':>12}{'other':>12}{'this / other':>14}"]
    for (job, state), by in best(runs).items():
        lines += [
            f"{job:22}{state:6}{what:6}"
            + "".join(f"{shown(what, run):>12}" for run in (by.get("this"), by.get("other")))
            + f"{ratio(what, by):>14}"
            for what in ("cpu", "wall", "memory")
            if any(getattr(run, what) is not None for run in by.values())
        ]
    return lines


def shown(what: str, run: Run | None) -> str:
    """Return a figure with its unit."""
    value = None if run is None else getattr(run, what)
    if value is None:
        return "-"
    if what == "memory":
        return f"{value / 2**20:.0f} MiB"
    return f"{value:.1f} s" if value >= 0.1 else f"{1e6 * value:.3f} us"


def ratio(what: str, by: dict[str, Run]) -> str:
    """Return this checkout's figure as a share of the other's."""
    if len(by) < 2:
        return "-"
    return f"{getattr(by['this'], what) / getattr(by['other'], what):.3f}"


def options(given: list[str] | None = None) -> argparse.Namespace:
    """Return what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    names = [*jobs_of(True), "learning"]
    parser.add_argument("--checkout", type=Path, help="the other checkout; without it, this alone")
    parser.add_argument("--job", action="append", choices=names, help="repeat for more; all if not")
    parser.add_argument("--small", action="store_true", help="few networks and worlds, for a try")
    parser.add_argument("--rounds", type=int, default=1, help="the best of so many runs is shown")
    parser.add_argument("--json", type=Path, help="file for the figures of every run")
    asked = parser.parse_args(given)
    asked.job = asked.job or names
    return asked


def main() -> int:
    """Run the jobs, and print the table; the exit status says whether all of them ran."""
    asked, runs, failed = options(), [], 0
    ctypes.CDLL(None).prctl(SUBREAPER, 1, 0, 0, 0)
    with tempfile.TemporaryDirectory() as links:
        checkouts = [link("this", HERE, Path(links))]
        if asked.checkout:
            checkouts.append(link("other", asked.checkout, Path(links)))
        for name in [job for job in asked.job for _ in range(asked.rounds)]:
            for checkout in checkouts:
                print(f"{name}, {checkout.name}: {checkout.root} (load {os.getloadavg()[0]:.1f})")
                try:
                    if name == "learning":
                        new = learning(checkout, asked.small)
                    else:
                        new = timed(checkout, name, jobs_of(asked.small)[name])
                except RuntimeError as error:
                    print(f"  {error}")
                    failed, new = 1, []
                for run in new:
                    print(f"  {run.job} {run.state}: {shown('cpu', run)} of CPU", flush=True)
                runs += new
                if asked.json:
                    asked.json.write_text(json.dumps([asdict(r) for r in runs], indent=1))
    print("\n".join(table(runs)))
    return failed


if __name__ == "__main__":
    sys.exit(main())
