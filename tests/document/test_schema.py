"""The schema decides what a graph may look like; what it refuses is explained entry by entry."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow.document import schema
from dataflow.document.reader import read_tree
from dataflow.document.schema import check_structure, schema_path
from dataflow.document.source import Source
from dataflow.graph import DTYPES

with open(schema_path("graph"), encoding="utf-8") as stream:
    SCHEMA = json.load(stream)

GOOD: dict[str, Any] = {
    "dataflow": 1,
    "name": "all",
    "description": "every form that there is",
    "dtype": "float32",
    "inputs": {
        "a": 5, "b": [[1, 2.5], [3, "NaN"]], "c": True, "d": "Infinity", "e": [],
        "f": {"value": [1], "shape": ["rows", 1], "dtype": "int64", "differentiable": True, "description": "d"},
        "g": {"source": "t.csv", "column": "age"}, "h": {"source": "t.csv", "columns": ["x", "y"]},
    },
    "parameters": {"w": {"value": 0.5}},
    "nodes": {
        "u": "b * c", "v": {"op": "add", "inputs": ["a", 3]}, "x": 3, "y": {"op": "pi"},
        "z": {"op": "split", "inputs": {"x": "a", "n": 2, "xs": ["a", 1]}, "attributes": {"axis": [1, {"k": None}]},
              "outputs": ["z1", "z2"], "description": "d"},
    },
    "derivatives": {
        "g": {"gradient": "J", "wrt": "a"}, "j": {"jacobian": ["u", "v"], "wrt": ["a"], "sparse": True},
        "h": {"hvp": "J", "along": {"a": 1, "b": [[1, "NaN"]]}, "description": "d"},
        "v": {"vjp": "u", "cotangent": [1]},
        "t": {"jvp": ["u"], "along": {}}, "c": {"hessian": "J"},
    },
    "target": "J",
    "requires": {"my-ops": ">=1.2"},
}  # fmt: skip


def explain(text: str) -> list[tuple[str, int | None, int | None]]:
    source = Source("g.yaml", text)
    found = [source.locate(problem) for problem in check_structure(read_tree(text))]
    return sorted((item.code, item.line, item.column) for item in found)


def test_every_form_is_accepted() -> None:
    assert check_structure(GOOD) == []
    assert check_structure({"dataflow": 1}) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nodes: {}", [("DF0251", 1, 1)]),
        ("dataflow: 2", [("DF0254", 1, 11)]),
        ("dataflow: '1'", [("DF0254", 1, 11)]),
        ("dataflow: true", [("DF0254", 1, 11)]),
        ("dataflow: 1\nnode: {}\nunheard: 1", [("DF0250", 2, 1), ("DF0250", 3, 1)]),
        ("dataflow: 1\nfit: {}\nfunctions: 1", [("DF0255", line, 1) for line in (2, 3)]),
        ("dataflow: 1\nderivatives: [g]", [("DF0252", 2, 14)]),
        ("dataflow: 1\nderivatives: {g: {hesian: J}, h: {jvp: []}, i: J}",
         [("DF0250", 2, 19), ("DF0252", 2, 48), ("DF0256", 2, 40)]),
        ("dataflow: 1\nderivatives: {g: {hvp: J, along: [1], sparse: 1}}", [("DF0252", 2, 34), ("DF0252", 2, 47)]),
        ("dataflow: 1\ndtype: flaot32", [("DF0253", 2, 8)]),
        ("dataflow: 1\nnodes: [a]\ninputs:\ntarget: 5", [("DF0252", 2, 8), ("DF0252", 3, 1), ("DF0252", 4, 9)]),
        ("dataflow: 1\nnodes:\n  u: {inputs: [a]}", [("DF0251", 3, 3)]),
        ("dataflow: 1\nnodes:\n  u: [a]\n  v: true\n  w:", [("DF0252", 3, 6), ("DF0252", 4, 6), ("DF0252", 5, 3)]),
        ("dataflow: 1\nnodes: {u: {op: add, inputs: [[a], true, {op: b}]}}", [("DF0252", 2, n) for n in (31, 36, 42)]),
        ("dataflow: 1\nnodes: {u: {op: add, axis: 1}}", [("DF0250", 2, 22)]),
        ("dataflow: 1\nnodes: {u: {op: f, outputs: []}}", [("DF0256", 2, 29)]),
        ("dataflow: 1\ninputs: {a: {shape: [1.5, n]}, b: [1, [null, {}]]}", [("DF0252", 2, n) for n in (22, 40, 46)]),
        ("dataflow: 1\ninputs: {a: {differentiable: yes, source: 3}}", [("DF0252", 2, 30), ("DF0252", 2, 43)]),
        ("dataflow: 1\nrequires: {my-ops: 1.2}", [("DF0252", 2, 20)]),
    ],
)  # fmt: skip
def test_every_problem_has_its_place(text: str, expected: list[tuple[str, int, int]]) -> None:
    assert explain(text) == expected


@pytest.mark.parametrize(
    ("text", "pattern"),
    [
        ("{}", "begin the file with `dataflow: 1`"),
        ("dataflow: 1\nnode: {}", "did you mean `nodes`"),
        ("dataflow: 1\nJ: a * b", "under `nodes:`"),
        ("dataflow: 1\nfit: {}", "a name kept for a later version"),
        ("dataflow: 1\nnodes: {u: {op: add, input: [a]}}", "did you mean `inputs`"),
        ("dataflow: 1\nnodes: {u: {op: sum, axis: 1}}", "under `attributes:`"),
        ("dataflow: 1\nnodes: {u: softmax(z, axis=-1)}", "contains a comma must be quoted"),
        ("dataflow: 1\nnodes: {u: {softmax(z, axis=-1)}}", "contains a comma must be quoted"),
        ("dataflow: 1\nnodes:\n- u: a", "without dashes"),
        ("dataflow: 1\nnodes: {u: {op: f, inputs: [{op: g}]}}", "a node of its own"),
        ("dataflow: 1\ninputs: {a: }", "write its value"),
        ("dataflow: 1\ninputs: {a: {dtype: float63}}", "did you mean `float64`"),
        ("dataflow: 1\nrequires: {x: 1.2}", 'in quotes it is text: "1.2"'),
        ("dataflow: 1\nname: true", 'in quotes it is text: "true"'),
        ("dataflow: 1\nnodes: {u: [a]}", "write an expression, or"),
    ],
)
def test_every_problem_has_its_cure(text: str, pattern: str) -> None:
    assert any(re.search(re.escape(pattern), str(problem)) for problem in check_structure(read_tree(text)))


def test_problems_name_their_node() -> None:
    (problem,) = check_structure({"dataflow": 1, "nodes": {"u": {"op": 5}, "v": "a"}})
    assert (problem.node, problem.path) == ("u", ("nodes", "u", "op"))


def test_one_wrong_entry_among_many_that_are_right() -> None:
    nodes: dict[str, Any] = {f"x{number}": {"op": "add", "inputs": ["a", "b"]} for number in range(5_000)}
    nodes["x77"] = {"op": "add", "inputs": ["a", None]}
    (problem,) = check_structure({"dataflow": 1, "nodes": nodes})
    assert problem.path == ("nodes", "x77", "inputs", 1)


def test_what_only_one_validator_refuses_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(schema, "explain", lambda tree, paths: iter(()))
    (problem,) = check_structure({"dataflow": 1, "target": 5})
    assert (problem.code, problem.path) == ("DF0257", ("target",))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from places(value[key], (*path, key))


PLACES = [path for path in places(GOOD) if path]
VALUES = st.sampled_from(
    [None, True, False, 0, 1, 1.0, 1.5, -1, 2**63, 2**64, 10**400, -(10**30), 1e308, "", "a", "no", "NaN",
     [], ["a"], [1], [[True]], [None], [1.0, 2**70],
     {}, {"op": "a"}, {"op": 1}, {"value": 1}, {"value": None}, {"a": 1}, {"dataflow": 1}]
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(PLACES), st.sampled_from(["set", "remove", "add"]), VALUES), max_size=3))
def test_both_validators_reach_the_same_verdict(changes: list[tuple[tuple[Any, ...], str, Any]]) -> None:
    tree = copy.deepcopy(GOOD)
    for (*way, last), action, value in changes:
        parent: Any = tree
        try:
            for step in way:
                parent = parent[step]
            if action == "remove":
                del parent[last]
            elif isinstance(parent, dict):
                parent[f"{last}_" if action == "add" else str(last)] = copy.deepcopy(value)
            else:
                parent[last] = copy.deepcopy(value)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took this place away
    valid = jsonschema_rs.validator_for(json.dumps(SCHEMA)).is_valid(tree)
    assert jsonschema.Draft202012Validator(SCHEMA).is_valid(tree) == valid
    problems = check_structure(tree)
    assert (problems == []) == valid
    assert "DF0257" not in {problem.code for problem in problems}


def test_schema_is_a_good_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$defs"]["dtype"]["enum"] == list(DTYPES)
    for example in SCHEMA["examples"]:
        assert check_structure(example) == []


def test_every_property_is_described_and_its_examples_are_valid() -> None:
    for owner in (SCHEMA, *SCHEMA["$defs"].values()):
        assert owner["title"]
        assert owner["description"]
        for name, part in owner.get("properties", {}).items():
            assert {"title", "description", "examples"} <= set(part), name
            resolved = {"$defs": SCHEMA["$defs"], **part}
            for example in part["examples"]:
                assert jsonschema.Draft202012Validator(resolved).is_valid(example), (name, example)
        if "properties" in owner:
            assert owner["additionalProperties"] is False
