"""Two graphs compared as equations: what is found is what was done, and it makes the one graph the other."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from dataflow.comparison import Change, GraphComparison, compare_graphs
from dataflow.comparison.entries import Entries
from dataflow.document import load, loads
from dataflow.errors import GraphError
from dataflow.graph import Graph, Input, Node

GRAPHS = Path(__file__).parent.parent.parent / "graphs"
BASE = """\
dataflow: 1
name: base
inputs:
  a: 5
  b: 3
  c: 2
parameters:
  w: {value: [1, 2], shape: [n]}
nodes:
  u: b * c
  v: a + u
  s: sum(w * v)
  J: 3 * v + s
target: J
"""


def edit(*replacements: tuple[str, str], text: str = BASE) -> Graph:
    for old, new in replacements:
        assert old in text
        text = text.replace(old, new)
    return loads(text)


def compare(*replacements: tuple[str, str], **options: bool) -> GraphComparison:
    return compare_graphs(loads(BASE), edit(*replacements), **options)


def shown(change: Change) -> tuple[Any, ...]:
    """A change in short: kind, names and what each side says."""
    old, new = change.old, change.new
    sides = [None if entry is None else dict(entry.fields) for entry in (old, new)]
    names = {entry.name for entry in (old, new) if entry is not None}
    return (change.kind, "->".join(sorted(names, key=lambda name: old is None or name != old.name)), *sides)


@pytest.mark.parametrize("path", sorted(GRAPHS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_graph_is_the_same_as_itself(path: Path) -> None:
    graph = load(path)
    for other in (graph, load(path), loads(graph.dump(), folder=str(path.parent))):
        assert compare_graphs(graph, other, descriptions=other is graph) == GraphComparison(())


@pytest.mark.parametrize("replacements", [
    [("v: a + u", "v: {op: add, inputs: [a, u]}")], [("v: a + u", "v: {op: add, inputs: {y: u, x: a}}")],
    [("b * c", "(b)  *  (c)  # a comment")], [("a: 5", "a: {value: 5.0}")], [("sum(w * v)", "sum(multiply(w, v))")],
    [("inputs:", "description: other\ninputs:"), ("a: 5", "a: {value: 5, description: the first}")],
])  # fmt: skip
def test_spelling_is_no_difference(replacements: list[tuple[str, str]]) -> None:
    assert compare(*replacements) == GraphComparison(())


@pytest.mark.parametrize(("replacement", "expected"), [
    (("3 * v", "4 * v"), ("changed", "J", {"equation": "3 * v + s"}, {"equation": "4 * v + s"})),
    (("3 * v", "3.0 * v"), ("changed", "J", {"equation": "3 * v + s"}, {"equation": "3.0 * v + s"})),
    (("a + u", "u + a"), ("changed", "v", {"equation": "a + u"}, {"equation": "u + a"})),
    (("a: 5", "a: 7"), ("changed", "a", {"value": 5}, {"value": 7})),
    (("a: 5", "a: -0.0"), ("changed", "a", {"value": 5}, {"value": -0.0})),
    (("a: 5", "a: {value: 5, dtype: float32}"), ("changed", "a", {"value": 5}, {"value": 5, "dtype": "float32"})),
    (("a: 5", "a: {source: a.npy, column: x}"),
     ("changed", "a", {"value": 5}, {"source": "a.npy", "column": "x"})),
    (("a: 5", "a: {value: 5, differentiable: false}"),
     ("changed", "a", {"value": 5}, {"value": 5, "differentiable": False})),
    (("[n]", "[2]"), ("changed", "w", {"value": (1, 2), "shape": ("n",)}, {"value": (1, 2), "shape": (2,)})),
    (("  c: 2\n", "  c: 2\n  d: 1\n"), ("added", "d", None, {"value": 1})),
    (("J: 3", "K: exp(s)\n  J: 3"), ("added", "K", None, {"equation": "exp(s)"})),
    (("target: J", "target: v"), ("changed", "target", {"value": "J"}, {"value": "v"})),
    (("target: J\n", ""), ("removed", "target", {"value": "J"}, None)),
    (("name: base", "name: other"), ("changed", "name", {"value": "base"}, {"value": "other"})),
    (("name: base\n", ""), ("removed", "name", {"value": "base"}, None)),
    (("inputs:", "dtype: float32\ninputs:"), ("changed", "dtype", {"value": "float64"}, {"value": "float32"})),
    (("inputs:", "requires: {dataflow_std: '>=0'}\ninputs:"), ("added", "dataflow_std", None, {"value": ">=0"})),
])  # fmt: skip
def test_one_change(replacement: tuple[str, str], expected: tuple[Any, ...]) -> None:
    (change,) = compare(replacement).changes
    assert shown(change) == expected
    (back,) = compare_graphs(edit(replacement), loads(BASE)).changes
    opposite = {"added": "removed", "removed": "added"}
    assert shown(back) == (opposite.get(expected[0], expected[0]), expected[1], expected[3], expected[2])


def test_places_are_those_of_the_names() -> None:
    (change,) = compare(("name: base", "name: base\n# a line more"), ("3 * v", "4 * v")).changes
    assert change.old is not None
    assert change.new is not None
    assert (change.old.line, change.old.column, change.new.line, change.new.column) == (13, 3, 14, 3)
    assert change.as_data() == {
        "kind": "changed", "fields": ["equation"],
        "old": {"section": "nodes", "name": "J", "line": 13, "column": 3, "equation": "3 * v + s"},
        "new": {"section": "nodes", "name": "J", "line": 14, "column": 3, "equation": "4 * v + s"},
    }  # fmt: skip


def test_graphs_without_a_text_have_no_places() -> None:
    old = Graph(inputs={"a": 1}, nodes={"y": Node("exp", ("a",))})
    (change,) = compare_graphs(old, Graph(inputs={"a": 1}, nodes={"y": Node("log", ("a",))})).changes
    assert shown(change) == ("changed", "y", {"equation": "exp(a)"}, {"equation": "log(a)"})
    assert change.old is not None
    assert change.old.line is None


def test_descriptions_count_only_if_asked_for() -> None:
    replacement = ("a: 5", "a: {value: 5, description: the first}")
    assert not compare(replacement).changes
    (change,) = compare(replacement, descriptions=True).changes
    assert shown(change) == ("changed", "a", {"value": 5}, {"value": 5, "description": "the first"})
    assert change.fields == ("description",)
    (top,) = compare(("inputs:", "description: d\ninputs:"), descriptions=True).changes
    assert shown(top) == ("added", "description", None, {"value": "d"})
    node = ("u: b * c", "u: {op: multiply, inputs: [b, c], description: product}")
    (change,) = compare(node, descriptions=True).changes
    assert shown(change)[2:] == ({"equation": "b * c"}, {"equation": "b * c", "description": "product"})


def test_another_order_is_told_apart_from_the_same_graph() -> None:
    reordered = compare(("  u: b * c\n  v: a + u\n", "  v: a + u\n  u: b * c\n"))
    assert reordered == GraphComparison((), reordered=True)
    moved = compare(("  u: b * c\n  v: a + u\n", "  v: a + u\n  u: b * c\n"), ("3 * v", "4 * v"))
    assert [shown(change)[:2] for change in moved.changes] == [("changed", "J")]


def test_from_one_section_to_another() -> None:
    (change,) = compare(("  c: 2\n", ""), ("  w:", "  c: 2\n  w:")).changes
    assert shown(change) == ("changed", "c", {"value": 2}, {"value": 2})
    assert (change.section, change.old and change.old.section, change.fields) == ("parameters", "inputs", ())
    (change,) = compare(("  c: 2\n", ""), ("  u:", "  c: 1 + 1\n  u:")).changes
    assert shown(change) == ("changed", "c", {"value": 2}, {"equation": "1 + 1"})


@pytest.mark.parametrize(("replacements", "renames", "others"), [
    ([("u: b * c", "p: b * c"), ("a + u", "a + p")], {"u": "p"}, []),
    ([("a: 5", "x: 5"), ("a + u", "x + u")], {"a": "x"}, []),
    ([("J", "L")], {"J": "L"}, []),
    ([("u: b * c", "p: b * c"), ("a + u", "a + p"), ("3 * v", "4 * v")], {"u": "p"}, ["changed J"]),
    ([("u: b * c", "p: b * c"), ("v: a + u", "v: a - p")], {"u": "p"}, ["changed v"]),
    # all of it at once: inputs of one value are told apart by where they are used
    ([("a: 5", "x: 1"), ("b: 3", "y: 1"), ("c: 2", "z: 1"), ("b * c", "y * z"), ("a + u", "x + u")],
     {}, ["removed a", "removed b", "removed c", "added x", "added y", "added z", "changed u", "changed v"]),
    # a new value is a new input
    ([("a: 5", "x: 6"), ("a + u", "x + u")], {}, ["removed a", "added x", "changed v"]),
    # two could be meant, and a number alone means nothing
    ([("u: b * c", "p: b * c\n  q: b * c"), ("a + u", "a")], {}, ["removed u", "added p", "added q", "changed v"]),
    # what is used in the place of the other tells them apart
    ([("u: b * c", "p: b * c\n  q: b * c"), ("a + u", "a + q")], {"u": "q"}, ["added p"]),
])  # fmt: skip
def test_renames(replacements: list[tuple[str, str]], renames: dict[str, str], others: list[str]) -> None:
    found = compare(*replacements)
    assert found.renames == renames
    kinds = [f"{change.kind} {shown(change)[1]}" for change in found.changes if change.kind != "renamed"]
    assert sorted(kinds) == sorted(others)
    assert {shown(change)[1] for change in found.changes if change.kind == "renamed"} == {
        f"{old}->{new}" for old, new in renames.items()
    }


def test_equal_inputs_are_told_apart_by_their_uses() -> None:
    text = "{dataflow: 1, inputs: {a: 0, b: 0}, nodes: {J: a - exp(b), K: b * a}}"
    other = "{dataflow: 1, inputs: {y: 0, x: 0}, nodes: {J: x - exp(y), K: y * x}}"
    assert compare_graphs(loads(text), loads(other)).renames == {"a": "x", "b": "y"}
    merged = "{dataflow: 1, inputs: {x: 0}, nodes: {J: x - exp(x), K: x * x}}"
    assert compare_graphs(loads(text), loads(merged)).renames == {}


def test_equations_are_told_apart_by_the_names_in_them() -> None:
    old = "{dataflow: 1, inputs: {a: 0, b: 0}, nodes: {K: a - 2 * b, u: exp(a), t: exp(b), J: u + t}}"
    new = "{dataflow: 1, inputs: {y: 0, x: 0}, nodes: {K: x - 2 * y, q: exp(y), p: exp(x), J: p * q}}"
    found = compare_graphs(loads(old), loads(new))
    assert found.renames == {"a": "x", "b": "y", "u": "p", "t": "q"}
    assert found.counts == {"changed": 1, "renamed": 4}


@pytest.mark.parametrize(("old", "new"), [
    (Node("sum", ("a",), {"axis": 0}), Node("sum", ("a",), {"axis": False})),
    (Node("add", ("a", 0.0)), Node("add", ("a", -0.0))), (Node("add", ("a", 1)), Node("add", ("a", True))),
])  # fmt: skip
def test_what_python_takes_for_equal_is_not_the_same(old: Node, new: Node) -> None:
    graphs = [Graph(inputs={"a": [1, 2]}, nodes={"y": node}) for node in (old, new)]
    assert compare_graphs(*graphs).counts == {"changed": 1}


def test_numbers_that_are_the_same_are_not_the_same_thing() -> None:
    old = loads("{dataflow: 1, inputs: {a: 1}, nodes: {eps: 1e-6, J: a + 1}}")
    new = loads("{dataflow: 1, inputs: {a: 1}, nodes: {tau: 1e-6, J: a + 1}}")
    assert compare_graphs(old, new).counts == {"added": 1, "removed": 1}
    old, new = (
        loads(f"{{dataflow: 1, inputs: {{a: 1}}, nodes: {{{name}: 1e-6, J: a + {name}}}}}") for name in ("e", "t")
    )
    assert compare_graphs(old, new).renames == {"e": "t"}


def test_results_of_a_node_may_be_renamed() -> None:
    text = """\
