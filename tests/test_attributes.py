"""What an attribute may be, as a check and as JSON Schema: both say the same."""

from __future__ import annotations

from typing import Any, Literal

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dataflow.attributes import accepts, annotations_of, describe, schema_of
from dataflow.operators import Axes, Operator
from dataflow.registry import standard

STANDARD = standard()
WITH_ATTRIBUTES = sorted(name for name, operator in STANDARD.items() if operator.attributes)


def make(forward: Any) -> Operator:
    return Operator("odd", "", forward=forward, backward=lambda xp, g, z, x, **_: {"x": g})


def test_annotations_are_resolved_in_the_module_of_the_rule() -> None:
    def forward(xp: Any, x: Any, *, axis: Axes = None, mode: Literal["mean", "sum"] = "mean", scale: float) -> Any:
        return x

    found = annotations_of(make(forward))
    assert found == {"axis": int | tuple[int, ...] | None, "mode": Literal["mean", "sum"], "scale": float}
    schema = schema_of(make(forward))
    assert schema["required"] == ["scale"]
    assert schema["properties"]["mode"] == {"enum": ["mean", "sum"], "default": "mean"}
    assert schema["additionalProperties"] is False


def test_without_annotations_the_default_says_it() -> None:
    assert annotations_of(make(lambda xp, x, *, axis=0, flag=True, name="a", any=None, must: x)) == {
        "axis": int, "flag": bool, "name": str, "any": Any, "must": Any,
    }  # fmt: skip
    assert annotations_of(STANDARD["exp"]) == {}


def test_an_annotation_that_cannot_be_resolved_is_guessed() -> None:
    def forward(xp: Any, x: Any, *, axis: Nowhere = 1) -> Any:  # type: ignore[name-defined]  # noqa: F821
        return x

    assert annotations_of(make(forward)) == {"axis": int}


CASES: list[tuple[Any, list[Any], list[Any]]] = [  # annotation, accepted, refused
    (int, [0, -3], [True, 1.0, "1", None, (1,)]),
    (float, [0, 1.5, -3], [True, "1", None, (1.0,)]),
    (bool, [True, False], [0, 1, "true", None]),
    (str, ["", "a"], [1, None, ("a",)]),
    (int | None, [1, None], [True, "none"]),
    (Axes, [0, None, (0, 1), ()], [True, 1.0, (1.0,), (True,), "0"]),
    (tuple[int, ...], [(), (1, 2)], [1, (1.0,), ((1,),)]),
    (tuple[tuple[int, int], ...], [(), ((1, 2),)], [((1,),), (1, 2), ((1, 2, 3),)]),
    (tuple[int, str], [(1, "a")], [("a", 1), (1,), (1, "a", 2)]),
    (list[int], [(1, 2), ()], [("a",), 1]),
    (Literal["mean", "sum"], ["mean"], ["max", None, 1]),
    (Literal[1, 2], [1], [True, 1.0, 3]),
    (Any, [1, None, "a", (1,)], []),
    (None, [None], [0, False]),
]


@pytest.mark.parametrize(("annotation", "accepted", "refused"), CASES, ids=[str(row[0]) for row in CASES])
def test_accepted_and_refused(annotation: Any, accepted: list[Any], refused: list[Any]) -> None:
    assert [accepts(annotation, value) for value in accepted] == [True] * len(accepted)
    assert [accepts(annotation, value) for value in refused] == [False] * len(refused)
    assert describe(annotation)


leaves = st.one_of(st.none(), st.booleans(), st.integers(-3, 3), st.sampled_from([0.5, -2.5]),
                   st.sampled_from(["mean", "sum", "none", "a", "float64", "1:2"]))  # fmt: skip
values = st.recursive(leaves, lambda part: st.lists(part, max_size=3), max_leaves=5)


def as_tuples(value: Any) -> Any:
    return tuple(map(as_tuples, value)) if isinstance(value, list) else value


@settings(max_examples=60)
@given(st.data(), values)
def test_the_schema_says_the_same(data: st.DataObject, value: Any) -> None:
    operator = STANDARD[data.draw(st.sampled_from(WITH_ATTRIBUTES))]
    item = data.draw(st.sampled_from(operator.attributes))
    schema = schema_of(operator)["properties"][item.name]
    valid = jsonschema.Draft202012Validator(schema).is_valid(value)
    assert valid == accepts(annotations_of(operator)[item.name], as_tuples(value))


@pytest.mark.parametrize("name", WITH_ATTRIBUTES)
def test_schemas_of_the_standard_operators_are_sound(name: str) -> None:
    schema = schema_of(STANDARD[name])
    jsonschema.Draft202012Validator.check_schema(schema)
    for item in STANDARD[name].attributes:
        assert item.required == ("default" not in schema["properties"][item.name])
        assert item.required or accepts(annotations_of(STANDARD[name])[item.name], item.default)
        assert annotations_of(STANDARD[name])[item.name] is not Any
