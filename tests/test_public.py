"""The public names of the package: added to, never changed."""

from __future__ import annotations

import importlib
import inspect
import subprocess
import sys

import pytest

import dataflow

PUBLIC = [
    "AlongRows", "Compiled", "DataError", "DataflowError", "Derivative", "Diagnostic", "Graph", "GraphError",
    "Input", "Interval", "Node", "Operator", "OperatorError", "Operators", "PluginError", "ResourceError",
    "Result", "StrictError", "UsageError", "compile", "derive", "dump", "execute", "hookimpl", "load", "loads",
    "standard", "trace", "write_gradient",
]  # fmt: skip


def test_public_names_are_pinned() -> None:
    assert dataflow.__all__ == PUBLIC
    assert dir(dataflow) == sorted([*PUBLIC, "__version__"])


@pytest.mark.parametrize("name", PUBLIC)
def test_every_public_name_is_there_and_documented(name: str) -> None:
    value = getattr(dataflow, name)
    assert value is getattr(dataflow, name)
    if inspect.isclass(value) or inspect.isfunction(value):
        assert value.__module__.startswith("dataflow.")
        assert value.__name__ == name
        assert inspect.getdoc(value)


def test_a_star_import_gives_the_public_names() -> None:
    names: dict[str, object] = {}
    exec("from dataflow import *", names)
    assert set(PUBLIC) <= names.keys()


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'dataflow' has no attribute 'exectue'"):
        dataflow.exectue  # noqa: B018
    with pytest.raises(ImportError):
        exec("from dataflow import exectue")


def test_the_version_is_one() -> None:
    assert [part.isdigit() for part in dataflow.__version__.split(".")] == [True] * 3


def test_exceptions_form_one_tree_with_the_documented_exit_codes() -> None:
    codes = {"GraphError": 1, "DataError": 1, "UsageError": 2, "OperatorError": 3, "StrictError": 3,
             "ResourceError": 4, "PluginError": 4}  # fmt: skip
    for name, code in codes.items():
        kind = getattr(dataflow, name)
        assert issubclass(kind, dataflow.DataflowError)
        assert kind.exit_code == code


def test_importing_the_package_imports_none_of_its_parts() -> None:
    code = "import sys, dataflow; print(sorted(name for name in sys.modules if name.startswith('dataflow')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "['dataflow']"


def test_every_part_states_what_it_is() -> None:
    for name in PUBLIC:
        home = importlib.import_module(getattr(dataflow, name).__module__)
        assert home.__doc__ or home.__name__ == "dataflow.hookspecs" or name == "hookimpl"