dataflow: 1
inputs: {X: [[1, 2], [3, 4]]}
nodes:
  halves: {op: unstack, inputs: [X], outputs: [top, bottom]}
  J: sum(top) - sum(bottom)
"""
    found = compare_graphs(loads(text), edit(("top", "upper"), text=text))
    assert found.renames == {"top": "upper"}
    (change,) = found.changes
    assert (change.kind, change.fields) == ("changed", ("outputs",))
    whole = compare_graphs(loads(text), edit(("halves", "rows"), text=text))
    assert (whole.renames, whole.counts) == ({"halves": "rows"}, {"renamed": 1})
    swapped = compare_graphs(loads(text), edit(("[top, bottom]", "[bottom, top]"), text=text))
    assert (swapped.renames, swapped.counts) == ({}, {"changed": 1})


def test_derivatives() -> None:
    asked = (
        "derivatives:\n  g: {jacobian: v, wrt: [a, b]}\n  h: {jvp: v, along: {a: 1}, description: push}\ntarget: J\n"
    )
    text = BASE.replace("target: J\n", asked)
    old = loads(text)
    assert not compare_graphs(old, loads(text)).changes
    (change,) = compare_graphs(old, edit(("[a, b]", "[a, c]"), text=text)).changes
    assert shown(change) == ("changed", "g", {"jacobian": "v", "wrt": ["a", "b"]}, {"jacobian": "v", "wrt": ["a", "c"]})
    assert (change.section, change.fields) == ("derivatives", ("wrt",))
    (change,) = compare_graphs(old, edit(("{a: 1}", "{a: 2}"), text=text)).changes
    assert change.fields == ("along",)
    added, removed = compare_graphs(loads(BASE), old), compare_graphs(old, loads(BASE))
    assert (added.counts, removed.counts) == ({"added": 2}, {"removed": 2})
    renamed = edit(("a: 5", "x: 5"), ("a + u", "x + u"), ("[a, b]", "[x, b]"), ("{a: 1}", "{x: 1}"), text=text)
    assert compare_graphs(old, renamed).counts == {"renamed": 1}
    silent = edit((", description: push", ""), text=text)
    assert not compare_graphs(old, silent).changes
    assert [item.fields for item in compare_graphs(old, silent, descriptions=True).changes] == [("description",)]


def test_a_circle_is_refused() -> None:
    circle = Graph(nodes={"a": Node("exp", ("b",)), "b": Node("exp", ("a",))})
    with pytest.raises(GraphError):
        compare_graphs(circle, Graph(nodes={"c": Node("exp", ("d",)), "d": Node("exp", ("c",))}))


def test_hidden_nodes_of_any_kind_are_compared() -> None:
    alone = Graph(inputs={"a": 1}, nodes={"u#1": Node("exp", ("a",))})
    (change,) = compare_graphs(alone, Graph(inputs={"a": 1}, nodes={"u#1": Node("log", ("a",))})).changes
    assert shown(change) == ("changed", "u#1", {"equation": "exp(a)"}, {"equation": "log(a)"})
    assert not compare_graphs(alone, alone).changes


def test_values_that_are_no_numbers_and_columns() -> None:
    old = Graph(inputs={"a": Input(value=(1.0, float("nan"))), "t": Input(source="t.csv", columns="x")})
    assert not compare_graphs(old, Graph(inputs={"a": [1, "NaN"], "t": old.inputs["t"]})).changes
    (change,) = compare_graphs(
        old, old.replace(inputs={**old.inputs, "t": Input(source="t.csv", columns=("x",))})
    ).changes
    assert change.fields == ("column", "columns")


def test_a_number_of_another_type_is_the_same_number() -> None:
    old, new = (Graph(inputs={"n": Input((1, 0), dtype=dtype)}) for dtype in ("int64", None))
    (change,) = compare_graphs(old, new).changes
    assert change.fields == ("dtype",)


NAMES = "abcdefgh"


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """A small graph of few names and few equations, so that two of them have much in common."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=2, max_size=7, unique=True))
    count = draw(st.integers(1, len(names) - 1))
    sections: dict[str, dict[str, Any]] = {"inputs": {}, "parameters": {}}
    for name in names[:count]:
        section = draw(st.sampled_from(["inputs", "parameters"]))
        sections[section][name] = draw(st.sampled_from([0, 1, {"value": 1, "differentiable": True}]))
    nodes: dict[str, Any] = {}
    known = list(names[:count])
    for name in names[count:]:
        first, second = draw(st.sampled_from(known)), draw(st.sampled_from(known))
        forms = [f"{first} * {second}", f"exp({first}) + {second}", f"2 * ({first} + 1) ** {second}", "7", first]
        nodes[name] = draw(st.sampled_from(forms))
        known.append(name)
    order = draw(st.permutations(list(nodes)))
    target = draw(st.sampled_from(known))
    document = {"dataflow": 1, **sections, "nodes": {name: nodes[name] for name in order}, "target": target}
    from json import dumps

    return loads(dumps(document))


