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

from errorneurons.predictions.words import (
    amplitude,
    counted,
    glossed,
    headline,
    linked,
    listed,
    number,
)

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
    text = environment().get_template(name).render(values)
    return typeset(text) if name.endswith(".html") else text


_PIECES = re.compile(
    r"(<(style|script|svg|code|pre|title|option)\b.*?</\2>|<[^>]*>)|([^<]+)", re.DOTALL
)
"""What is left as it is, and what is read."""
_NEGATIVE = re.compile(r"(?<![\w.)\]-])-(?=\.?\d)")
_PERCENT = re.compile(r"(?<=\d)\s?%")
_POWER = re.compile(r"(?<=\d)e([+-])0*(\d+)\b")


def typeset(page: str) -> str:
    r"""Return a page with one minus sign, per cent one way, powers of ten as such, and glosses.

    Parameters
    ----------
    page
        HTML. Drawings, code and what stands in tags are left as they are.

    Examples
    --------
    >>> typeset("<p title='-1%'>-0.3 in 5% or 95 %, p 4.2e-05</p>")
    "<p title='-1%'>−0.3 in 5\xa0% or 95\xa0%, p 4.2 × 10<sup>−5</sup></p>"
    """
    return _PIECES.sub(lambda found: found[1] or _typeset(found[3]), page)


def _typeset(text: str) -> str:
    text = _PERCENT.sub("\N{NO-BREAK SPACE}%", _NEGATIVE.sub("\N{MINUS SIGN}", text))
    return glossed(_POWER.sub(_power, text))


def _power(found: re.Match[str]) -> str:
    sign = "\N{MINUS SIGN}" if found[1] == "-" else ""
    return f" × 10<sup>{sign}{found[2]}</sup>"


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
