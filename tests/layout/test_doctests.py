"""The examples in the layout modules hold."""

import doctest
import importlib
import pkgutil

import pytest

import gnomon.layout

MODULES = [module.name for module in pkgutil.iter_modules(gnomon.layout.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module = importlib.import_module(f"gnomon.layout.{name}")
    outcome = doctest.testmod(module)
    assert outcome.attempted > 0
    assert outcome.failed == 0
