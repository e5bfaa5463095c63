"""Links in HDF5 that lead to other files: followed to files beside the recording, or refused."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from errorneurons.analysis.session.contract import DoorError

if TYPE_CHECKING:
    import h5py

_DEEPEST = 4
"""Links to files that link to files are followed no further."""


def linked_files(path: Path) -> tuple[Path, ...]:
    """Return the files beside an HDF5 file that it links to, each once.

    Raises
    ------
    DoorError
        If a link leads to another folder, or to what is not there, or data of the file stand in
        another one.
    """
    found: dict[Path, None] = {}
    waiting = [(path, 0)]
    while waiting:
        file, depth = waiting.pop()
        for beside in _named_in(file):
            if beside != path and beside not in found:
                if depth == _DEEPEST:
                    raise DoorError(
                        f"{path.name} links to files that link to others, more than {_DEEPEST} "
                        "deep; copy what they name into one file"
                    )
                found[beside] = None
                waiting.append((beside, depth + 1))
    return tuple(found)


def refuse_links(path: Path) -> None:
    """Refuse an HDF5 file that is not whole in itself.

    Raises
    ------
    DoorError
        If a link leads to another file.
    """
    for other in linked_files(path):
        raise DoorError(f"{path.name} links to {other.name}; copy what that holds into one file")


def _named_in(path: Path) -> list[Path]:
    import h5py

    links: list[tuple[str, h5py.ExternalLink]] = []

    def note_link(name: str, link: Any) -> None:
        if isinstance(link, h5py.ExternalLink):
            links.append((name, link))

    with h5py.File(path, "r") as file:
        file.visititems_links(note_link)
        file.visititems(_check_stored_here)
    return [_beside(path, f"/{name}", link) for name, link in links]


def _check_stored_here(name: str, node: Any) -> None:
    import h5py

    if isinstance(node, h5py.Dataset):
        elsewhere = node.is_virtual and any(s.file_name != "." for s in node.virtual_sources())
        if node.external or elsewhere:
            raise DoorError(f"`/{name}` stands in another file; copy it into this one")


def _beside(path: Path, name: str, link: h5py.ExternalLink) -> Path:
    """Return the file that a link leads to, if it lies beside the one that it stands in."""
    import h5py

    given = str(link.filename)
    target = path.parent / Path(given).name
    if given in ("", ".", "..") or "\0" in given or path.parent / given != target:
        raise DoorError(
            f"`{name}` is a link to {given!r}, in another folder; put that file beside "
            f"{path.name}, and link to it by its name alone"
        )
    if not target.is_file():
        raise DoorError(
            f"`{name}` is a link to {given!r}, which is not beside {path.name}; copy it there"
        )
    try:
        with h5py.File(target, "r") as other:
            there = link.path in other
    except OSError as error:
        raise DoorError(
            f"`{name}` is a link to {given!r}, which is no HDF5 file; mend the link"
        ) from error
    if not there:
        raise DoorError(
            f"`{name}` is a link to {link.path} in {given!r}, which is not there; mend the link"
        )
    return target
