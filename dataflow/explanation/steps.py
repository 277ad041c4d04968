"""The derivation behind the gradients of a graph, as plain data: what it says is for `text` and `markdown` to say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from dataflow.explanation.expressions import Call, Expression
from dataflow.shapes import ArrayType


class Value(NamedTuple):
    """A step of the forward sweep, or a value that is given.

    name:       under which it is shown: that of the node, or `s1`, `s2`, ... for a part of an expression.
    node:       its name in the graph.
    owner:      the node to whose expression a part belongs; its own name otherwise.
    formula:    the operation that makes it, None for what is given.
    """

    name: str
    node: str
    owner: str
    formula: Call | None
    value: Any
    type: ArrayType


class Part(NamedTuple):
    """A part of a long backward rule under a name of its own; `value` is None where it was not computed here."""

    name: str
    expression: Expression
    value: Any = None


class Case(NamedTuple):
    """A condition on numbers by which a rule is decided, and whether it holds."""

    condition: Expression
    holds: bool


class Use(NamedTuple):
    """A use of a value by a node, and what comes back along it: one backward rule, followed on symbols.

    through:    the node, or its several results, as they are shown, and `formula`, what it computes.
    operand:    which of its operands the value is, counted from 1, if it is several of them; else 0.
    upstream:   the values whose gradients the rule begins with: the node's own, or those of its several results.
    expression: what the rule makes of them; None for an opaque rule, about which `opaque` says why.
    parts:      the parts under names of their own that the expression needs, in their order.
    cases:      what holds of the numbers, where the rule asks for it.
    value:      what the engine computed, summed back to the shape of the value; None: nothing comes back.
    missing:    how many elements the node did not take, of how many.
    copies:     how often each element is used, where the value is broadcast against others.
    """

    through: tuple[str, ...]
    formula: Call
    operand: int
    upstream: tuple[str, ...]
    expression: Expression
    parts: tuple[Part, ...]
    cases: tuple[Case, ...]
    value: Any
    missing: tuple[int, int] = (0, 1)
    opaque: str | None = None
    copies: int = 1


class Gradient(NamedTuple):
    """The gradient of a value: the sum of what comes back along its uses. That of the target has none.

    label:   what it is called, `dv`.
    uses:    in the order in which the engine adds them up; `left_out` more are not listed, after the first half.
    used:    how many steps begin with this gradient.
    """

    name: str
    node: str
    label: str
    uses: tuple[Use, ...]
    left_out: int
    used: int
    value: Any
    type: ArrayType


class Counts(NamedTuple):
    """How much work the sweep is, and what it would be without reuse.

    gradients: how many gradients there are beside that of the target.
    steps:     how many uses there are on the way to the target: each is one step, an upstream gradient carried
               through one backward rule.
    paths:     how many paths lead from the target to the values whose gradients are asked for.
    alone:     how many steps it were if each of these gradients were computed by itself, along each of its paths.
    each:      the same for each of them, if they are few.
    reused:    by name of a gradient that is used more than once how often; the first few of `reusing`.
    """

    gradients: int
    steps: int
    paths: Any
    alone: Any
    each: Mapping[str, Any]
    reused: Mapping[str, int]
    reusing: int


class Absent(NamedTuple):
    """A value that the sweep does not come to, and why: its gradient is 0, or it has none.

    reason: "unreached": the target does not depend on it; "blocked": only through what has no derivative;
            "dtype": of integers or booleans; "data": from a file; "fixed": said not to be differentiable;
            "constant": nothing differentiable reaches it.
    """

    name: str
    reason: str
    dtype: str


class Explanation(NamedTuple):
    """The derivation behind the gradients of a graph, or of one value: what `dataflow explain` tells.

    asked:    the value whose gradient is explained, as it is shown; None: all of them.
    forward:  values in the order in which they are known, with those that they use and that are not on the way;
              after the first `forward_head` of them so many are left out.
    wholes:   by name of a node that has parts its whole expression, unless it is very long.
    reverse:  gradients in the order in which they are known; so many are left out after the first half.
    numbers:  by name, as shown, the values and gradients that expressions mention.
    given:    whether the cotangent of the target was given.
    unproved: operators whose rules nobody has proved.
    """

    name: str
    description: str
    digest: str
    target: str | None
    asked: str | None
    forward: tuple[Value, ...]
    forward_head: int
    forward_left_out: int
    wholes: Mapping[str, Expression]
    reverse: tuple[Gradient, ...]
    reverse_left_out: int
    counts: Counts | None
    absent: tuple[Absent, ...]
    findings: tuple[Mapping[str, Any], ...]
    numbers: Mapping[str, Any]
    given: bool
    unproved: tuple[str, ...]
