"""A run as JUnit's XML, which every server of continuous integration reads."""

from __future__ import annotations

from xml.etree import ElementTree

from gnomon_conformance.cases import Status
from gnomon_conformance.runner import Run


def junit_of(run: Run) -> str:
    """Return a ``testsuite`` with one ``testcase`` for each case."""
    skipped = sum(
        each.status in (Status.DECLARED.value, Status.BLOCKED.value) for each in run.outcomes
    )
    suite = ElementTree.Element(
        "testsuite",
        name=f"gnomon conform {run.device}",
        tests=str(len(run.outcomes)),
        failures=str(len(run.failures)),
        skipped=str(skipped),
        time=f"{run.seconds:.3f}",
    )
    for each in run.outcomes:
        place, _, name = each.id.rpartition("/")
        case = ElementTree.SubElement(
            suite, "testcase", classname=place, name=name, time=f"{each.seconds:.4f}"
        )
        if each.status == Status.FAILED.value:
            failure = ElementTree.SubElement(case, "failure", message=_plain(each.detail))
            failure.text = _plain(each.reproducer)
        elif each.status != Status.PASSED.value:
            ElementTree.SubElement(case, "skipped", message=_plain(each.detail))
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def _plain(text: str) -> str:
    """Return ``text`` without what XML has no place for."""
    return "".join(c if c >= " " or c in "\t\n" else "\N{REPLACEMENT CHARACTER}" for c in text)