def list_all(graph: Graph) -> dict[str, tuple[str, dict[str, Any]]]:
    """Every entry of a graph with what it says, as it is dumped and read again."""
    entries = Entries(graph)
    described = [entries.describe(name) for name in entries.sections]
    return {entry.name: (entry.section, dict(entry.fields)) for entry in described}


@settings(max_examples=200)
@given(graphs(), graphs())
def test_the_changes_make_the_old_graph_the_new_one(old: Graph, new: Graph) -> None:
    found = compare_graphs(old, new)
    entries, target = list_all(old), old.target
    for change in found.changes:
        if change.old is not None and change.old.section:
            assert entries.pop(change.old.name) == (change.old.section, change.old.fields)
    pattern = re.compile(r"\b[a-h]\b")
    assert len(set(found.renames.values())) == len(found.renames)
    for section, fields in entries.values():
        if section == "nodes":
            fields["equation"] = pattern.sub(lambda name: found.renames.get(name[0], name[0]), fields["equation"])
    target = found.renames.get(str(target), target)
    for change in found.changes:
        if change.new is not None and change.new.section:
            assert change.new.name not in entries
            entries[change.new.name] = (change.new.section, dict(change.new.fields))
        elif change.new is not None:
            target = change.new.fields["value"]
        if change.kind == "renamed":
            assert change.old is not None
            assert change.new is not None
            assert found.renames[change.old.name] == change.new.name
            assert (change.old.section, change.old.name not in list_all(new)) == (change.new.section, True)
    assert entries == list_all(new)
    assert target == new.target
    assert (not found.changes and not found.reordered) == (old == new)


