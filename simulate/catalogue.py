"""A registry as a notebook wants to see it: by name, and readable where it is printed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from errorneurons.simulate.refusing import entry

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
    kind
        What the entries are, in the singular.
    entries
        Name -> entry.
    said
        Name -> what is printed of it.
    synonyms
        What people call the entries -> the names that are meant.
    """

    def __init__(
        self,
        kind: str,
        entries: Mapping[str, EntryT_co],
        said: Mapping[str, str],
        synonyms: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        self._kind, self._entries, self._said = kind, dict(entries), dict(said)
        self._synonyms = synonyms

    def __getitem__(self, name: str) -> EntryT_co:
        """Return an entry by its name, or say which name is nearest."""
        try:
            return entry(self._kind, name, self._entries, synonyms=self._synonyms)
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
