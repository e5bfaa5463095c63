"""Numbers, outcomes and citations as a reader wants to see them."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence

from markupsafe import Markup, escape

GLOSSES: Mapping[str, str] = {
    "N/M": "the response in question, N, over the response that it is compared with, M",
    "q0": "the threshold of N/M: the smallest effect that counts",
    "pi N_R": "what false labels add to N: their share, pi, times N of the unlabelled cells, N_R",
    "role": "what a neuron is for: representation or error, or an interneuron",
    "world": "one draw of what a theory leaves open, and the animals in which it is so",
    "counter-circuit": "the microcircuit, broken so that a claim must fail on it",
    "localiser": "trials that serve to find the error cells, and not to test them",
}
"""Words of this house -> what they mean, for those who point at them."""
_GLOSSED = re.compile(
    rf"(?<![\w/-])({'|'.join(map(re.escape, GLOSSES))})(s?)(?![\w/])", re.IGNORECASE
)
_DOI = re.compile(r"((?:doi:|https://doi\.org/)10\.\d{4,9}/[^\s,;<>\"'()]*[^\s,;<>\"'().])")


def number(value: float, empty: str = "no value", like: float | None = None) -> str:
    """Return a number with what precision a reader can use.

    Parameters
    ----------
    value
        The number.
    empty
        What is said of a number that is none.
    like
        The number as precise as which it is written, if not itself.

    Examples
    --------
    >>> number(16.04), number(0.1111), number(-0.3), number(float("nan"))
    ('16', '0.11', '−0.30', 'no value')
    """
    if not math.isfinite(value):
        return empty
    size = abs(value if like is None else like)
    digits = 2 if size < 2 else 1 if size < 10 else 0
    text = f"{value:,.{digits}f}" if abs(value) < 1e5 else f"{value:.1e}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text.replace("-", "−")


def plain_number(value: float) -> str:
    """Return a number as `number` does, with a minus that every terminal can show.

    Examples
    --------
    >>> plain_number(-0.3)
    '-0.30'
    """
    return number(value).replace("\N{MINUS SIGN}", "-")


def interval(low: float, high: float, empty: str = "no interval", like: float | None = None) -> str:
    """Return an interval in brackets, both ends as precise as its value, or as the farther end.

    Parameters
    ----------
    low, high
        Its ends.
    empty
        What is said where there is none.
    like
        Its value, if that is said beside it.

    Examples
    --------
    >>> interval(0.0, 1.5), interval(1.24, 4.9), interval(1.06, 2.2, like=1.64)
    ('[0.00, 1.50]', '[1.2, 4.9]', '[1.06, 2.20]')
    """
    if not (math.isfinite(low) and math.isfinite(high)):
        return empty
    own = like is None or not math.isfinite(like)
    size = max(abs(low), abs(high)) if own else like
    return f"[{number(low, like=size)}, {number(high, like=size)}]"


def amplitude(value: float) -> str:
    """Return the signed square root of a ratio of energies.

    Examples
    --------
    >>> amplitude(0.25)
    '0.50'
    """
    return number(math.copysign(math.sqrt(abs(value)), value))


def counted(count: int, one: str, many: str = "") -> str:
    """Return a count with its noun.

    Examples
    --------
    >>> counted(1, "animal"), counted(1200, "trial")
    ('1 animal', '1,200 trials')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def listed(parts: Iterable[str]) -> str:
    """Join words as in a sentence.

    Examples
    --------
    >>> listed(["a", "b", "c"])
    'a, b and c'
    >>> listed(["a", "b, at the top", "c"])
    'a; b, at the top; and c'
    """
    *first, last = [part for part in parts if part] or [""]
    if any("," in part for part in (*first, last)) and first:
        return f"{'; '.join(first)}; and {last}"
    return f"{', '.join(first)} and {last}" if first else last


def cells_in_words(count: int) -> str:
    """Return how many cells of each area are recorded.

    Examples
    --------
    >>> cells_in_words(12)
    '12 error and 12 representation cells of each area'
    """
    return f"{count} error and {count} representation cells of each area"


def first_named(names: Sequence[str], most: int = 3) -> str:
    """Return names one after the other, each once; of many, the first and how many others.

    Examples
    --------
    >>> first_named(["a.nwb", "b.nwb"]), first_named(["a.nwb", "b.nwb", "c.nwb", "d.nwb"])
    ('a.nwb, b.nwb', 'a.nwb and 3 others')
    """
    names = list(dict.fromkeys(names))
    if len(names) <= most:
        return ", ".join(names)
    return f"{names[0]} and {len(names) - 1} others"


def linked(text: str) -> Markup:
    """Escape the text and make links of its DOIs; nothing else on the page leads outside.

    A number and its unit stay on one line; what stands in backticks is set as code.
    """
    text = re.sub(r"(?<=\d) (?=(?:%|ms|s|Hz|mm)(?!\w))", "\N{NO-BREAK SPACE}", text)
    pieces = _DOI.split(text)
    for i in range(1, len(pieces), 2):
        doi = escape(pieces[i].removeprefix("doi:").removeprefix("https://doi.org/"))
        pieces[i] = Markup('<a href="https://doi.org/{0}">doi:{0}</a>').format(doi)
    whole = str(Markup("").join(pieces))
    return Markup(re.sub(r"`([^`<>]+)`", r"<code>\1</code>", whole))


def glossed(text: str) -> str:
    """Return escaped text in which words of this house say what they mean when pointed at.

    Examples
    --------
    >>> glossed("q0")
    '<abbr title="the threshold of N/M: the smallest effect that counts">q0</abbr>'
    """
    return _GLOSSED.sub(_with_gloss, text)


def _with_gloss(found: re.Match[str]) -> str:
    word = next(word for word in GLOSSES if word.lower() == found[1].lower())
    return f'<abbr title="{GLOSSES[word]}">{found[0]}</abbr>'


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """Return name -> a part of an id: letters, digits and hyphens, no two alike."""
    found: dict[str, str] = {}
    for name in names:
        stem = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:60] or "unnamed"
        taken, again, choice = set(found.values()), 2, stem
        while choice in taken:
            choice, again = f"{stem}-{again}", again + 1
        found.setdefault(name, choice)
    return found


def headline(answer: str) -> tuple[str, tuple[str, ...]]:
    """Return the first sentence of an answer, and the others one by one.

    Examples
    --------
    >>> headline("P02 is .3 here. It holds. Is that so?")
    ('P02 is .3 here.', ('It holds.', 'Is that so?'))
    """
    first, *rest = re.split(r"(?<=[.?!]) (?=[A-Z0-9])", answer) or [""]
    return first, tuple(rest)
