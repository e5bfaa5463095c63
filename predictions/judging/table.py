"""Tables that a notebook gets: a DataFrame, and the same as labelled arrays."""

from __future__ import annotations

import pandas as pd
import xarray as xr


class ResultTable(pd.DataFrame):
    """A DataFrame that knows which of its columns say what a row is of.

    Attributes
    ----------
    labelled_by
        These columns; they are the dims of `to_xarray`.
    """

    _metadata = ["labelled_by"]  # noqa: RUF012 (pandas asks for a list)
    labelled_by: tuple[str, ...] = ()

    @property
    def _constructor(self) -> type[ResultTable]:
        """What a part of the table is."""
        return ResultTable

    def to_dataframe(self) -> pd.DataFrame:
        """Return a plain DataFrame of the same."""
        return pd.DataFrame(self)

    def to_xarray(self) -> xr.Dataset:  # type: ignore[misc]  # final in the stubs alone
        """Return one variable a column, by what a row is of; combinations that are not there NaN.

        Returns
        -------
        Dataset
            Dims are the columns that `labelled_by` names, as far as they are there.
        """
        labels = [name for name in self.labelled_by if name in self.columns]
        table = self.to_dataframe()
        return (table.set_index(labels) if labels else table).to_xarray()


def result_table(frame: pd.DataFrame, *labelled_by: str) -> ResultTable:
    """Return a table whose rows are of what these columns say."""
    made = ResultTable(frame)
    made.labelled_by = labelled_by
    return made
