"""Every record says in words what it means, to ``help()`` and to docs/operations.md."""

from __future__ import annotations

import pydoc
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from inspect import getdoc
from pathlib import Path
from types import ModuleType

import gnomon
from gnomon.op.elementwise import Binary, Unary
from gnomon.op.record import NumericRecord, Record

ROOT = Path(__file__).parent.parent


def load(script: Path) -> ModuleType:
    loader = SourceFileLoader(script.name, str(script))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


LISTING = load(ROOT / "scripts" / "list_operations")
RECORDS = [record for _, found in LISTING.records() for record in found]


def test_the_page_is_what_the_records_say() -> None:
    committed = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    assert committed == LISTING.page(), "Run scripts/list_operations and commit the page."


def test_the_manual_leads_to_the_page() -> None:
    assert "(operations.md)" in (ROOT / "docs" / "index.md").read_text(encoding="utf-8")


def test_all_families_are_listed() -> None:
    families = {type(record).__name__ for record in RECORDS}
    assert families == {
        "Binary",
        "Combination",
        "Composite",
        "Quaternary",
        "RandomSource",
        "Reduction",
        "Scan",
        "Source",
        "Ternary",
        "Unary",
    }
    assert len(RECORDS) > 180


def test_every_record_has_a_definition_that_is_one_phrase() -> None:
    wrong = [
        record.name
        for record in RECORDS
        for text in (record.definition, *filter(None, [record.special_cases]))
        if not text or text.endswith((".", ";", ",")) or "\n" in text or "  " in text
    ]
    assert wrong == []


def test_every_dtype_rule_is_said_in_words() -> None:
    silent = [
        each.name for each in RECORDS if isinstance(each, NumericRecord) and not each.dtypes()
    ]
    assert silent == []


def test_definitions_name_only_operands_there_are() -> None:
    """An operand that the signature lacks is a definition gone wrong."""
    wrong = []
    for record in RECORDS:
        operands = set(record.signature().parameters)
        words = set(record.definition.replace("(", " ").replace(",", " ").split())
        if isinstance(record, Unary | Binary):
            wrong += [(record.name, word) for word in {"third", "fourth"} & words - operands]
        if isinstance(record, Unary) and "other" in words:
            wrong.append((record.name, "other"))
    assert wrong == []


def test_help_shows_a_record_and_not_its_family() -> None:
    text = pydoc.plain(pydoc.render_doc(gnomon.sin))
    assert "sin(input, *, out=None)" in text
    assert "The sine of the input, an angle in radians. NaN at infinities." in text
    assert "Dtypes: floats as they are; bool and integers in the default dtype." in text
    assert "Tolerance: within 4 ULP of float32 and float64, 2 of float16 and bfloat16." in text
    assert "Differentiable: input." in text
    assert "dataclass" not in text and "kw_only" not in text


def test_the_families_keep_their_own_docstrings() -> None:
    assert (getdoc(Unary) or "").startswith("An operation of one input, such as ``sin``.")
    assert Unary.__doc__ != gnomon.sin.__doc__
    assert gnomon.sin.__doc__ != gnomon.cos.__doc__


def test_records_answer_to_their_names_as_functions_do() -> None:
    assert gnomon.sin.__name__ == "sin"
    assert gnomon.sin_.__name__ == "sin_"
    assert repr(gnomon.hypot) == "<Binary hypot>"
    assert "Replace each element of input by the sine" in (gnomon.sin_.__doc__ or "")


def test_every_record_can_describe_itself() -> None:
    for record in RECORDS:
        lines = record.describe().split("\n")
        assert lines[0].startswith(f"{record.name}(")
        assert any(line.startswith("Differentiable: ") for line in lines)


def test_public_records_are_in_the_table() -> None:
    public = {
        value.name
        for value in map(gnomon.__dict__.get, dir(gnomon))
        if isinstance(value, Record)
    }
    assert public <= {record.name for record in RECORDS}
    assert {"sin", "mul", "maximum", "gcd"} <= public
