"""Folders that may be written to, and where compiled code is kept."""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

COMPILED = "NUMBA_CACHE_DIR"
"""The environment variable that says where compiled code is kept."""


def check_writable(folder: Path, option: str = "--out") -> Path:
    """Make a folder, and refuse at once, not after minutes, one that cannot be written to.

    Raises
    ------
    ValueError
        Saying why it cannot, and what to give instead.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"cannot make the folder {folder}: {error.strerror}; give another {option}"
        ) from error
    if not can_write(folder):
        raise ValueError(f"the folder {folder} may not be written to; give another {option}")
    return folder


def can_write(folder: Path) -> bool:
    """Return whether a file can be made in a folder; the permissions alone may promise too much."""
    try:
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def cache_folder(name: str, variable: str, option: str) -> Path:
    """Return a folder for what is kept between runs: that of a variable, or in the user's cache.

    Parameters
    ----------
    name
        Name of the folder within the user's cache.
    variable
        Environment variable that may say where it is.
    option
        The option that chooses it.

    Raises
    ------
    ValueError
        If the user has no home.
    """
    if chosen := os.environ.get(variable):
        return Path(chosen)
    if cache := os.environ.get("XDG_CACHE_HOME"):
        return Path(cache) / name
    try:
        return Path.home() / ".cache" / name
    except RuntimeError as error:
        raise ValueError(
            f"there is no home folder to keep things in; give {option} or set ${variable}"
        ) from error


def compiler_cache() -> bool:
    """See to it that compiled code can be kept, before the compiler is imported.

    Where neither the folder of $NUMBA_CACHE_DIR, nor that of the sources, nor the user's cache may
    be written to, as in containers and for service users, it goes to a temporary folder.

    Returns
    -------
    bool
        Whether it can be kept; if not, the compiler must not be asked to.
    """
    chosen = os.environ.get(COMPILED)
    beside_sources = Path(__file__).parent / "__pycache__"
    if any(map(_usable, (chosen, beside_sources, _users()))):
        return True
    if "numba" in sys.modules:  # it has read the variable already
        return False
    try:
        os.environ[COMPILED] = str(_temporary())
    except OSError:
        os.environ.pop(COMPILED, None)
        return False
    return True


def _users() -> Path | None:
    """Return the folder in which the compiler keeps code of a user, as far as it is known here."""
    try:
        return cache_folder("numba", "", "")
    except ValueError:
        return None


def _usable(folder: Path | str | None) -> bool:
    if not folder:
        return False
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return can_write(folder)


def _temporary() -> Path:
    """Return a folder that is the user's own: what lies in it is run."""
    if sys.platform == "win32":
        return Path(tempfile.mkdtemp(prefix="errorneurons-compiled-"))
    folder = Path(tempfile.gettempdir()) / f"errorneurons-compiled-{os.getuid()}"
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
        about = folder.lstat()
        if about.st_uid == os.getuid() and about.st_mode & 0o777 == 0o700 and can_write(folder):
            return folder
    return Path(tempfile.mkdtemp(prefix="errorneurons-compiled-"))
