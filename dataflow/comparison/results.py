"""Two results compared: how each value and each gradient moved, in the order of the document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from dataflow.comparison.numbers import Movement, compare_values
from dataflow.graph import EMPTY, HIDDEN

if TYPE_CHECKING:
    from dataflow.result import Result


class Moved(NamedTuple):
    """A name of both results with its value and its gradient, None where gradients are not compared."""

    name: str
    old_name: str
    value: Movement
    gradient: Movement | None = None
    label: str | None = None  # of what has no name of its own

    @property
    def changed(self) -> bool:
        """Whether the value or the gradient differs."""
        return self.value.changed or (self.gradient is not None and self.gradient.changed)

    def as_data(self) -> dict[str, Any]:
        """What is known, as a mapping that JSON can hold."""
        data: dict[str, Any] = {"name": self.name, "old_name": self.old_name}
        data |= {} if self.label is None else {"label": self.label}
        return data | {
            "value": self.value.as_data(), "gradient": None if self.gradient is None else self.gradient.as_data(),
        }  # fmt: skip


class ResultComparison(NamedTuple):
    """How two results differ. `added` and `removed` are names of one result alone, `notes` what else differs."""

    targets: tuple[str | None, str | None]
    moved: tuple[Moved, ...]
    products: tuple[Moved, ...] = ()  # blocks of derivatives beside the gradient, as values
    added: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    findings: tuple[Mapping[str, Any], ...] = ()  # of the new result, about what the old one does not find

    @property
    def changed(self) -> tuple[Moved, ...]:
        """What differs."""
        return tuple(item for item in (*self.moved, *self.products) if item.changed)

    @property
    def retyped(self) -> Mapping[tuple[str, str], Sequence[str]]:
        """The names whose dtype is another, by the old and the new one."""
        found: dict[tuple[str, str], list[str]] = {}
        for item in self.moved:
            if (dtypes := item.value.dtypes) is not None:
                found.setdefault(dtypes, []).append(item.label or item.name)
        return found

    @property
    def lost(self) -> tuple[str, ...]:
        """What was finite and is not.

        >>> ResultComparison(("J", "J"), (Moved("x", "x", Movement(), Movement(True, lost_count=1)),)).lost
        ('the gradient of `x`',)
        """
        return tuple(self._list_lost())

    def _list_lost(self) -> Iterator[str]:
        for item in (*self.moved, *self.products):
            shown = item.label or f"`{item.name}`"
            if item.value.lost_count:
                yield shown
            if item.gradient is not None and item.gradient.lost_count:
                yield f"the gradient of {shown}"

    def as_data(self, *, everything: bool = False) -> dict[str, Any]:
        """What differs, or all that was compared, as a mapping that JSON can hold."""
        counts = {"values": len(self.moved), "changed_values": sum(item.value.changed for item in self.moved)}
        gradients = [item.gradient for item in self.moved if item.gradient is not None]
        chosen, products = (
            [item for item in items if everything or item.changed or item.value.dtypes is not None]
            for items in (self.moved, self.products)
        )
        counts |= {"gradients": len(gradients), "changed_gradients": sum(item.changed for item in gradients)}
        return {
            "targets": list(self.targets), **counts,
            "added": list(self.added), "removed": list(self.removed), "no_longer_finite": list(self.lost),
            "notes": list(self.notes), "findings": [dict(item) for item in self.findings],
            "names": [item.as_data() for item in chosen],
            "derivatives": [item.as_data() for item in products],
        }  # fmt: skip


def compare_results(old: Result, new: Result, renames: Mapping[str, str] = EMPTY) -> ResultComparison:
    """How the values and gradients of what both results name differ. `renames` gives new names by old ones.

    Gradients are compared if both results have a target; a part of an expression only if it is the same one.
    """
    back = {second: first for first, second in renames.items()}
    pairs = [
        (name, first)
        for name in new.values
        if (first := back.get(name, name)) in old.values
        and (HIDDEN not in name or _read_label(old, first) == _read_label(new, name))
    ]
    both = old.target is not None and new.target is not None
    known = {first for _, first in pairs} | {name for name in old.values if HIDDEN in name}
    shared = {name for name, _ in pairs}
    return ResultComparison(
        (old.target, new.target),
        tuple(_compare_name(old, new, first, name, gradients=both) for name, first in pairs),
        tuple(_compare_products(old, new, back)),
        tuple(name for name in new.values if name not in shared and HIDDEN not in name),
        tuple(name for name in old.values if name not in known),
        tuple(_list_notes(old, new, renames)),
        tuple(_list_findings(old, new, back)),
    )


def _compare_name(old: Result, new: Result, first: str, name: str, *, gradients: bool) -> Moved:
    types = old.types[first], new.types[name]
    gradient = compare_values(old.gradients.get(first), new.gradients.get(name), types) if gradients else None
    value = compare_values(old.values[first], new.values[name], types)
    return Moved(name, first, value, gradient, _read_label(new, name))


def _compare_products(old: Result, new: Result, back: Mapping[str, str]) -> Iterator[Moved]:
    if not old.derivatives or not new.derivatives:
        return
    from dataflow.comparison.products import compare_blocks, pair_blocks

    for name, first, second in pair_blocks(old.derivatives, new.derivatives, back):
        movement = compare_blocks(old.derivatives[name].blocks[first], new.derivatives[name].blocks[second])
        yield Moved(show_block(name, second), show_block(name, first), movement)


def show_block(name: str, key: tuple[str, str]) -> str:
    """What a block of a derivative is called.

    >>> show_block("greeks", ("price", "spot")), show_block("slope", ("", "x"))
    ('greeks[price, spot]', 'slope[x]')
    """
    return f"{name}[{', '.join(filter(None, key))}]"


def _read_label(result: Result, name: str) -> str | None:
    """The part of an expression that a hidden node is."""
    label = (result.labels or EMPTY).get(name)
    return None if label is None else f"{label['owner']}: `{label['text']}`"


def _list_notes(old: Result, new: Result, renames: Mapping[str, str]) -> Iterator[str]:
    """What else differs that values and gradients come from."""
    if (old.target is None) != (new.target is None):
        yield f"no gradients are compared: the {'old' if old.target is None else 'new'} one has no target"
    elif old.target is not None and renames.get(old.target, old.target) != new.target:
        yield f"the gradients are of two targets: of `{old.target}` and of `{new.target}`"
    if compare_values(old.cotangent, new.cotangent, (_type_of(old.cotangent), _type_of(new.cotangent))).changed:
        yield "the reverse sweeps began with two cotangents"
    for name, product in new.derivatives.items():
        if name in old.derivatives and old.derivatives[name].kind != product.kind:
            yield f"the derivative `{name}` is another: a {old.derivatives[name].kind}, now a {product.kind}"
    for file in old.data:
        if new.data.get(file, old.data[file]) != old.data[file]:
            yield f"the data file `{file}` has other content"
    for what in {**old.versions, **new.versions}:
        versions = old.versions.get(what), new.versions.get(what)
        if None not in versions and versions[0] != versions[1]:
            yield f"{what} is of another version: {versions[0]}, now {versions[1]}"
    if old.processor != new.processor:
        yield f"the processor is of another kind: {old.processor}, now {new.processor}"


def _type_of(value: Any) -> tuple[str, tuple[int, ...]]:
    return (value.dtype.name, value.shape) if hasattr(value, "dtype") else ("float64", ())


def _list_findings(old: Result, new: Result, back: Mapping[str, str]) -> Iterator[Mapping[str, Any]]:
    """What the new result finds not to be finite and the old one does not."""
    known = {(finding["code"], finding["node"]) for finding in old.findings}
    for finding in new.findings:
        if (finding["code"], back.get(finding["node"], finding["node"])) not in known:
            yield finding
