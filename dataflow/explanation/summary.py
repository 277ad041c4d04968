"""The sentences below a derivation: what was counted, what a gradient means, and what has none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from dataflow.explanation.notation import Notation, is_number
from dataflow.explanation.steps import Counts, Explanation
from dataflow.explanation.words import Words

if TYPE_CHECKING:
    from dataflow.explanation.steps import Gradient

MAX_NAMES = 10
NUDGE = 0.001


def describe_counts(told: Explanation, notation: Notation, words: Words) -> Iterator[str]:
    """How many steps there are and would be, and for one value what its gradient means."""
    counts = told.counts
    if told.target is None:
        yield words.no_target + words.stop
    if counts is None or not told.reverse:
        return
    if told.asked is None:
        if counts.steps:
            yield from _describe_all(told.target or "", counts, notation, words)
        return
    gradient = told.reverse[-1]
    if counts.paths != 1:
        names = {"name": _show(gradient.name, notation), "target": _show(told.target or "", notation)}
        paths, steps = _number(counts.paths, words), _count(counts.alone, words.step, words)
        yield words.paths.format(count=paths, steps=steps, **names) + words.stop
    if gradient.uses and not told.given:
        yield from _describe_nudge(told, gradient, notation, words)


def _describe_all(target: str, counts: Counts, notation: Notation, words: Words) -> Iterator[str]:
    gradients = _count(counts.gradients, words.gradient, words)
    steps = _count(counts.steps, words.step, words)
    yield words.gradients.format(gradients=gradients, steps=steps) + words.stop
    if counts.reused:
        yield _describe_reused(counts, notation, words) + words.stop
    if counts.alone != counts.steps:
        alone = words.alone.format(target=_show(target, notation), steps=_count(counts.alone, words.step, words))
        each = [
            words.times.format(label=_show(label, notation), count=_number(number, words))
            for label, number in counts.each.items()
        ]
        yield alone + (words.colon + words.separator.join(each) if each else "") + words.stop


def _describe_reused(counts: Counts, notation: Notation, words: Words) -> str:
    labels = [_show(label, notation) for label in counts.reused]
    times = list(counts.reused.values())
    if len(labels) == 1:
        return words.one_used.format(labels=labels[0], count=times[0])
    more = counts.reusing - len(labels)
    if not more and len(set(times)) == 1:
        listed = words.separator.join(labels[:-1]) + words.conjunction + labels[-1]
        return words.each_used.format(labels=listed, count=times[0])
    listed = words.separator.join([
        *(words.times.format(label=label, count=count) for label, count in zip(labels, times, strict=True)),
        *([words.more_labels.format(count=f"{more:,}")] if more else []),
    ])  # fmt: skip
    return words.differently_used.format(labels=listed)


def _describe_nudge(told: Explanation, gradient: Gradient, notation: Notation, words: Words) -> Iterator[str]:
    """What the gradient of a number says."""
    value = gradient.value
    if not is_number(value) or value - value != 0:
        return
    texts = {
        "label": _show(gradient.label, notation), "name": _show(gradient.name, notation),
        "target": _show(told.target or "", notation), "gradient": notation.show(notation.value(value)),
        "change": notation.show(notation.value(abs(float(value)) * NUDGE)),
    }  # fmt: skip
    text = words.nudge_up if value > 0 else words.nudge_down if value < 0 else words.nudge_none
    yield text.format(**texts) + words.stop


def describe_absent(told: Explanation, notation: Notation, words: Words) -> Iterator[str]:
    """What does not stand among the gradients, and why."""
    reasons = {
        "unreached": words.unreached, "blocked": words.blocked, "dtype": words.dtype, "data": words.data,
        "fixed": words.fixed, "constant": words.constant_node,
    }  # fmt: skip
    target = _show(told.target or "", notation)
    for reason, text in reasons.items():
        names = [_show(item.name, notation) for item in told.absent if item.reason == reason]
        if names:
            yield text.format(target=target, names=_list(names, words)) + words.stop


def _list(names: Sequence[str], words: Words) -> str:
    more = len(names) - MAX_NAMES
    listed = [*names[:MAX_NAMES], *([words.more_labels.format(count=f"{more:,}")] if more > 0 else [])]
    return words.separator.join(listed)


def describe_findings(told: Explanation, notation: Notation, words: Words) -> Iterator[str]:
    """What is not finite and what is not proved, as `dataflow exec` says it."""
    for finding in told.findings:
        severity = "note" if finding["code"] == "DF0613" else "warning"
        yield f"{severity}[{finding['code']}]: {notation.quote(finding['message'])}"
    if told.unproved:
        yield words.unproved.format(names=", ".join(map(notation.quote, told.unproved)))


def _show(name: str, notation: Notation) -> str:
    return notation.show(notation.name(name))


def _number(count: int | str, words: Words) -> str:
    return f"{count:,}" if isinstance(count, int) else words.about.format(count=count)


def _count(count: int | str, forms: tuple[str, str], words: Words) -> str:
    return forms[count != 1].format(count=_number(count, words))
