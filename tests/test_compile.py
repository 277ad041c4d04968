"""Compiled graphs give what `execute` gives."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dataflow
from dataflow.compilation.arrays import ArrayFunction, Specialised
from dataflow.errors import DataError, GraphError, ResourceError, UsageError
from dataflow.operators import Operator

GALLERY = sorted((Path(__file__).parent.parent / "graphs").glob("*.yaml"))
ROWS = 70_000  # some blocks of every length


def assert_as_executed(graph: dataflow.Graph, inputs: dict[str, Any], *, exact: bool = False, **options: Any) -> None:
    """Values and gradients of all that has a name, compiled and executed."""
    result = dataflow.execute(graph, inputs)
    found = dataflow.compile(graph, outputs=list(graph.names()), **options)(inputs)
    tolerance = 0.0 if exact else 1e-11 if graph.dtype == "float64" else 3e-5
    for name, value in found.values.items():
        np.testing.assert_allclose(value, result.values[name], rtol=tolerance, atol=tolerance * 10, err_msg=name)
        assert np.asarray(value).dtype == np.asarray(result.values[name]).dtype
    for name, gradient in found.gradients.items():
        expected = np.broadcast_to(result.gradients[name], np.shape(gradient))
        np.testing.assert_allclose(gradient, expected, rtol=tolerance * 30, atol=tolerance * 30, err_msg=name)


def specialised_of(compiled: dataflow.Compiled) -> Specialised:
    """The program that was made for the last types of values."""
    function = compiled._function
    assert isinstance(function, ArrayFunction)
    found = list(function._specialised.values())[-1]
    assert found is not None
    return found


@pytest.mark.parametrize("path", GALLERY, ids=lambda path: path.stem)
def test_the_gallery_to_the_last_bit(path: Path) -> None:
    assert_as_executed(dataflow.load(path), {}, exact=True)


def draw(*shape: int, seed: int = 0, dtype: str = "float64") -> Any:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


ALONG_ROWS = {
    "loss": ("X: {shape: [rows, 5]}, y: {shape: [rows]}, w: {shape: [5]}",
             "z: X @ w, J: mean(softplus(z) - y * z)", 1),
    "two passes": ("X: {shape: [rows, 5]}, w: {shape: [5]}", "z: X @ w, J: log(mean(exp(z)))", 2),
    "standardised": ("X: {shape: [rows, 5]}, w: {shape: [5]}",
                     "m: 'mean(X, axis=0)', s: 'std(X, axis=0)', J: 'sum(tanh((X - m) / s @ w) * X[:, 0])'", None),
    "softmax over rows": ("x: {shape: [rows]}, y: {shape: [rows]}", "p: 'softmax(x, axis=0)', J: sum(p * y)", None),
    "normalised batch": ("X: {shape: [rows, 4, 3]}, g: {shape: [4]}, h: {shape: [4]}",
                         "n: 'batch_norm(X, g, h)', J: sum(n ** 3)", None),
    "extremes": ("x: {shape: [rows, 3]}", "a: 'max(x, axis=0)', b: min(x), J: sum(a) * b", 3),
    "columns": ("x: {shape: [3, rows]}", "a: 'sum(x * x, axis=1)', b: 'sum(x, axis=0)', J: 'sum(a) + sum(exp(-b * b))'",
                1),
    "mixing": ("x: {shape: [rows]}", "c: cumulative_sum(x), t: tanh(c), J: mean(t * x)", None),
    "lookup": ("i: {shape: [rows], dtype: int64}, t: {shape: [7, 3]}", "e: 'take(t, i, axis=0)', J: sum(e ** 2)", 1),
    "merged axes": ("x: {shape: [rows, 2, 3]}, w: {shape: [4, 3]}", "h: 'linear(x, w)', J: 'sum(relu(h) ** 2)'", 1),
    "attention": ("q: {shape: [rows, 2, 4, 3]}, k: {shape: [rows, 2, 4, 3]}",
                  "a: 'scaled_dot_product_attention(q, k, k)', J: sum(a * q)", 1),
    "convolution": ("x: {shape: [rows, 1, 5, 5]}, w: {shape: [2, 1, 3, 3]}",
                    "c: 'max_pool(relu(conv(x, w)), kernel_size=3)', J: sum(c)", 1),
    "classes": ("X: {shape: [rows, 4]}, y: {shape: [rows], dtype: int64}, W: {shape: [7, 4]}",
                "s: 'linear(X, W)', J: 'cross_entropy(s, y)'", 1),
    "numbers of rows": ("x: {shape: [rows]}", "J: sum(x) / rows + 1 / rows", 1),
    "selected": ("x: {shape: [rows]}, y: {shape: [rows]}",
                 "l: 'where(x > 0, log(x), y)', J: 'sum(where(y > 0, l, 0))'", 1),
}  # fmt: skip


def make_inputs(declared: str, rows: int) -> dict[str, Any]:
    """Values for inputs that are declared as above."""
    graph = dataflow.loads(f"{{dataflow: 1, inputs: {{{declared}}}, nodes: {{}}}}")
    found: dict[str, Any] = {}
    for index, (name, entry) in enumerate(graph.inputs.items()):
        shape = [rows if size == "rows" else int(size) for size in entry.shape or ()]
        integers = entry.dtype == "int64"
        found[name] = np.random.default_rng(index).integers(0, 7, shape) if integers else draw(*shape, seed=index)
    return found


@pytest.mark.parametrize("name", ALONG_ROWS)
def test_blocks_of_rows_give_what_whole_values_give(name: str) -> None:
    declared, nodes, passes = ALONG_ROWS[name]
    rows = 5000 if "x: {shape: [rows, 1" in declared or "q:" in declared else ROWS
    inputs = make_inputs(declared, rows)
    graph = dataflow.loads(f"{{dataflow: 1, inputs: {{{declared}}}, nodes: {{{nodes}}}, target: J}}")
    assert_as_executed(graph, inputs, workers=2)
    compiled = dataflow.compile(graph, outputs=["J"])
    compiled(inputs)
    specialised = specialised_of(compiled)
    assert specialised.blocked
    if passes is not None:
        assert sum(bool(item.plan.nodes) for item in specialised.program.passes) == passes
    assert bool(specialised.program.lowered.mixing) == (name == "mixing")


def test_float32_stays_float32() -> None:
    text = "{dataflow: 1, dtype: float32, inputs: {x: {shape: [rows, 3]}}, nodes: {y: exp(-x ** 2) / 3, J: mean(y)}, "
    assert_as_executed(dataflow.loads(text + "target: J}"), {"x": draw(ROWS, 3, dtype="float32")})


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(0, 11), min_size=2, max_size=14), st.integers(0, 1000), st.booleans())
def test_random_programs(choices: list[int], seed: int, reduced: bool) -> None:
    """Nodes on rows, on sums over rows and on both, in blocks and whole."""
    forms = (
        "{a} * {b}", "{a} + {b}", "tanh({a})", "{a} - mean({b}, axis=0)", "exp(-{a} ** 2)", "softmax({a}, axis=-1)",
        "maximum({a}, {b})", "{a} @ w", "where({a} > {b}, {a}, 0)", "{a} / (1 + sum({b} ** 2, axis=0))",
        "softmax({a}, axis=0)", "relu({a})",
    )  # fmt: skip
    rng = np.random.default_rng(seed)
    names = ["x", "y"]
    lines = []
    for index, choice in enumerate(choices):
        a, b = rng.choice(names, 2)
        lines.append(f"n{index}: '{forms[choice].format(a=a, b=b)}'")
        names.append(f"n{index}")
    total = f"mean({names[-1]})" if reduced else f"sum({names[-1]} * y)"
    declared = "x: {shape: [rows, 3]}, y: {shape: [rows, 3]}, w: {shape: [3, 3]}"
    text = f"{{dataflow: 1, inputs: {{{declared}}}, nodes: {{{', '.join(lines)}, J: '{total}'}}, target: J}}"
    inputs = {"x": draw(9001, 3, seed=1), "y": draw(9001, 3, seed=2), "w": draw(3, 3, seed=3) / 2}
    assert_as_executed(dataflow.loads(text), inputs)


def test_what_is_not_taken_has_no_gradient() -> None:
    """A gradient that comes out NaN is computed once more, with masks."""
    text = ("{dataflow: 1, inputs: {x: {shape: [rows]}}, "
            "nodes: {l: 'where(x > 0, x, 1)', s: 'where(x > 0, sqrt(x) * log(x), 0)', J: sum(s * l)}, target: J}"
            )  # fmt: skip
    x = np.abs(draw(ROWS))
    x[::7] = 0
    found = dataflow.compile(dataflow.loads(text))({"x": x})
    assert np.isfinite(found.gradients["x"]).all()
    assert_as_executed(dataflow.loads(text), {"x": x})


def test_constants_and_data_may_be_bound_once() -> None:
    graph = dataflow.loads(
        "{dataflow: 1, inputs: {X: {shape: [rows, 3]}, w: {shape: [3]}}, nodes: {J: sum(X @ w)}, target: J}"
    )
    X = draw(ROWS, 3)
    run = dataflow.compile(graph, inputs={"X": X}, wrt="w")
    for seed in range(3):
        found = run({"w": draw(3, seed=seed)})
        np.testing.assert_allclose(found.gradients["w"], X.sum(axis=0), rtol=1e-10)
    assert run({"w": np.ones(3), "X": 2 * X}).gradients["w"] == pytest.approx(2 * X.sum(axis=0))


def test_results_are_the_callers_own() -> None:
    graph = dataflow.loads("{dataflow: 1, inputs: {x: {shape: [rows]}}, nodes: {y: 2 * x, J: sum(y)}, target: J}")
    run = dataflow.compile(graph, outputs=["x", "y"])
    x = draw(ROWS)
    first = run({"x": x})
    second = run({"x": 3 * x})
    assert np.array_equal(first.values["y"], 2 * x)
    assert np.array_equal(second.values["y"], 6 * x)
    first.values["x"][:] = 0
    assert x.any()


def test_threads_may_call_the_same_function() -> None:
    graph = dataflow.loads("{dataflow: 1, inputs: {x: {shape: [rows]}}, nodes: {y: exp(x), J: mean(y)}, target: J}")
    run = dataflow.compile(graph, outputs=["y"], workers=1)
    run({"x": draw(ROWS)})
    found: dict[int, Any] = {}

    def work(seed: int) -> None:
        for _ in range(5):
            found[seed] = run({"x": draw(ROWS, seed=seed)}).values["y"]

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for seed, value in found.items():
        assert np.array_equal(value, np.exp(draw(ROWS, seed=seed)))


def test_a_rule_that_no_program_can_hold_is_swept() -> None:
    def forward(xp: Any, x: Any) -> Any:
        return np.sort(x)

    odd = Operator("odd", "z = x in order", forward=forward, backward={"x": lambda xp, g, z, x: g * np.sign(x)})
    operators = dataflow.standard().replaced(odd)
    text = "{dataflow: 1, inputs: {x: [3, 1, -2]}, nodes: {y: odd(x), J: sum(y * y)}, target: J}"
    graph = dataflow.loads(text, operators=operators)
    found = dataflow.compile(graph, outputs=["y"])()
    assert found.values["y"].tolist() == [-2.0, 1.0, 3.0]
    assert found.gradients["x"].tolist() == [-4.0, 2.0, -6.0]
    assert "whole values" in dataflow.compile(graph).explain()[0]


def test_a_wrong_statement_about_types_is_noticed() -> None:
    """An operator whose shape rule lies is swept, where its value has the shape that it has."""
    lying = Operator("lying", "z = x twice", forward=lambda xp, x: xp.lying(x), kernels={"numpy": "numpy:tile"},
                     backward={"x": None}, shape=lambda x: x)  # fmt: skip
    doubled = lying.replaced(kernels={"numpy": lambda x: np.concatenate([x, x])})
    operators = dataflow.standard().replaced(doubled)
    graph = dataflow.loads("{dataflow: 1, inputs: {x: [1, 2]}, nodes: {y: lying(x)}}", operators=operators)
    assert dataflow.compile(graph, outputs=["y"])().values["y"].tolist() == [1.0, 2.0, 1.0, 2.0]


def chain(length: int) -> str:
    nodes = ", ".join(f"n{index}: sin(a * {f'n{index - 1}' if index else 'x'})" for index in range(length))
    nodes += f", J: sum(n{length - 1} ** 2)"
    return f"{{dataflow: 1, inputs: {{x: {{shape: [n]}}, a: 0.9}}, nodes: {{{nodes}}}, target: J}}"


def test_a_chain_in_little_memory() -> None:
    """With a limit of some square root of its length a chain takes at most one more forward sweep."""
    length, size = 100, 8 * 5000
    graph = dataflow.loads(chain(length))
    x = draw(5000)
    plain = dataflow.compile(graph)
    expected = plain({"x": x})
    limit = 45 * size
    limited = dataflow.compile(graph, memory_limit=limit)
    found = limited({"x": x})
    for name, gradient in expected.gradients.items():
        assert np.array_equal(found.gradients[name], gradient)
    before, after = (len(specialised_of(run).program.lowered.nodes) for run in (plain, limited))
    assert before < after <= before + 2 * length
    buffers = [item for bound in specialised_of(limited).program.between for item in bound.filled.values()]
    bases = {id(item.base if item.base is not None else item): item for item in buffers if hasattr(item, "base")}
    assert sum(item.nbytes for item in bases.values()) <= limit
    with pytest.raises(ResourceError, match="DF0821"):
        dataflow.compile(graph, memory_limit=10 * size)({"x": x})


def test_refusals() -> None:
    graph = dataflow.loads("{dataflow: 1, inputs: {x: {shape: [rows, 3]}, k: 2}, nodes: {y: sum(x) * k}}")
    with pytest.raises(UsageError, match="DF0905"):
        dataflow.compile(graph, outputs="z")
    with pytest.raises(UsageError, match="DF1003"):
        dataflow.compile(graph, wrt="k")
    wrong: Any
    for wrong in (3, [3], ["x", 3]):
        with pytest.raises(UsageError, match=r"DF0905.*`3` is not a value"):
            dataflow.compile(graph, wrt=wrong)
        with pytest.raises(UsageError, match=r"DF0905.*`3`, asked for alone, is not a value"):
            dataflow.execute(graph, only=wrong)
    for name in ("wrt", "outputs"):
        wrong = {name: [["x"]]}
        with pytest.raises(UsageError, match=r"DF0905.*`\['x'\]` is not a value"):
            dataflow.compile(graph, **wrong)
    for wrong in (None, 5, [1], "x"):
        words = "DF0901.*`inputs` is a mapping of values by name"
        with pytest.raises(UsageError, match=words):
            dataflow.compile(graph, inputs=wrong)
        with pytest.raises(UsageError, match=words):
            dataflow.execute(graph, wrong)
        with pytest.raises(UsageError, match=words):
            dataflow.compile(graph)(wrong)
        with pytest.raises(UsageError, match=words):
            dataflow.compile(graph).explain(wrong)
    for name, wrong in {"operators": {}, "along_rows": 5, "derivatives": 5}.items():
        asked: Any = {name: wrong}
        with pytest.raises(UsageError, match=f"DF0901.*`{name}` is "):
            dataflow.execute(graph, **asked)
    wrong = "graph.yaml"
    with pytest.raises(UsageError, match=r"DF0901.*`graph` is a graph, such as `dataflow\.load` reads"):
        dataflow.compile(wrong)
    for wrong in (0, -1, "2", 2.5, True, [2]):
        with pytest.raises(UsageError, match=r"DF0901.*`workers` is a number of cores or an executor"):
            dataflow.compile(graph, workers=wrong)
        with pytest.raises(UsageError, match=r"DF0901.*`workers` is a number of cores or an executor"):
            dataflow.execute(graph, {"x": np.ones((4, 3))}, along_rows=dataflow.AlongRows(workers=wrong))
    for wrong in (0, "2GB", 1e9):
        with pytest.raises(UsageError, match=r"DF0901.*`memory_limit` is a number of bytes"):
            dataflow.compile(graph, memory_limit=wrong)
        with pytest.raises(UsageError, match=r"DF0901.*`memory_limit` is a number of bytes"):
            dataflow.execute(graph, {"x": np.ones((4, 3))}, memory_limit=wrong)
    cores: Any = np.int64(2)
    run = dataflow.compile(graph, outputs="y", workers=cores)
    with pytest.raises(DataError, match="DF0513"):
        run()
    with pytest.raises(DataError, match="DF0503"):
        run({"x": np.ones((4, 2))})
    with pytest.raises(UsageError, match="DF0904"):
        run({"x": np.ones((4, 3)), "z": 1})
    with pytest.raises(GraphError, match="DF0233"):
        dataflow.compile(graph, target="x", wrt="x")({"x": np.ones((4, 3))})
    scalar = dataflow.compile(dataflow.loads("{dataflow: 1, inputs: {x: {shape: []}}, nodes: {y: x * x}, target: y}"))
    with pytest.raises(DataError, match="DF0513"):
        scalar()
    with pytest.raises(UsageError, match="DF0904"):
        scalar({"q": 1.0})
    assert scalar({"x": 3}).gradients == {"x": 6.0}


def test_only_values() -> None:
    graph = dataflow.loads("{dataflow: 1, inputs: {x: {shape: [rows]}}, nodes: {y: x * 2}}")
    run = dataflow.compile(graph)
    assert set(run({"x": [1, 2]}).values) == {"x", "y"}
    assert run({"x": [1, 2]}).gradients == {}


@pytest.mark.parametrize("rows", [0, 1, 2, 2048, 2049, 65_536, 65_537])
def test_any_number_of_rows(rows: int) -> None:
    graph = dataflow.loads("{dataflow: 1, inputs: {x: {shape: [rows]}}, nodes: {y: exp(x), J: sum(y)}, target: J}")
    assert_as_executed(graph, {"x": draw(rows)})


def test_what_a_kernel_raises_is_told_with_its_node() -> None:
    declared = "{w: {shape: [3]}, i: {shape: [rows], dtype: int64}}"
    text = f"{{dataflow: 1, inputs: {declared}, nodes: {{y: 'take(w, i)', J: sum(y)}}}}"
    inputs = {"w": np.arange(3.0), "i": np.ones(5000, dtype=np.int64)}
    run = dataflow.compile(dataflow.loads(text), outputs=["J"])
    assert run(inputs).values["J"] == 5000
    inputs["i"][4000] = 7
    with pytest.raises(dataflow.DataflowError, match="`take` cannot be applied: index 7"):
        run(inputs)
    inputs["i"][4000] = 1
    assert run(inputs).values["J"] == 5000


@pytest.mark.parametrize(
    ("declared", "nodes"),
    [
        ("x: {shape: [rows]}, m: {shape: [rows], dtype: bool}", "y: 'boolean_mask(x, m)', J: sum(y)"),
        ("x: {shape: [rows, 3]}", "y: trace(x), J: y"),
        ("x: {shape: [rows]}", "y: 'x[1:4]', J: sum(y)"),
        ("x: {shape: [rows]}", "y: median(x), J: y"),
        ("x: {shape: [rows]}, w: {shape: [5000]}", "J: sum(x * w)"),
    ],
)
def test_lengths_that_must_be_known_run_on_whole_values(declared: str, nodes: str) -> None:
    graph = dataflow.loads(f"{{dataflow: 1, inputs: {{{declared}}}, nodes: {{{nodes}}}, target: J}}")
    inputs: dict[str, Any] = {"x": draw(5000) if "rows]" in declared.split("}")[0] else draw(5000, 3)}
    if "m:" in declared:
        inputs["m"] = draw(5000, seed=3) > 0
    if "w:" in declared:
        inputs["w"] = draw(5000, seed=3)
    assert_as_executed(graph, inputs)


ROWS_OF_X = "{dataflow: 1, inputs: {x: {shape: [rows]}}"


def test_a_name_that_is_not_there_is_refused() -> None:
    run = dataflow.compile(dataflow.loads(f"{ROWS_OF_X}, nodes: {{J: sum(x)}}, target: J}}"))
    with pytest.raises(dataflow.UsageError, match="`y`"):
        run({"x": draw(5), "y": draw(5)})


def test_all_values_that_are_missing_are_named() -> None:
    text = "{dataflow: 1, inputs: {x: {shape: [rows]}, y: {shape: [rows]}}, nodes: {J: sum(x * y)}, target: J}"
    with pytest.raises(dataflow.DataflowError) as caught:
        dataflow.compile(dataflow.loads(text))({})
    assert "`x` has no value" in str(caught.value)
    assert "`y` has no value" in str(caught.value)


@pytest.mark.parametrize("rows", [3, 1500])
def test_threads_do_not_share_what_a_program_computes(rows: int) -> None:
    graph = dataflow.loads(f"{ROWS_OF_X}, nodes: {{y: exp(x), J: sum(y * y)}}, target: J}}")
    run = dataflow.compile(graph, workers=1)
    inputs = [draw(rows, seed=seed) for seed in range(4)]
    expected = [run({"x": x}).gradients["x"] for x in inputs]
    wrong: list[int] = []

    def work(index: int) -> None:
        for _ in range(200):
            if not np.array_equal(run({"x": inputs[index]}).gradients["x"], expected[index]):
                wrong.append(index)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no timers")
def test_an_interrupted_call_changes_no_later_one() -> None:
    chain = ", ".join(f"h{i}: tanh(h{i - 1} * a + {i})" for i in range(1, 30))
    graph = dataflow.loads(
        "{dataflow: 1, inputs: {x: {shape: [rows]}}, parameters: {a: 0.5}, "
        f"nodes: {{h0: x * a, {chain}, J: mean(h29 ** 2)}}, target: J}}"
    )
    x = draw(200_000)
    run = dataflow.compile(graph, wrt=["a"], inputs={"x": x}, workers=2)
    expected = [run({"a": a}).gradients["a"] for a in (0.2, 0.3, 0.4)]

    def repeat() -> None:
        while True:
            run({"a": 0.9})

    before = signal.signal(signal.SIGALRM, signal.default_int_handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.02)
        with pytest.raises(KeyboardInterrupt):
            repeat()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert [run({"a": a}).gradients["a"] for a in (0.2, 0.3, 0.4)] == expected


@pytest.mark.parametrize("rows", [3, 5000])
@pytest.mark.parametrize("dtype", ["int64", "int32", "uint8"])
def test_a_composite_is_taken_apart_and_shares_its_parts(rows: int, dtype: str) -> None:
    declared = f"s: {{shape: [rows, 4]}}, t: {{shape: [rows], dtype: {dtype}}}"
    graph = dataflow.loads(f"{{dataflow: 1, inputs: {{{declared}}}, nodes: {{J: 'cross_entropy(s, t)'}}, target: J}}")
    inputs = {"s": draw(rows, 4), "t": (np.arange(rows) % 4).astype(dtype)}
    assert_as_executed(graph, inputs)
    run = dataflow.compile(graph)
    run(inputs)
    nodes = specialised_of(run).program.lowered.nodes.values()
    operators = [node.op for node in nodes]
    assert operators.count("log_softmax") == 1
    assert "cross_entropy" not in operators
    for wrong in (4, *([-1] if dtype != "uint8" else [])):
        inputs["t"][-1] = wrong
        with pytest.raises(dataflow.DataflowError, match=f"`cross_entropy` cannot be applied: index {wrong} "):
            run(inputs)


@pytest.mark.parametrize("rows", [3, 70_000])
def test_two_names_of_one_value_are_two_arrays(rows: int) -> None:
    nodes = "u: exp(x), v: u, s: 'u[::2]', J: sum(u)"
    graph = dataflow.loads(f"{{dataflow: 1, inputs: {{x: {{shape: [rows]}}}}, nodes: {{{nodes}}}, target: J}}")
    x = draw(rows)
    found = dataflow.compile(graph, outputs=["u", "v", "s", "x"], inputs={"x": x}, workers=2)()
    arrays = [*found.values.values(), *found.gradients.values(), x]
    for index, one in enumerate(arrays):
        assert one.flags.writeable
        assert not any(np.shares_memory(one, other) for other in arrays[:index])
    assert np.array_equal(found.values["u"], found.values["v"])
