"""What tests of explanations share: an explanation as lines, and what an expression in one amounts to."""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Mapping
from typing import Any

from dataflow.arrays import numpy_arrays
from dataflow.cli.table import describe
from dataflow.document import loads
from dataflow.explanation import Explanation, explain
from dataflow.explanation.expressions import CONSTANT, KEPT, OUTPUT, Call, Expression, Name, fold
from dataflow.explanation.steps import Use
from dataflow.explanation.text import write_text
from dataflow.explanation.words import LANGUAGES
from dataflow.library import Library
from dataflow.registry import Operators
from dataflow.sweeps.arrays import quiet


def show(explanation: Explanation, language: str = "en") -> list[str]:
    """The lines of an explanation, without their indentation."""
    return [line.strip() for line in write_text(explanation, LANGUAGES[language], describe)]


def show_text(text: str, node: str | None = None, **given: Any) -> list[str]:
    """The lines of the explanation of a graph."""
    return show(explain(loads(text), node=node, **given))


def compute(use: Use, numbers: Mapping[str, Any], operators: Operators) -> Any:
    """What the expression of a use amounts to, computed apart from the engine's sweep."""
    known = ChainMap[str, Any]({}, numbers)  # type: ignore[arg-type]
    for part in use.parts:
        constant = isinstance(part.expression, Call) and part.expression.op == CONSTANT
        known[part.name] = part.value if constant else _compute(part.expression, known, operators)
    return _compute(use.expression, known, operators)


def _compute(expression: Expression, known: Mapping[str, Any], operators: Operators) -> Any:
    xp = Library(operators, numpy_arrays)

    def leaf(item: Any) -> Any:
        return known[item.text] if isinstance(item, Name) else item

    def call(item: Call, operands: Any) -> Any:
        if item.op == OUTPUT:
            return operands[0][item.attributes["index"]]
        with quiet():
            return operators["where" if item.op == KEPT else item.op].forward(xp, *operands, **item.attributes)

    return fold(expression, leaf, call)
