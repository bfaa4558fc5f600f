"""The tables of docs/semantics/dtypes.md are what the code computes."""

from pathlib import Path

import pytest

import gnomon.dtypes as dt

PAGE = Path(__file__).parents[2] / "docs" / "semantics" / "dtypes.md"
SUPERSCRIPTS = {"2³¹": 2**31, "2⁶³": 2**63, "2⁶⁴ − 1": 2**64 - 1}


def number(text: str) -> int:
    sign = -1 if text.startswith("−") else 1
    digits = text.removeprefix("−")
    return sign * (SUPERSCRIPTS[digits] if digits in SUPERSCRIPTS else int(digits))


def test_the_promotion_table() -> None:
    block = PAGE.read_text(encoding="utf-8").split("```")[1]
    header, *rows = (line.split() for line in block.strip().splitlines())
    by_short_name = dict(zip(header, dt.ALL_DTYPES, strict=True))
    for dtype, row in zip(dt.ALL_DTYPES, rows, strict=True):
        assert row[0] == dtype.name
        for other, cell in zip(dt.ALL_DTYPES, row[1:], strict=True):
            if cell == ".":
                with pytest.raises(RuntimeError, match="no common type"):
                    dt.promote_types(dtype, other)
            else:
                assert dt.promote_types(dtype, other) is by_short_name[cell]


def test_the_conversion_table() -> None:
    lines = [
        [field.strip() for field in line.strip("|").split("|")]
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if "bits, signed" in line or "bits, unsigned" in line
    ]
    assert len(lines) == 8
    for name, _, out_of_range, *examples in lines:
        dtype = getattr(dt, name.strip("`"))
        inputs = [-1.5, 300.7, 3e9, 2.0**40 + 3.0]
        assert [dtype.convert(value) for value in inputs] == list(map(number, examples))
        if out_of_range != "see below":
            for value in (float("nan"), float("inf"), float("-inf"), 1e30):
                assert dtype.convert(value) == number(out_of_range)
