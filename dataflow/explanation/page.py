"""An explanation as headings, equations and sentences, in any notation and language."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from dataflow.explanation.expressions import CONSTANT, Call, Expression, Name, find_bracket, list_names
from dataflow.explanation.notation import Notation, is_number
from dataflow.explanation.steps import Explanation, Gradient, Use, Value
from dataflow.explanation.summary import describe_absent, describe_counts, describe_findings
from dataflow.explanation.words import Words
from dataflow.graph import EMPTY

MAX_TERMS = 8  # of a sum


class Title(NamedTuple):
    """What is explained."""

    name: str
    description: str


class Heading(NamedTuple):
    """The beginning of a section."""

    text: str


class Sentence(NamedTuple):
    """Words, at the depth of the equations around them."""

    text: str
    depth: int = 0


class Equation(NamedTuple):
    """What is equal, after an introduction, and remarks about it."""

    sides: Sequence[str]
    depth: int = 0
    introduction: str = ""
    remarks: Sequence[str] = ()


class Gap(NamedTuple):
    """Room between what does not belong together."""


Item = Title | Heading | Sentence | Equation | Gap


def lay_out(explanation: Explanation, notation: Notation, words: Words) -> Iterator[Item]:
    """The explanation, item by item."""
    return _Page(explanation, notation, words).lay_out()


class _Page:
    def __init__(self, explanation: Explanation, notation: Notation, words: Words) -> None:
        self.explanation = explanation
        self.notation = notation
        self.words = words
        self.labels = {item.name: item for item in explanation.reverse}
        self.told: set[str] = set()  # gradients whose reuse is told, and parts of the rules of the block

    def lay_out(self) -> Iterator[Item]:
        told = self.explanation
        if told.name or told.description:
            yield Title(told.name, told.description)
        yield from self._lay_out_forward()
        if told.reverse:
            yield from self._lay_out_reverse()
        sentences = [
            *describe_counts(told, self.notation, self.words),
            *describe_absent(told, self.notation, self.words),
            *describe_findings(told, self.notation, self.words),
        ]
        if sentences:
            yield Gap()
            yield from map(Sentence, sentences)

    # --- the forward sweep ---

    def _lay_out_forward(self) -> Iterator[Item]:
        told, words = self.explanation, self.words
        if not told.forward:
            return
        if told.asked is None or told.target is None:
            yield Heading(words.forward)
        else:
            names = {"name": self._show(told.asked), "target": self._show(told.target)}
            yield Heading(words.forward_to.format(**names) if told.asked != told.target else words.forward)
        yield from self._cut(self._lay_out_values, told.forward, told.forward_head, told.forward_left_out)

    def _cut(
        self, lay_out: Callable[[Sequence[Any]], Iterator[Item]], items: Sequence[Any], head: int, left_out: int
    ) -> Iterator[Item]:
        """Items, with a remark after the first so many if some are left out there."""
        if not left_out:
            yield from lay_out(items)
            return
        yield from lay_out(items[:head])
        yield Gap()
        yield Sentence(self.words.left_out.format(count=f"{left_out:,}"), 1)
        yield Gap()
        yield from lay_out(items[head:])

    def _lay_out_values(self, values: Sequence[Value]) -> Iterator[Item]:
        owner = None
        for value in values:
            if value.owner != owner and value.owner in self.explanation.wholes:
                whole = self.explanation.wholes[value.owner]
                told = self.notation.dots if whole is None else self.notation.expression(whole)
                yield Equation([self.notation.name(value.owner), told], 1)
            owner = value.owner
            depth = 1 + (owner in self.explanation.wholes)
            sides = [] if value.formula is None else self._tell(value.formula, value.value)
            yield Equation([self.notation.name(value.name), *(sides or [self.notation.value(value.value)])], depth)

    def _tell(self, expression: Expression, value: Any, parts: Mapping[str, Any] = EMPTY) -> list[str]:
        """An expression in symbols; in numbers, if it is made of numbers alone and gives one; and its value."""
        names = list_names(expression)
        put = {name: parts[name] if name in parts else self.explanation.numbers.get(name) for name in names}
        sides = [self.notation.expression(expression)]
        if names and all(map(is_number, [*put.values(), value])):
            sides.append(self.notation.expression(expression, put))
        if value is not None:
            sides.append(self.notation.value(value))
        return [side for index, side in enumerate(sides) if not index or side != sides[index - 1]]

    # --- the reverse sweep ---

    def _lay_out_reverse(self) -> Iterator[Item]:
        told, words = self.explanation, self.words
        assert told.target is not None
        if told.asked is not None and told.asked != told.target:
            yield Heading(words.reverse_to.format(name=self._show(told.asked), target=self._show(told.target)))
        elif len(told.reverse) > 1:
            first = told.reverse[1]
            derivative = self.notation.show(self._derivative(first))
            short = words.short.format(label=self._show(first.label), derivative=derivative)
            yield Heading(words.reverse + words.colon + short)
        else:
            yield Heading(words.reverse)
        half = len(told.reverse) // 2
        yield from self._cut(self._lay_out_gradients, told.reverse, half, told.reverse_left_out)

    def _lay_out_gradients(self, gradients: Sequence[Gradient]) -> Iterator[Item]:
        block: tuple[str, ...] | None = None
        for gradient in gradients:
            if not gradient.uses:
                yield self._lay_out_seed(gradient)
                continue
            if len(gradient.uses) > 1 or gradient.left_out:
                block = None
                yield Gap()
                yield from self._lay_out_fan(gradient)
                continue
            use = gradient.uses[0]
            if use.through != block:
                block, self.told = use.through, {item for item in self.told if item[0] in "d["}
                yield Gap()
                yield self._head(use)
            yield from self._lay_out_parts(use)
            sides = [self.notation.name(gradient.label), self._derivative(gradient), *self._trace(gradient, use)]
            yield Equation(sides, 2, remarks=self._list_remarks(gradient.name, use))

    def _lay_out_seed(self, gradient: Gradient) -> Equation:
        remarks = [self.words.seed_given] if self.explanation.given else []
        sides = [self.notation.name(gradient.label), self._derivative(gradient), self.notation.value(gradient.value)]
        return Equation(sides, 1, remarks=remarks)

    def _head(self, use: Use) -> Equation:
        """The node through which gradients come, and whether the gradient above is used again."""
        return Equation(self._equate(use), 1, remarks=list(self._list_reused(use)))

    def _list_reused(self, use: Use) -> Iterator[str]:
        for name in use.upstream:
            gradient = self.labels.get(name)
            if gradient is not None and gradient.used > 1 and gradient.label not in self.told:
                self.told.add(gradient.label)
                yield self.words.reused.format(label=self._show(gradient.label), count=gradient.used)

    def _equate(self, use: Use) -> list[str]:
        return [", ".join(map(self.notation.name, use.through)), self.notation.expression(use.formula)]

    def _lay_out_parts(self, use: Use, depth: int = 2) -> Iterator[Equation]:
        """The parts of the rule that have names, if they are not told already."""
        values = {part.name: part.value for part in use.parts}
        for part in use.parts:
            if part.name in self.told:
                continue
            self.told.add(part.name)
            constant = isinstance(part.expression, Call) and part.expression.op == CONSTANT
            sides = [self.notation.value(part.value)] if constant else self._tell(part.expression, part.value, values)
            remarks = [self.words.constant] if constant else []
            yield Equation([self.notation.name(part.name), *sides], depth, remarks=remarks)

    def _lay_out_fan(self, gradient: Gradient) -> Iterator[Item]:
        """A value that is used several times."""
        words, notation = self.words, self.notation
        count = len(gradient.uses) + gradient.left_out
        yield Sentence(words.several.format(name=self._show(gradient.name), count=f"{count:,}"), 1)
        half = len(gradient.uses) // 2 if gradient.left_out else -1
        terms = []
        for index, use in enumerate(gradient.uses):
            if index == half:
                yield Sentence(words.uses_left_out.format(count=f"{gradient.left_out:,}"), 2)
            self.told = {item for item in self.told if item[0] in "d["}
            yield from self._lay_out_path(gradient, use)
            terms.append(notation.value(0 if use.value is None else use.value))
        scalar = is_number(gradient.value)
        if gradient.left_out or len(terms) > MAX_TERMS:
            terms[MAX_TERMS // 2 : -MAX_TERMS // 2] = [notation.dots]
        added = notation.total(terms) if scalar else notation.say(words.adding)
        sides = [notation.name(gradient.label), self._derivative(gradient), added, notation.value(gradient.value)]
        yield Equation(sides, 2)

    def _lay_out_path(self, gradient: Gradient, use: Use) -> Iterator[Item]:
        """What comes back along one use of several; under a line of its own, if the rule is told in parts."""
        words, notation = self.words, self.notation
        through = notation.show(notation.equals.join(self._equate(use)))
        if use.operand:
            through = words.operand.format(formula=through, number=use.operand)
        through = words.through.format(formula=through) + words.colon
        sides, remarks = self._trace(gradient, use), self._list_remarks(gradient.name, use)
        if not use.parts:
            yield Equation(sides, 2, through, remarks)
            return
        yield Sentence(through.rstrip(), 2)
        yield from self._lay_out_parts(use, 3)
        yield Equation(sides, 3, remarks=remarks)

    def _derivative(self, gradient: Gradient) -> str:
        assert self.explanation.target is not None
        return self.notation.derivative(self.explanation.target, gradient.name)

    def _trace(self, gradient: Gradient, use: Use) -> list[str]:
        """What comes back along one use: the chain rule, the rule in symbols, in numbers, and the value."""
        notation, target = self.notation, self.explanation.target
        sides: list[str] = []
        scalar = is_number(gradient.value) and all(is_number(self.explanation.numbers[name]) for name in use.through)
        if (scalar or use.expression is None) and use.upstream != (target,):
            terms = [
                notation.product([notation.derivative(str(target), name), notation.derivative(name, gradient.name)])
                for name in use.upstream
            ]
            sides.append(notation.total(terms))
        value = 0.0 if use.value is None else use.value
        if use.opaque is not None:
            return [*sides, notation.value(value)]
        values = {part.name: part.value for part in use.parts}
        return sides + self._tell(self._spell_out(use, scalar=scalar), value, values)

    def _spell_out(self, use: Use, *, scalar: bool) -> Expression:
        """What a rule makes; a gradient that is passed on as it is has the local slope 1."""
        found = use.expression
        return Call("multiply", (found, 1)) if scalar and isinstance(found, Name) and not use.parts else found

    def _list_remarks(self, name: str, use: Use) -> list[str]:
        """What is to be said of a step: decisions, what is not taken, what adds up, what cannot be followed."""
        words, notation = self.words, self.notation
        remarks = []
        if (bracket := find_bracket(use.expression)) is not None and "[]" not in self.told:
            self.told.add("[]")
            remarks.append(words.bracket.format(bracket=notation.show(f"[{notation.expression(bracket)}]")))
        if use.cases:
            shown = [
                text.format(condition=notation.show(notation.expression(condition)))
                for condition, holds in use.cases
                for text in (words.holds if holds else words.holds_not,)
            ]
            remarks.append(words.since.format(cases=words.conjunction.join(shown)))
        count, size = use.missing
        if use.value is None or (count and count == size):
            remarks.append(words.nothing)
        elif count:
            remarks.append(words.missing.format(count=f"{count:,}", size=f"{size:,}"))
        if use.copies > 1:
            text = words.copies_of_one if is_number(use.value) else words.copies
            remarks.append(text.format(name=self._show(name), count=f"{use.copies:,}"))
        if use.opaque is not None:
            remarks.append(words.opaque.format(operator=f"`{use.formula.op}`", reason=notation.quote(use.opaque)))
        return remarks

    def _show(self, name: str) -> str:
        return self.notation.show(self.notation.name(name))
