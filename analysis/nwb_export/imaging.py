"""Write calcium as NWB: a plane an area, its ROIs, and what its frames show of each session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from errorneurons.analysis.nwb_export.columns import described
from errorneurons.analysis.nwb_export.spikes import Part

EXCITATION, EMISSION = 920.0, 510.0
"""Wavelengths at which GCaMP is usually imaged with two photons, and shines [nm]."""


def add_imaging(file: Any, parts: Sequence[Part]) -> None:
    """Add planes, ROIs and their responses to a `pynwb.NWBFile`.

    Parameters
    ----------
    file
        The file.
    parts
        The sessions, of calcium in dF/F. The ROIs are numbered through them.
    """
    from pynwb.ophys import DfOverF, ImageSegmentation

    module = file.create_processing_module("ophys", "fluorescence of simulated neurons")
    segmentation, responses = ImageSegmentation(), DfOverF()
    module.add(segmentation)
    module.add(responses)
    device = file.create_device(
        name="virtual_microscope", description="Sees the calcium of simulated neurons."
    )
    area = np.concatenate([part.session["area"].values for part in parts])
    owner = np.repeat(np.arange(len(parts)), [part.session.sizes["unit"] for part in parts])
    first = np.searchsorted(owner, np.arange(len(parts)))
    for number, name in enumerate(sorted(set(area.tolist()))):
        plane = _plane(file, device, number, name, parts[0])
        rows = np.flatnonzero(area == name)
        rois = _rois(number, plane, parts, rows)
        segmentation.add_plane_segmentation(rois)
        for k, part in enumerate(parts):
            here = np.flatnonzero(owner[rows] == k)
            if len(here):
                series = _series(f"session{k}_plane{number}", part, rows[here] - first[k])
                region = rois.create_roi_table_region(
                    description="the ROIs of the session", region=here.tolist()
                )
                responses.create_roi_response_series(rois=region, **series)


def _plane(file: Any, device: Any, number: int, area: str, part: Part) -> Any:
    from pynwb.ophys import OpticalChannel

    attrs = part.session["rate"].attrs
    return file.create_imaging_plane(
        name=f"plane{number}",
        optical_channel=OpticalChannel(
            name="green", description="emission of the indicator", emission_lambda=EMISSION
        ),
        description=f"virtual plane in {area}",
        device=device,
        excitation_lambda=EXCITATION,
        imaging_rate=float(attrs.get("frame_rate", attrs["sampling_rate"])),
        indicator=str(attrs.get("indicator", "unknown")),
        location=area,
    )


def _rois(number: int, plane: Any, parts: Sequence[Part], rows: Any) -> Any:
    from hdmf.common import ElementIdentifiers, VectorData
    from pynwb.ophys import PlaneSegmentation

    pixel = np.ones((len(rows), 1, 1), dtype=np.float32)
    mask = VectorData(name="image_mask", description="one pixel: NWB asks for a mask", data=pixel)
    columns = [mask, *described(parts, rows)]
    return PlaneSegmentation(
        name=f"rois{number}",
        description="simulated neurons as a microscope would show them; they have no pixels",
        imaging_plane=plane,
        columns=columns,
        colnames=[column.name for column in columns],
        id=ElementIdentifiers(name="id", data=rows),
    )


def _series(name: str, part: Part, units: Any) -> dict[str, Any]:
    """Return the responses of some units of a session: bins in which one was seen are frames."""
    from pynwb import H5DataIO

    seen = part.session["rate"].values[..., units].astype(np.float32)
    framed = np.isfinite(seen).any(axis=-1)
    centre = part.edges[:, :-1] + part.bin_width / 2
    packed = H5DataIO(seen[framed], compression="gzip", compression_opts=1, shuffle=True)
    return {
        "name": name,
        "description": f"dF/F of {part.animal}, session {part.session_id}",
        "data": packed,
        "unit": "dF/F",
        "timestamps": centre[framed],
    }
