"""Make the pages of the gallery by small runs: `python docs/gallery.py`, then build the site.

They lie in ``docs/gallery``, which is not kept in the repository. It takes a few minutes.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from errorneurons.predictions.commands.cli import app

PLACE = Path(__file__).with_name("gallery")
TWO = ("--theory", "error_microcircuit", "--theory", "supervised_pc")
LOCAL = ("--worlds", "32", *TWO)


def pages(folder: Path) -> dict[str, tuple[tuple[str, ...], str]]:
    """Return name of a page -> the command that makes it, and the file that it writes."""
    nwb, toml = str(folder / "demo.nwb"), str(folder / "demo.toml")
    compare = ("compare", nwb, "--mapping", toml, *LOCAL)
    return {
        "theories": (("report", "--networks", "4"), "report.html"),
        "comparison": (compare, "report.html"),
        "plan": (("plan", "--budget", "6", "--cells", "12", *LOCAL), "plan.html"),
        "ablations": (("ablate", *TWO[:2], "--networks", "4"), "report.html"),
    }


def main() -> None:
    """Make each page, and leave it in the folder of the gallery."""
    PLACE.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        recording = str(folder / "demo.nwb")
        _run("demo-recording", *TWO[2:], "--animals", "6", "--cells", "12", "--out", recording)
        _run("inspect", recording, "--out", str(folder / "demo.toml"))
        for page, (command, file) in pages(folder).items():
            _run(*command, "--out", str(folder / page))
            shutil.copyfile(folder / page / file, PLACE / f"{page}.html")


def _run(*words: str) -> None:
    app(words, prog_name="errorneurons", standalone_mode=False)


if __name__ == "__main__":
    main()
