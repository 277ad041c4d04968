"""Input that looks wrong and is right has the value that it says."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from dataflow.cli import main
from dataflow.result import Result

SMALL = "dataflow: 1\ninputs: {a: 1}\nnodes: {J: 2 * a}\ntarget: J\n"


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


VALUES = """\
dataflow: 1
name: values
inputs:
  a: 1e-3
  b: .5
  c: 5.
  d: -0.0
  e: 0x1F
  f: 0o17
  g: +3
  h: 1E+2
  i: .inf
  j: -.INF
  k: .nan
  l: 123456789012345678901234567890
  m: {value: true, dtype: bool}
  n: {value: -128, dtype: int8}
  o: []
  p: [[], []]
  q: [.inf, 1e-320]
  r: Infinity
  no: 1
  on: 2
  y: 3
  off: 4
  yes: 5
  _: 6
  é: 7
  数: 8
  null_: 9
nodes:
  s: no + on + y + off + yes + _ + é + 数
  t: 0x10 + 1_000 + .5 + 5. + 1e-3
  u: -0.0
  v: 1e-320
  w: .inf
  x: "-inf"
"""


def test_valid_but_strange(tmp_path: Path) -> None:
    (tmp_path / "graph.yaml").write_text(VALUES)
    assert main(["exec", "graph.yaml"]) == 0
    values = Result.load(tmp_path / "values.result.json").values
    expected = {
        "a": 0.001, "b": 0.5, "c": 5.0, "d": -0.0, "e": 31, "f": 15, "g": 3, "h": 100, "i": math.inf, "j": -math.inf,
        "l": 123456789012345678901234567890.0, "n": -128, "r": math.inf,
        "s": 36, "t": 16 + 1000 + 0.5 + 5 + 0.001, "u": -0.0, "v": 1e-320, "w": math.inf, "x": -math.inf,
    }  # fmt: skip
    for name, number in expected.items():
        assert float(values[name]) == number, name
        assert math.copysign(1, float(values[name])) == math.copysign(1, number), name
    assert math.isnan(values["k"])
    assert values["m"]
    assert (values["o"].shape, values["p"].shape, values["q"].tolist()) == ((0,), (2, 0), [math.inf, 1e-320])


def test_byte_order_mark_and_line_ends_of_windows(tmp_path: Path) -> None:
    (tmp_path / "graph.yaml").write_bytes(b"\xef\xbb\xbf" + SMALL.replace("\n", "\r\n").encode())
    assert main(["exec", "graph.yaml"]) == 0
    assert Result.load(tmp_path / "graph.result.json").gradients["a"] == 2
