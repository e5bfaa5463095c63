"""Pages of the documentation site that are made from the code, and how the others are shown.

`mkdocs build` calls the functions that begin with ``on_``. Home and changelog are the files of the
repository; claims, theories and the reference are written from the registries.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import is_dataclass
from importlib import import_module, resources
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

import errorneurons as en
from errorneurons.predictions.claims.claim import Claim
from errorneurons.predictions.studies.findings import references
from errorneurons.simulate.theories.registry import OPEN_CHOICES, Theory
from errorneurons.simulate.variants import simulated

ROOT = Path(__file__).parents[1]
CLASSES = (
    "errorneurons.simulate.circuit.Circuit",
    "errorneurons.simulate.theories.theory.Theory",
    "errorneurons.simulate.experiments.experiment.Experiment",
    "errorneurons.predictions.claims.claim.Claim",
    "errorneurons.predictions.claims.claim.Verdict",
    "errorneurons.analysis.evidence.weigh.Evidence",
)
"""Beside the verbs, what their results and the registries hold."""
_CLAIMS_SAID = (
    "Written from the registry `CLAIMS`. N/M compares two response energies that were measured in "
    "the same cells; each claim says on which side of its threshold N/M lies."
)
_THEORIES_SAID = (
    "Written from the registry `THEORIES`. The equations are those at the head of each file."
)
_REGISTRIES_SAID = "Read by name; each prints a line an entry. What an entry holds stands below."
_LINK = re.compile(r"(?<!!)\[([^][]*)\]\((?!https?:|#)([^)#\s]+)(#[^)]*)?\)")
FUNCTIONS = (
    "errorneurons.analysis.session.session.session",
    "errorneurons.analysis.session.session.collect",
    "errorneurons.analysis.session.session.save",
    "errorneurons.analysis.session.session.check",
    "errorneurons.predictions.pages.results.read_result",
    "errorneurons.predictions.pages.results.differences",
)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages that are made from the code."""
    made: dict[str, Callable[[], str]] = {
        "index.md": lambda: (ROOT / "README.md").read_text(encoding="utf-8"),
        "changelog.md": lambda: (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"),
        "claims.md": claims_page,
        "theory_list.md": theories_page,
        "reference.md": reference_page,
        "verdicts.schema.json": lambda: schema().read_text(encoding="utf-8"),
    }
    for name, text in made.items():
        files.append(File.generated(config, name, content=text()))
    return files


def on_page_markdown(markdown: str, page: Page, files: Files, **_: Any) -> str:
    """Show examples as code, and let links lead to pages of the site."""
    return fenced(linked(markdown, page.file.src_uri, {f.src_uri for f in files}))


def on_page_content(html: str, page: Page, **_: Any) -> str:
    """Leave types to signatures: of names that are described together only the first is right."""
    described = r'(<b><code>\w+</code></b>)\s*\(.*?\)(?=\s*–\s*<div class="doc-md-description">)'
    return re.sub(described, r"\1", html, flags=re.DOTALL) if "reference" in page.url else html


def linked(markdown: str, name: str, there: set[str]) -> str:
    """Return a page whose links to files that are not on the site are their text alone."""

    def led(found: re.Match[str]) -> str:
        text, where, anchor = found.groups()
        where = where.removeprefix("docs/") if name in ("index.md", "changelog.md") else where
        return f"[{text}]({where}{anchor or ''})" if where in there else text

    return _LINK.sub(led, markdown)


def fenced(markdown: str) -> str:
    """Return a page whose bare examples stand between fences."""
    kept: list[str] = []
    inside = hidden = example = False
    for line in markdown.splitlines():
        hidden = (hidden or "<!--" in line) and "-->" not in line
        if line.lstrip().startswith("```"):
            inside = not inside
        if not (inside or hidden or example) and line.startswith(">>> "):
            kept.append("```pycon")
            example = True
        elif example and not line.strip():
            kept.append("```")
            example = False
        kept.append(line)
    return "\n".join([*kept, "```"] if example else kept) + "\n"


def claims_page() -> str:
    """Return the page of claims: what each says, why, and what would refute it."""
    lines = ["# The claims", "", _CLAIMS_SAID, ""]
    for claim in en.CLAIMS.values():
        lines += [*_claim(claim), ""]
    return "\n".join(lines)


def _claim(claim: Claim) -> Iterator[str]:
    yield f"## {claim.key}: {_plain(claim.name)}"
    yield f"\n**{_plain(claim.sentence)}**\n"
    said = {
        "Why": claim.mechanism,
        "Experiment": claim.experiment,
        "What refutes it": claim.refuted_by,
        "Smallest recording": claim.record,
        "Beside recording": "; ".join(m.words for m in claim.manipulations) or "nothing",
        "Source": claim.source,
    }
    yield from (f"- **{name}:** {_cited(text)}" for name, text in said.items())
    sign = "\N{PLUS-MINUS SIGN}" if claim.side == "within" else ""
    said = "" if claim.ratio_of == "energies" else ", as amplitudes"
    yield f"- **Threshold:** N/M {claim.side} {sign}{claim.threshold:.3g}{said}"
    yield f"- **Shown by:** `errorneurons simulate {claim.shown_by}`"
    yield f"- **Counter-circuit**, which must contradict it: `{claim.counter_circuit}`"
    yield f"\n```text\n{claim.equation}\n```"


def theories_page() -> str:
    """Return the page of theories: equations, what they leave open, and their papers."""
    lines = ["# The theories", "", _THEORIES_SAID, ""]
    for theory in en.THEORIES.values():
        lines += [*_theory(theory), ""]
    return "\n".join(lines)


def _theory(theory: Theory) -> Iterator[str]:
    yield f"## {_plain(theory.label)}"
    yield f"\n**{_plain(theory.description)}**\n"
    yield f"- **Name:** `{theory.name}`"
    if theory.variant_of:
        yield f"- **Variant of:** `{theory.variant_of}`"
    carriers = {"none": "nothing", "apical": "apical potentials", "error": "cells of their own"}
    yield f"- **Errors are carried by:** {carriers.get(theory.circuit.carrier, 'bursts')}"
    papers = [r.text for r in references([theory.name]) if theory.name in r.theories]
    yield from (f"- **Paper:** {_cited(text)}" for text in papers)
    module = sys.modules[type(theory.circuit).__module__]
    yield f"\n```text\n{inspect.getdoc(module)}\n```\n"
    if theory.nuisance:
        yield "What it leaves open, drawn once a virtual world:\n"
        yield "| what | from | to | why |\n|---|---|---|---|"
        for n in theory.nuisance:
            yield f"| {_plain(n.name)} | {n.low:g} | {n.high:g} | {_plain(n.reason)} |"
        yield ""
    own = [o for o in OPEN_CHOICES if o.variant_of == theory.name]
    if own:
        yield "Decided otherwise, judged with `report --families`:\n"
        yield from (f"- `{o.name}`: {_plain(o.description)}" for o in own)


def reference_page() -> str:
    """Return the page of the reference, from the docstrings."""
    lines = ["# Python", "", "`import errorneurons as en`; each name loads what it needs.", ""]
    for name in en.__all__:
        found = simulated if name == "simulate" else getattr(en, name)
        if inspect.isfunction(found):
            lines += _documented(f"en.{name}", f"{found.__module__}.{found.__qualname__}", found)
    lines += ["## en.THEORIES, en.EXPERIMENTS, en.CLAIMS", "", _REGISTRIES_SAID, ""]
    for path in (*FUNCTIONS, *CLASSES):
        module, _, name = path.rpartition(".")
        lines += _documented(name, path, getattr(import_module(module), name))
    return "\n".join(lines)


def _documented(title: str, path: str, found: Any) -> list[str]:
    lines = [f"## {title}", "", f"`{path}`", ""]
    if inspect.isfunction(found) or is_dataclass(found):
        lines += ["```python", f"{title}{_signature(found)}", "```", ""]
    return [*lines, f"::: {path}", ""]


def _signature(function: Callable[..., Any]) -> str:
    """Return the parameters of a function; annotations without quotes, functions by their names."""
    said = str(inspect.signature(function))
    said = re.sub(r"""(: |-> )(['"])(.*?)\2""", r"\1\3", said)
    said = re.sub(r"<function (\w+) at \w+>", r"\1", said)
    said = re.sub(r", (?=(\*|\w+: ))", ",\n    ", said)
    return said.replace("(", "(\n    ", 1).replace(") ->", ",\n) ->")


def _plain(text: str) -> str:
    """Return a text in which nothing is taken for markup."""
    return re.sub(r"([\\`*_<>\[\]|])", r"\\\1", text)


def _cited(text: str) -> str:
    """Return a plain text whose DOIs are links."""
    return re.sub(
        r"doi:(10\.[^\s;,]+)", r"[doi:\1](https://doi.org/\1)", _plain(text).replace("\\_", "_")
    )


def schema() -> Any:
    """Return the file of the schema of `verdicts.json`."""
    return resources.files("errorneurons.predictions") / "templates" / "verdicts.schema.json"
