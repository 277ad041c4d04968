"""What starting imports. A command that answers in a blink stays so only if nothing heavy slips in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ARRAYS = {  # imported for a graph of arrays alone
    "dataflow.arrays.aligned", "dataflow.arrays.numpy_arrays", "dataflow.arrays.numpy_checked",
    "dataflow.arrays.numpy_short",
    "dataflow.compilation.arrays", "dataflow.row_data", "dataflow.row_findings", "dataflow.row_runs",
    "dataflow.row_sinks", "dataflow.sweeps.arrays", "dataflow.sweeps.grouping", "dataflow.sweeps.groups",
    "dataflow.sweeps.conversion", "dataflow.sweeps.masks", "dataflow.sweeps.pullback",
}  # fmt: skip
HEAVY = ("numpy", "scipy", "pandas", "pyarrow", "safetensors", "jsonschema", "rich", "importlib.metadata")


def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    places = [str(ROOT), str(ROOT / "plugins"), os.environ.get("PYTHONPATH", "")]
    return subprocess.run(
        [sys.executable, "-X", "importtime", *arguments],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, places))},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
    )


def imported(process: subprocess.CompletedProcess[str]) -> set[str]:
    """The modules in what ``-X importtime`` writes: ``import time: <own us> | <with its imports> | <name>``."""
    lines = process.stderr.splitlines()
    return {line.rpartition("|")[2].strip() for line in lines if line.startswith("import time:")}


def heavy(process: subprocess.CompletedProcess[str]) -> list[str]:
    """What is heavy among the imports, but for what any Python in this environment imports when it starts."""
    names = imported(process) - imported(run_python("-c", "pass"))
    return sorted(name for name in names if any(name == module or name.startswith(module + ".") for module in HEAVY))


@pytest.mark.parametrize("module", HEAVY[:2] + HEAVY[-1:])
def test_a_heavy_import_would_be_seen(module: str) -> None:
    assert module in heavy(run_python("-c", f"import {module}"))


def test_a_scalar_graph_runs_without_heavy_imports() -> None:
    process = run_python("-m", "dataflow", "exec", str(ROOT / "graphs" / "lecture.yaml"), "-o", "-")
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout)["gradients"]["b"] == 6
    assert "dataflow.cli" in imported(process)
    assert heavy(process) == []


def test_no_module_imports_what_is_heavy() -> None:
    """Each module of dataflow and of its own plugins imports such things in the function that needs them."""
    places = (ROOT, ROOT / "plugins")
    files = [(place, path) for place in places for path in place.glob("dataflow*/**/*.py") if path.stem != "__main__"]
    names = {".".join(path.relative_to(place).with_suffix("").parts) for place, path in files}
    arrays = {
        name for name in names if ".kernels." in name or name.startswith(
            ("dataflow.proof.", "dataflow.derivatives", "dataflow.program", "dataflow.data.streams_"))
    }  # fmt: skip
    modules = sorted({name.removesuffix(".__init__") for name in names - arrays} - ARRAYS)
    assert {"dataflow.cli", "dataflow_std", "dataflow_nn"} <= set(modules)
    process = run_python("-c", "\n".join(f"import {module}" for module in modules))
    assert process.returncode == 0, process.stderr
    assert set(modules) <= imported(process)
    assert heavy(process) == []
