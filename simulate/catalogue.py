"""A registry as a notebook wants to see it: by name, and readable where it is printed."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TypeVar

EntryT_co = TypeVar("EntryT_co", covariant=True)


class UnknownNameError(ValueError, KeyError):
    """A name that is not in a registry, with the nearest that is."""

    def __str__(self) -> str:
        """Return the sentence, without the quotes that a `KeyError` puts around it."""
        return str(self.args[0])


class Catalogue(Mapping[str, EntryT_co]):
    """The entries of a registry by name; printed, a line for each.

    Parameters
    ----------
    find
        The registry's own look-up, which says what is meant by a name that is none; it may know
        entries that are not listed, as counter-circuits are not.
    entries
        Name -> entry.
    said
        Name -> what is printed of it.
    """

    def __init__(
        self,
        find: Callable[[str], EntryT_co],
        entries: Mapping[str, EntryT_co],
        said: Mapping[str, str],
    ) -> None:
        self._find, self._entries, self._said = find, dict(entries), dict(said)

    def __getitem__(self, name: str) -> EntryT_co:
        """Return an entry by its name, or say which name is meant."""
        try:
            return self._find(name)
        except ValueError as error:
            raise UnknownNameError(str(error)) from None

    def __iter__(self) -> Iterator[str]:
        """Yield the names in the order of the registry."""
        return iter(self._entries)

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._entries)

    def __repr__(self) -> str:
        """Return a line for each entry: its name, and what it is."""
        wide = max(map(len, self._entries))
        return "\n".join(f"{name:{wide}}  {text}" for name, text in self._said.items())
