"""A graph is frozen data with one order of its nodes, and says where it goes round in circles."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow.errors import Diagnostic, GraphError
from dataflow.graph import Graph, Input, Node, owner_of, sort_nodes, without_nonfinite
from dataflow.order import MAX_CYCLES


def graph_of(**needs: str) -> Graph:
    """A graph of nodes that need others: ``graph_of(a="b c", b="")``."""
    return Graph(inputs={"x": 1.0}, nodes={name: Node("add", tuple(text.split())) for name, text in needs.items()})


LECTURE = Graph(
    inputs={"a": 5, "b": 3, "c": 2},
    nodes={"u": Node("multiply", ("b", "c")), "v": Node("add", ("a", "u")), "J": Node("multiply", (3, "v"))},
    target="J",
)


def test_graph_is_frozen() -> None:
    with pytest.raises(AttributeError, match=r"replace\(target=\.\.\.\)"):
        LECTURE.target = "u"
    for mapping in (LECTURE.inputs, LECTURE.parameters, LECTURE.nodes, LECTURE.requires):
        with pytest.raises(TypeError):
            mapping["z"] = 1  # type: ignore[index]
    with pytest.raises(AttributeError):
        LECTURE.nodes["u"].op = "add"  # type: ignore[misc]


def test_graph_keeps_no_hold_on_what_it_was_made_from() -> None:
    values, nodes = {"x": [1, 2]}, {"y": Node("exp", ("x",))}
    graph = Graph(inputs=values, nodes=nodes)
    digest = graph.digest
    values["x"].append(3)
    nodes["z"] = Node("exp", ("y",))
    assert (graph.digest, list(graph.nodes)) == (digest, ["y"])


def test_replace() -> None:
    other = LECTURE.replace(target="u", name="other")
    assert (other.target, other.name, LECTURE.target, LECTURE.name) == ("u", "other", "J", "")
    assert other.replace(target="J", name="") == LECTURE
    assert LECTURE.replace(nodes={}).order == ()
    with pytest.raises(TypeError):
        LECTURE.replace(colour="red")


def test_equality() -> None:
    same = LECTURE.replace(description="said otherwise", source="elsewhere")
    assert same == LECTURE
    assert hash(same) == hash(LECTURE)
    assert same.digest == LECTURE.digest
    assert Graph(inputs={"a": 5}) == Graph(inputs={"a": 5.0}) == Graph(inputs={"a": Input(5, description="five")})
    assert Graph(inputs={"a": math.nan}) == Graph(inputs={"a": "NaN"})
    different: list[Any] = [
        LECTURE.replace(target=None), LECTURE.replace(dtype="float32"), LECTURE.replace(inputs={"a": 5, "b": 3}),
        LECTURE.replace(nodes=dict(reversed(list(LECTURE.nodes.items())))), Graph(), "a text", None,
    ]  # fmt: skip
    assert all(other != LECTURE for other in different)
    assert Graph(nodes={"u": Node("sum", ("x",), {"axis": 1})}) != Graph(
        nodes={"u": Node("sum", ("x",), {"axis": True})}
    )
    assert Graph(inputs={"a": 0.0}) != Graph(inputs={"a": -0.0})


@pytest.mark.parametrize(
    ("given", "held"),
    [
        (5, 5.0), ([1, [2, 3]], (1.0, (2.0, 3.0))), (Input(5, dtype="int64"), 5),
        (Input([True], dtype="bool"), (True,)),
        ("NaN", "nan"), ("-Infinity", -math.inf), (2**2000, 2**2000), (True, True), ("text", "text"),
    ],
)  # fmt: skip
def test_values_of_inputs(given: Any, held: Any) -> None:
    value = Graph(inputs={"a": given}).inputs["a"].value
    assert (repr(value) if held == "nan" else value) == held
    assert type(value) is type(held) or held == "nan"


def test_names() -> None:
    nodes = {
        "J#1": Node("exp", ("a",)),
        "J": Node("add", ("J#1", "w")),
        "s": Node("unstack", ("J",), outputs=("p", "q")),
    }
    graph = Graph(inputs={"a": 1}, parameters={"w": 2}, nodes=nodes)
    assert list(graph.names()) == ["a", "w", "J", "p", "q"]
    assert list(graph.names(hidden=True)) == ["a", "w", "J#1", "J", "p", "q"]
    assert graph.producers() == {"p": "s", "q": "s"}
    assert list(graph.given) == ["a", "w"]
    assert (owner_of("J#12"), owner_of("J")) == ("J", "J")
    assert repr(graph) == "<Graph 1 inputs, 1 parameters, 3 nodes>"


def test_numbers_that_json_cannot_hold() -> None:
    assert without_nonfinite({"a": [1, (math.nan, -math.inf)], "b": "x"}) == {"a": [1, ["NaN", "-Infinity"]], "b": "x"}


@pytest.mark.parametrize(
    ("needs", "order"),
    [
        ({"b": "a", "a": "x"}, "a b"),
        ({"c": "x", "b": "x", "a": "x"}, "c b a"),
        ({"d": "b c", "a": "x", "c": "x", "b": "c"}, "c b d a"),
        ({"d": "c b", "b": "x", "c": "x"}, "c b d"),
        ({"b": "a a", "a": "x x"}, "a b"),
    ],
)
def test_order(needs: dict[str, str], order: str) -> None:
    graph = graph_of(**needs)
    assert sort_nodes(graph) == order.split()
    assert list(graph.order) == order.split()


def sort_slowly(graph: Graph) -> list[str]:
    """Each node in the order of the document, after what it needs in the order in which it is needed."""
    order: list[str] = []

    def place(name: str) -> None:
        if name in graph.nodes and name not in order:
            for operand in graph.nodes[name].inputs:
                place(str(operand))
            order.append(name)

    for name in graph.nodes:
        place(name)
    return order


@given(st.integers(1, 30).flatmap(lambda count: st.tuples(
    st.permutations(range(count)), st.lists(st.lists(st.integers(0, count), max_size=4), min_size=count, max_size=count)
)))  # fmt: skip
def test_order_is_that_of_a_slow_twin(case: tuple[list[int], list[list[int]]]) -> None:
    ranks, wishes = case
    # a node needs only those of lower rank: no cycles
    nodes = {
        f"n{index}": Node("add", tuple(f"n{other}" for other in wanted if other < len(ranks) and ranks[other] < rank))
        for index, (rank, wanted) in enumerate(zip(ranks, wishes, strict=True))
    }
    graph = Graph(nodes=nodes)
    order = sort_nodes(graph)
    assert order == sort_slowly(graph)
    places = {name: place for place, name in enumerate(order)}
    assert sorted(order) == sorted(nodes)
    assert all(places[str(item)] < places[name] for name, node in nodes.items() for item in node.inputs)


@pytest.mark.parametrize("backwards", [False, True])
def test_long_chain(backwards: bool) -> None:
    size = 200_000
    names = [f"n{index}" for index in range(size)]
    chain = {name: Node("exp", (before,)) for name, before in zip(names, ["x", *names], strict=False)}
    graph = Graph(inputs={"x": 1}, nodes=dict(reversed(chain.items())) if backwards else chain)
    assert sort_nodes(graph) == names


def cycles_of(graph: Graph) -> list[Diagnostic]:
    with pytest.raises(GraphError) as caught:
        sort_nodes(graph)
    return list(caught.value.diagnostics)


@pytest.mark.parametrize(
    ("needs", "told"),
    [
        ({"a": "a"}, ["a -> a"]),
        ({"a": "x a a"}, ["a -> a"]),
        ({"b": "a", "a": "b"}, ["b -> a -> b"]),
        ({"r": "c", "c": "a", "a": "b", "b": "c"}, ["c -> a -> b -> c"]),
        ({"z": "y", "a": "b", "b": "c", "c": "a", "y": "z"}, ["z -> y -> z", "a -> b -> c -> a"]),
        ({"a": "b c", "b": "a", "c": "a"}, ["a -> b -> a", "a -> c -> a"]),
        ({"J": "J#1", "J#1": "x J"}, ["J -> J"]),
        ({"J": "J#1", "J#1": "u", "u": "u#1", "u#1": "J"}, ["J -> u -> J"]),
    ],
)
def test_cycle_is_told_in_order(needs: dict[str, str], told: list[str]) -> None:
    graph = graph_of(**needs)
    found = cycles_of(graph)
    assert [item.message.partition(": ")[2] for item in found] == told
    assert [item.message.partition(" ")[0] for item in found] == [f"`{text.split()[0]}`" for text in told]
    assert [item.path for item in found] == [("nodes", text.split()[0]) for text in told]
    assert {item.code for item in found} == {"DF0220"}
    with pytest.raises(GraphError):
        _ = graph.order


def test_cycle_through_an_output() -> None:
    graph = Graph(nodes={"s": Node("unstack", ("t",), outputs=("p", "q")), "t": Node("add", ("p", "q"))})
    assert [item.message for item in cycles_of(graph)] == ["`s` needs its own value: s -> t -> s"]
    shadowed = Graph(inputs={"a": 1}, nodes={"s": Node("unstack", ("a",), outputs=("a", "b"))})
    assert sort_nodes(shadowed) == ["s"]  # that `a` is there twice is told elsewhere


def test_long_cycle_is_told_in_short() -> None:
    size = 100_000
    graph = Graph(nodes={f"n{index}": Node("exp", (f"n{(index + 1) % size}",)) for index in range(size)})
    (found,) = cycles_of(graph)
    start, end = "n0 -> n1 -> n2 -> n3 -> n4 -> n5", "n99997 -> n99998 -> n99999 -> n0"
    assert found.message == f"`n0` needs its own value: {start} -> ... (99991 more) -> {end}"


def test_not_every_one_of_many_cycles_is_told() -> None:
    size = 20_000
    nodes = {f"n{index}": Node("add", (f"n{index + 1}", "n0")) for index in range(size)}
    assert len(cycles_of(Graph(nodes=nodes | {f"n{size}": Node("exp", ("n0",))}))) == MAX_CYCLES


def test_integers_up_to_the_largest_float_are_floats() -> None:
    assert Graph(inputs={"a": 10**308}).inputs["a"].value == 1e308
    assert Graph(inputs={"a": [-(10**308), 10**309]}).inputs["a"].value == (-1e308, 10**309)
