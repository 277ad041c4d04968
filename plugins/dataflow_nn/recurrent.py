"""One step of recurrent networks. Argument words, layout and the order of the gates: PyTorch's."""

from __future__ import annotations

from collections.abc import Sequence
from math import log
from typing import Any

from dataflow.operators import Operator

REFERENCES = "dataflow_nn.kernels.recurrent_references"
LAYOUT = (
    "x is [..., inputs], the states [..., units]; weight_ih is [{gates} * units, inputs], weight_hh [{gates} * units, "
    "units], and the biases, which may be left out, [{gates} * units]: the {gates} gates one after the other."
)


def operators() -> list[Operator]:
    """Every operator of this module."""
    return _cells()


def _check_shapes(xp: Any, gates: int, x: Any, states: dict[str, Any], weights: dict[str, Any]) -> None:
    """Raise `ValueError` for what does not fit."""
    if not xp.ndim(x):
        raise ValueError("x is one number, and needs an axis of inputs")
    *lead, inputs = xp.shape(x)
    first = next(iter(states.values()))
    if not xp.ndim(first):
        raise ValueError("h is one number, and needs an axis of units")
    units: int = xp.shape(first)[-1]
    rows = gates * units
    expected: dict[str, list[int]] = {name: [*lead, units] for name in states}
    expected |= {"weight_ih": [rows, inputs], "weight_hh": [rows, units], "bias_ih": [rows], "bias_hh": [rows]}
    for name, item in {**states, **weights}.items():
        if item is not None and list(xp.shape(item)) != expected[name]:
            from dataflow.shapes import match_shapes

            needed = f"with x of shape {list(xp.shape(x))} and {units} units it needs {expected[name]}"
            message = f"{name} has the shape {list(xp.shape(item))}: {needed}"
            match_shapes(tuple(xp.shape(item)), tuple(expected[name]), message)


def _lstm_cell(
    xp: Any, x: Any, h: Any, c: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any = None, bias_hh: Any = None
) -> tuple[Any, Any]:
    weights = {"weight_ih": weight_ih, "weight_hh": weight_hh, "bias_ih": bias_ih, "bias_hh": bias_hh}
    _check_shapes(xp, 4, x, {"h": h, "c": c}, weights)
    gates = xp.linear(x, weight_ih, bias_ih) + xp.linear(h, weight_hh, bias_hh)
    write, forget, new, read = xp.split(gates, sections=4, axis=-1)
    cell = xp.sigmoid(forget) * c + xp.sigmoid(write) * xp.tanh(new)
    return xp.sigmoid(read) * xp.tanh(cell), cell


def _gru_cell(xp: Any, x: Any, h: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any = None, bias_hh: Any = None) -> Any:
    weights = {"weight_ih": weight_ih, "weight_hh": weight_hh, "bias_ih": bias_ih, "bias_hh": bias_hh}
    _check_shapes(xp, 3, x, {"h": h}, weights)
    given = xp.split(xp.linear(x, weight_ih, bias_ih), sections=3, axis=-1)
    kept = xp.split(xp.linear(h, weight_hh, bias_hh), sections=3, axis=-1)
    reset, update = (xp.sigmoid(given[place] + kept[place]) for place in (0, 1))
    new = xp.tanh(given[2] + reset * kept[2])
    return new + update * (h - new)


def _cell_examples(gates: int, states: int) -> Any:
    cases: list[tuple[tuple[int, ...], int, int, int]] = [
        ((2,), 3, 2, 2), ((), 2, 3, 2), ((2, 2), 1, 2, 1), ((3,), 2, 1, 0), ((1,), 1, 1, 2), ((0,), 2, 2, 2),
    ]  # fmt: skip

    def examples(rng: Any) -> Sequence[Any]:
        found: list[Any] = []
        for lead, inputs, units, biases in cases:
            rows = gates * units
            shapes = [(*lead, inputs), *[(*lead, units)] * states, (rows, inputs), (rows, units), *[(rows,)] * biases]
            found.append((tuple(rng.normal(size=shape) for shape in shapes), {}))
        return found

    return examples


def _cells() -> list[Operator]:
    ln3 = log(3.0)
    none: list[list[float]] = [[0.0]] * 4
    return [
        Operator("lstm_cell",
                 "c' = s(f) * c + s(i) * tanh(g), h' = s(o) * tanh(c'); i, f, g, o = the parts of weight_ih @ x + "
                 "bias_ih + weight_hh @ h + bias_hh, s = sigmoid",
                 forward=_lstm_cell, outputs=("h", "c"), examples=_cell_examples(4, 2),
                 reference=f"{REFERENCES}:lstm_cell",
                 description=f"{LAYOUT.format(gates=4)} Their order is input, forget, cell, output.",
                 source="Hochreiter and Schmidhuber, Long short-term memory (1997); Gers, Schmidhuber and Cummins, "
                        "Learning to forget (2000)",
                 special=[(([1.0], [0.0], [0.0], none, none), ([0.0], [0.0]),
                           ([0.0], [0.0], [0.75], [[0.0], [0.0], [0.75], [0.0]], none))]),
        Operator("gru_cell",
                 "h' = (1 - s(z)) * n + s(z) * h; r, z of weight_ih @ x + bias_ih + weight_hh @ h + bias_hh, "
                 "n = tanh(n of weight_ih @ x + bias_ih + s(r) * n of weight_hh @ h + bias_hh), s = sigmoid",
                 forward=_gru_cell, examples=_cell_examples(3, 1), reference=f"{REFERENCES}:gru_cell",
                 description=f"{LAYOUT.format(gates=3)} Their order is reset, update, new.",
                 source="Cho et al., Learning phrase representations using RNN encoder-decoder (2014), "
                        "https://arxiv.org/abs/1406.1078; the reset after the product as in cuDNN",
                 special=[(([ln3], [4.0], [[0.0], [1.0], [0.0]], [[0.0]] * 3), [3.0],
                           ([0.75], [0.75], [[0.0], [0.75 * ln3], [0.25 * ln3]], [[0.0], [3.0], [0.5]]))]),
    ]  # fmt: skip