@st.composite
def edited(draw: st.DrawFn) -> tuple[str, str, dict[str, set[str]], dict[str, str]]:
    """Two documents and what was done to make the second of the first. Every equation has a number of its own."""
    inputs = {f"x{index}": draw(st.sampled_from([0, 1])) for index in range(draw(st.integers(1, 4)))}
    nodes: dict[str, tuple[float, str, str]] = {}
    for index in range(draw(st.integers(2, 12))):
        known = st.sampled_from([*inputs, *nodes])
        nodes[f"n{index}"] = (index + 0.5, draw(known), draw(known))
    used = {name for _, first, second in nodes.values() for name in (first, second)}
    free = st.sampled_from([*nodes])
    changed, renamed, removed = (draw(st.sets(free, max_size=size)) for size in (3, 12, 2))
    removed = {name for name in removed if name not in used and len(nodes) > 2}
    changed, renamed = changed - removed, renamed - changed - removed
    kept = [name for name in nodes if name not in changed | removed]
    sure = {name for key in kept for name in nodes[key][1:] if name in inputs}
    moved = {name for name in draw(st.sets(st.sampled_from([*inputs]))) if name in sure}
    renames = {name: f"m{name}" for name in renamed | moved}
    after = {name: nodes[name] for name in draw(st.permutations([*nodes])) if name not in removed}
    lines = [f"  {renames.get(name, name)}: {value}" for name, value in inputs.items()] + ["nodes:"]
    for name, (number, *operands) in after.items():
        first, second = (renames.get(item, item) for item in operands)
        tail = draw(st.sampled_from([" + 1", " + x", f" * {number}"])).replace("x", first) if name in changed else ""
        lines.append(f"  {renames.get(name, name)}: {number} * {first} + {second}{tail}")
    added = {f"extra{index}" for index in range(draw(st.integers(0, 2)))}
    lines += [f"  {name}: {name[5:]}.25 * {renames.get('x0', 'x0')} + 3" for name in sorted(added)]
    head = ["dataflow: 1", "inputs:"]
    old = head + [f"  {name}: {value}" for name, value in inputs.items()] + ["nodes:"]
    old += [f"  {name}: {number} * {first} + {second}" for name, (number, first, second) in nodes.items()]
    done = {"changed": changed, "added": added, "removed": removed, "renamed": set(renames)}
    return "\n".join(old), "\n".join([*head, *lines]), done, renames


@settings(max_examples=150)
@given(edited())
def test_what_was_done_is_what_is_found(case: tuple[str, str, dict[str, set[str]], dict[str, str]]) -> None:
    old, new, done, renames = case
    assume(done["changed"] | done["renamed"] | done["added"] | done["removed"])
    found = compare_graphs(loads(old), loads(new))
    names: dict[str, set[str]] = {kind: set() for kind in done}
    for change in found.changes:
        entry = change.old or change.new
        assert entry is not None
        names[change.kind].add(entry.name)
    assert names == done
    assert found.renames == renames
