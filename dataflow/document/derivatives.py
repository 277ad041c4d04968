"""The entries of `derivatives` in a document, read and written: the kind is a key, and its value what it is of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dataflow.entries import EMPTY, KINDS, Derivative
from dataflow.errors import KEY, Diagnostic, GraphError


def read_derivative(name: str, entry: Mapping[str, Any]) -> Derivative:
    """What an entry asks for. Raises `GraphError` for one without a kind, or with several.

    >>> read_derivative("greeks", {"jacobian": "price", "wrt": ["spot", "time"]})[:3]
    ('jacobian', ('price',), ('spot', 'time'))
    """
    kinds = [key for key in KINDS if key in entry]
    if len(kinds) != 1:
        raise GraphError(_refuse_kinds(name, kinds))
    kind = kinds[0]
    return Derivative(
        kind,
        _read_names(entry[kind]),
        wrt=_read_names(entry.get("wrt", ())),
        along=entry.get("along", EMPTY),
        cotangent=entry.get("cotangent"),
        sparse=entry.get("sparse"),
        description=entry.get("description", ""),
    )


def _read_names(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _refuse_kinds(name: str, kinds: list[str]) -> Diagnostic:
    if kinds:
        message = f"the derivative `{name}` is of {len(kinds)} kinds: {', '.join(kinds)}"
        return Diagnostic("DF0240", message, ("derivatives", name, kinds[1], KEY), hint="give each a name of its own")
    message = f"the derivative `{name}` does not say what it is"
    hint = "write its kind and what is differentiated, such as {jacobian: [y, z], wrt: x}"
    return Diagnostic("DF0240", message, ("derivatives", name), expected=f"one of {', '.join(KINDS)}", hint=hint)


def spell_derivative(value: Derivative) -> dict[str, Any]:
    """The entry that is read as this derivative.

    >>> spell_derivative(Derivative("jvp", ("y", "z"), along={"x": 1.0}))
    {'jvp': ['y', 'z'], 'along': {'x': 1.0}}
    """
    entry = {
        value.kind: _spell_names(value.of),
        "wrt": _spell_names(value.wrt) if value.wrt else None,
        "along": dict(value.along) or None,
        "cotangent": value.cotangent,
        "sparse": value.sparse,
        "description": value.description or None,
    }
    return {key: item for key, item in entry.items() if item is not None}


def _spell_names(names: tuple[str, ...]) -> str | list[str]:
    return names[0] if len(names) == 1 else list(names)
