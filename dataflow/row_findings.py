"""What is not finite in a run along rows, where values stand as summaries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from dataflow.program.summaries import Summary
from dataflow.sweeps.finite import has_nan, spell

if TYPE_CHECKING:
    from dataflow.program.derived import Question

Found = Mapping[tuple[str, str], Any]


def find_nonfinite_rows(question: Question, found: Found) -> tuple[Mapping[str, Any], ...]:
    """Findings, as data: the first value in the order of the graph that is not finite, and the last such gradient."""
    bad = [name for name in question.outputs if _count_nonfinite(found["value", name])]
    worse = [name for name in question.wrt if _count_nonfinite(found["gradient", name])]
    findings: list[Mapping[str, Any]] = []
    harmed = bad if question.target is None or question.target in bad or worse else []
    if harmed:
        findings.append(_describe(found["value", harmed[0]], harmed[0], "DF0611", "forward", f"`{harmed[0]}`"))
    if worse:
        name = worse[-1]
        findings.append(_describe(found["gradient", name], name, "DF0612", "reverse", f"the gradient of `{name}`"))
    if bad and not harmed:
        message = f"not finite, and nothing takes it: {', '.join(f'`{name}`' for name in bad[:20])}"
        findings.append({"code": "DF0613", "sweep": "forward", "node": bad[0], "nodes": bad, "message": message})
    return tuple(findings)


def _describe(item: Any, name: str, code: str, sweep: str, what: str) -> Mapping[str, Any]:
    summary = item if isinstance(item, Summary) else Summary.of(np.asarray(item))
    shown = spell(float(summary.first if summary.first is not None else 0.0))
    more = f" in {summary.non_finite} of {summary.size} elements" if summary.size > 1 else ""
    return {"code": code, "sweep": sweep, "node": name, "found": shown, "message": f"{what} is {shown}{more}"}


def _count_nonfinite(item: Any) -> int:
    return item.non_finite if isinstance(item, Summary) else Summary.of(np.asarray(item)).non_finite


def may_have_nan(item: Any) -> bool:
    """Whether something is NaN, or may be: a summary of what is not finite does not say."""
    return item.non_finite > 0 if isinstance(item, Summary) else has_nan(item)
