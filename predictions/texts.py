"""Text that people read stands in templates: pages, drawings, and paragraphs for papers.

Pages and drawings are escaped; paragraphs (``.txt``) are plain text, escaped where they are shown.
A paragraph ends at an empty line and may be wrapped anywhere.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from errorneurons.predictions.words import amplitude, counted, headline, linked, listed, number

if TYPE_CHECKING:
    from jinja2 import Environment


def template(name: str) -> str:
    """Return the text of a template, a sheet of styles or a script."""
    place = resources.files("errorneurons.predictions") / "templates" / name
    return place.read_text(encoding="utf-8")


@cache
def environment() -> Environment:
    """Return the maker of texts: what it is given is escaped, and nothing may be missing."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined, select_autoescape

    made = Environment(
        loader=FunctionLoader(template),
        autoescape=select_autoescape((), disabled_extensions=("txt",), default=True),
        undefined=StrictUndefined,
        extensions=["jinja2.ext.loopcontrols"],
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["linked"] = linked
    made.filters |= {
        "amplitude": amplitude,
        "counted": counted,
        "headline": headline,
        "listed": listed,
        "number": number,
        "percent": lambda value: f"{value:.0%}",
    }
    return made


def written(name: str, values: Mapping[str, Any]) -> str:
    """Return a template with its values written in.

    Parameters
    ----------
    name
        Of a file in ``templates``.
    values
        What it names; all that it names must be there.
    """
    return environment().get_template(name).render(values)


def paragraphs(name: str, values: Mapping[str, Any] | None = None) -> tuple[str, ...]:
    """Return the paragraphs of ``templates/NAME.txt``, each on one line.

    Parameters
    ----------
    name, values
        As for `written`.
    """
    pieces = written(f"{name}.txt", values or {}).split("\n\n")
    joined = (re.sub(r"[ \n]+", " ", piece).strip() for piece in pieces)
    return tuple(paragraph for paragraph in joined if paragraph)


def one_paragraph(name: str, values: Mapping[str, Any] | None = None) -> str:
    """Return ``templates/NAME.txt`` as one paragraph; see `paragraphs`."""
    return " ".join(paragraphs(name, values))
