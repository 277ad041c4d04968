"""The lecture, J = 3(a + bc) at a = 5, b = 3, c = 2, read off what `explain` says, in every form and language."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from dataflow.cli.table import describe
from dataflow.document import load
from dataflow.errors import UsageError
from dataflow.explanation import explain
from dataflow.explanation.data import as_data
from dataflow.explanation.markdown import write_markdown
from dataflow.explanation.words import LANGUAGES
from tests.explanation.showing import show

LECTURE = load(Path(__file__).parents[2] / "graphs" / "lecture.yaml")
FORWARD = ["u = b · c = 3 · 2 = 6", "v = a + u = 5 + 6 = 11", "J = 3 · v = 3 · 11 = 33"]
DERIVATIVES = [  # as the lecture writes them, in its order
    "dv = dJ/dv = dJ · 3 = 1 · 3 = 3",
    "da = dJ/da = dJ/dv · dv/da = dv · 1 = 3 · 1 = 3",
    "du = dJ/du = dJ/dv · dv/du = dv · 1 = 3 · 1 = 3",
    "db = dJ/db = dJ/du · du/db = du · c = 3 · 2 = 6",
    "dc = dJ/dc = dJ/du · du/dc = du · b = 3 · 3 = 9",
]
WHOLE = """\
lecture: J = 3(a + bc)

Forward, left to right
a = 5
b = 3
c = 2
u = b · c = 3 · 2 = 6
v = a + u = 5 + 6 = 11
J = 3 · v = 3 · 11 = 33

In reverse, right to left: dv is short for dJ/dv
dJ = dJ/dJ = 1

J = 3 · v
dv = dJ/dv = dJ · 3 = 1 · 3 = 3

v = a + u   (dv is computed once and used 2 times)
da = dJ/da = dJ/dv · dv/da = dv · 1 = 3 · 1 = 3
du = dJ/du = dJ/dv · dv/du = dv · 1 = 3 · 1 = 3

u = b · c   (du is computed once and used 2 times)
db = dJ/db = dJ/du · du/db = du · c = 3 · 2 = 6
dc = dJ/dc = dJ/du · du/dc = du · b = 3 · 3 = 9

5 gradients in 5 steps, each of them an upstream gradient times a local slope.
dv and du are computed once and used 2 times each.
Without reuse, each gradient by itself along every path from J, it would be 11 steps: dv 1, da 2, du 2, db 3, dc 3.
"""


def test_the_whole_of_it() -> None:
    assert "\n".join(show(explain(LECTURE))) + "\n" == WHOLE


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_five_derivatives_step_by_step(language: str) -> None:
    lines = show(explain(LECTURE), language)
    assert [line for line in lines if line in FORWARD] == FORWARD
    assert [line for line in lines if re.match(r"d[a-z] = dJ/d", line)] == DERIVATIVES


def test_chinese_says_the_same_of_reuse() -> None:
    lines = show(explain(LECTURE), "zh")
    assert "v = a + u   （dv 只算一次，用了 2 次）" in lines
    assert lines[-2] == "dv、du 都只算一次，各用了 2 次。"
    assert "需要 11 步" in lines[-1]


def test_why_b_is_6() -> None:
    lines = show(explain(LECTURE, node="b"))
    assert [line for line in lines if re.match(r"d[a-z] = dJ/d", line)] == [
        DERIVATIVES[0],
        DERIVATIVES[2],
        DERIVATIVES[3],
    ]
    assert lines[-1] == "db = 6: if b grows by 0.001, J grows by about 0.006."
    assert "dc" not in "\n".join(lines)


@pytest.mark.parametrize("asked", ["b", "db", "dJ/db"])
def test_a_gradient_can_be_asked_for_by_its_own_name(asked: str) -> None:
    assert explain(LECTURE, node=asked).reverse[-1].label == "db"


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(UsageError) as raised:
        explain(LECTURE, node="bb")
    assert raised.value.diagnostics[0].code == "DF0905"


def test_other_values_and_another_target() -> None:
    assert "db = dJ/db = dJ/du · du/db = du · c = 3 · (-1) = -3" in show(explain(LECTURE, {"c": -1}))
    lines = show(explain(LECTURE, target="v"))
    assert "du = dv/du = dv · 1 = 1 · 1 = 1" in lines
    assert "v does not depend on J: the gradient is 0." in lines


def test_json_has_the_derivation_as_data() -> None:
    found: dict[str, Any] = as_data(explain(LECTURE))
    told = {item["gradient"]: item for item in found["reverse"]}
    assert {label: item["value"] for label, item in told.items()} == {
        "dJ": 1.0, "dv": 3.0, "da": 3.0, "du": 3.0, "db": 6.0, "dc": 9.0,
    }  # fmt: skip
    assert told["db"]["uses"] == [
        {"through": ["u"], "formula": "b * c", "expression": "du * c", "numbers": "3.0 * 2.0", "value": 6.0}
    ]
    assert found["counts"] == {
        "gradients": 5, "steps": 5, "steps_without_reuse": 11, "paths": 5, "reused": {"dv": 2, "du": 2}, "reusing": 2,
    }  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
def test_markdown_has_the_same_in_latex(language: str) -> None:
    lines = list(write_markdown(explain(LECTURE), LANGUAGES[language], describe))
    d = r"\dfrac{\partial %s}{\partial %s}".__mod__
    steps = [
        rf"\mathit{{dv}} = {d(('J', 'v'))} = \mathit{{dJ}} \cdot 3 = 1 \cdot 3 = 3",
        *(
            rf"\mathit{{d{name}}} = {d(('J', name))} = {d(('J', above))} \cdot {d((above, name))} = {numbers}"
            for name, above, numbers in [
                ("a", "v", r"\mathit{dv} \cdot 1 = 3 \cdot 1 = 3"),
                ("u", "v", r"\mathit{dv} \cdot 1 = 3 \cdot 1 = 3"),
                ("b", "u", r"\mathit{du} \cdot c = 3 \cdot 2 = 6"),
                ("c", "u", r"\mathit{du} \cdot b = 3 \cdot 3 = 9"),
            ]
        ),
    ]
    assert [line for line in lines if r"\partial J" in line and line.startswith("  - ")] == [
        f"  - ${step}$" for step in steps
    ]
    assert r"- $u = b \cdot c = 3 \cdot 2 = 6$" in lines
