"""Results: what stands in the JSON, and that everything reads back to the last bit."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import hypothesis.extra.numpy as arrays_of
import jsonschema
import jsonschema_rs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dataflow.errors import DataError, ResourceError
from dataflow.graph import DTYPES
from dataflow.output import is_result
from dataflow.result import Result
from dataflow.result.encoding import summary

ROOT = Path(__file__).parent.parent
SCHEMA = json.loads((ROOT / "schemas" / "result.schema.json").read_text())
FLOAT = ("float64", ())


def make(values: dict[str, Any], gradients: dict[str, Any] | None = None, **fields: Any) -> Result:
    """A result of these values; types are those of the values, and there are no gradients unless given."""
    types = {name: FLOAT if type(value) is float else (value.dtype.name, value.shape) for name, value in values.items()}
    gradients = dict.fromkeys(values) if gradients is None else gradients
    plain = {"name": "g", "digest": "sha256:0a", "target": None}
    return Result(**(plain | {"values": values, "gradients": gradients, "types": types} | fields))


def lecture(**fields: Any) -> Result:
    values = {"a": 5.0, "b": 3.0, "c": 2.0, "u": 6.0, "v": 11.0, "J": 33.0}
    gradients = {"a": 3.0, "b": 6.0, "c": 9.0, "u": 3.0, "v": 3.0, "J": 1.0}
    return make(values, gradients, **({"name": "lecture", "target": "J", "processor": "x"} | fields))


def bits(value: Any) -> Any:
    """What must survive: type, dtype, shape and every bit, but for which NaN it is."""
    if type(value) is float:
        return "float", "nan" if value != value else struct.pack("<d", value)
    if isinstance(value, np.ndarray | np.generic):
        content = np.where(np.isnan(value), np.nan, value).astype(value.dtype) if value.dtype.kind == "f" else value
        return type(value).__name__, value.dtype.name, value.shape, np.asarray(content).tobytes()
    return type(value).__name__, value


def assert_same(one: Result, other: Result) -> None:
    assert list(one.values) == list(other.values) == list(other.gradients)
    for name in one.values:
        assert bits(one.values[name]) == bits(other.values[name]), name
        assert bits(one.gradients[name]) == bits(other.gradients[name]), name
    for field in set(Result.__slots__) - {"values", "gradients", "cotangent"}:
        assert getattr(one, field) == getattr(other, field), field
    assert bits(one.cotangent) == bits(other.cotangent)


def assert_valid(text: bytes) -> None:
    document = json.loads(text)
    jsonschema.Draft202012Validator(SCHEMA).validate(document)
    jsonschema_rs.Draft202012Validator(SCHEMA).validate(document)


def elements(dtype: str) -> Any:
    return arrays_of.arrays(dtype, arrays_of.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=3))


@st.composite
def results(draw: st.DrawFn) -> Result:
    """Values and gradients of every dtype and of many shapes, in any order of bytes and axes."""
    values: dict[str, Any] = {}
    gradients: dict[str, Any] = {}
    unreached = []
    for position in range(draw(st.integers(0, 5))):
        name = f"n{position}"
        dtype = draw(st.sampled_from(DTYPES))
        value = draw(st.floats() if dtype == "float64" and draw(st.booleans()) else elements(dtype))
        swapped = isinstance(value, np.ndarray) and draw(st.booleans())
        values[name] = value.T.astype(value.dtype.newbyteorder(">")) if swapped else value
        kind = draw(st.sampled_from(["none", "unreached", "same"] if dtype.startswith("float") else ["none"]))
        gradients[name] = {"none": None, "unreached": 0.0, "same": values[name]}[kind]
        if kind == "unreached":
            unreached.append(name)
    return make(values, gradients, unreached=unreached)


@given(result=results(), arrays=st.sampled_from(["auto", "inline", "file"]))
def test_every_bit_reads_back(tmp_path_factory: pytest.TempPathFactory, result: Result, arrays: Any) -> None:
    folder = tmp_path_factory.mktemp("bits")
    path = folder / "g.result.json"
    written = result.write(path, arrays=arrays)
    loaded = Result.load(path)
    for value in loaded.values.values():
        if isinstance(value, np.ndarray):
            assert value.dtype.isnative
    assert_same(make_native(result), loaded)
    assert_valid(path.read_bytes())
    assert is_result(path.read_bytes()[:64])
    assert sorted(written) == sorted(map(str, folder.iterdir()))
    assert loaded.to_bytes() == result.to_bytes()


def make_native(result: Result) -> Result:
    def native(value: Any) -> Any:
        return value.astype(value.dtype.newbyteorder("=")) if isinstance(value, np.ndarray) else value

    values = {name: native(value) for name, value in result.values.items()}
    gradients = {name: native(value) for name, value in result.gradients.items()}
    return make_like(result, values, gradients)


def make_like(result: Result, values: dict[str, Any], gradients: dict[str, Any]) -> Result:
    fields = {key: getattr(result, key) for key in Result.__slots__}
    return Result(**(fields | {"values": values, "gradients": gradients}))


def test_special_numbers_and_empty_shapes_read_back(tmp_path: Path) -> None:
    tiny = float(np.finfo(np.float64).smallest_subnormal)
    numbers = [-0.0, 0.0, tiny, -tiny, float("nan"), float("inf"), -float("inf"), 0.1, 1e22, 5e300, 2.0**53 + 2]
    values: dict[str, Any] = {f"n{position}": number for position, number in enumerate(numbers)}
    with np.errstate(over="ignore", under="ignore"):
        for dtype in ("float64", "float32"):
            values[f"line_{dtype}"] = np.array(numbers).astype(dtype)
            values[f"least_{dtype}"] = np.array([np.finfo(dtype).smallest_subnormal, np.finfo(dtype).max])
            values[f"empty_{dtype}"] = np.empty((0, 3), dtype)
            values[f"hollow_{dtype}"] = np.empty((2, 0), dtype)
    values["single"] = np.float32(0.1)
    values["large"] = np.array([2**63, 1, 2**64 - 1], dtype=np.uint64)
    values["least"] = np.array([-(2**63), 2**63 - 1])
    result = make(values)
    for arrays in ("inline", "file"):
        result.write(tmp_path / "g.json", arrays=arrays)
        assert_same(result, Result.load(tmp_path / "g.json"))


def test_scalars_have_the_same_types_before_and_after(tmp_path: Path) -> None:
    values = {"d": np.float64(1.5), "s": np.float32(1.5), "i": np.int64(3), "k": np.int8(3), "t": np.bool(True)}
    values["zero_d"] = np.array(2.5)
    result = make(values, {"d": np.array(1.0), "s": 0.0, "i": None, "k": None, "t": None, "zero_d": None},
                  unreached=["s"])  # fmt: skip
    result.write(tmp_path / "g.json")
    for each in (result, Result.load(tmp_path / "g.json")):
        kinds = [type(value) for value in each.values.values()]
        assert kinds == [float, np.float32, int, np.int8, bool, float]
        assert [type(each.gradients[name]) for name in ("d", "s")] == [float, float]


def test_the_text_is_for_people(tmp_path: Path) -> None:
    result = lecture(
        findings=[{"code": "DF0601", "message": "not finite", "inputs": {"a": "NaN"}}],
        unproved=["mine"], data={"x.csv": "sha256:00"}, versions={"dataflow": "0.1.0"},
    )  # fmt: skip
    assert result.to_text() == (
        """{
  "dataflow_result": 1,
  "graph": {"name": "lecture", "digest": "sha256:0a"},
  "target": "J",
  "values": {
    "a": 5.0,
    "b": 3.0,
    "c": 2.0,
    "u": 6.0,
    "v": 11.0,
    "J": 33.0
  },
  "gradients": {
    "a": 3.0,
    "b": 6.0,
    "c": 9.0,
    "u": 3.0,
    "v": 3.0,
    "J": 1.0
  },
  "types": {
    "a": "float64",
    "b": "float64",
    "c": "float64",
    "u": "float64",
    "v": "float64",
    "J": "float64"
  },
  "unreached": [],
  "findings": [
    {"code": "DF0601", "message": "not finite", "inputs": {"a": "NaN"}}
  ],
  "unproved": [
    "mine"
  ],
  "data": {
    "x.csv": "sha256:00"
  },
  "versions": {
    "dataflow": "0.1.0"
  },
  "processor": "x"
}
"""
    )
    assert_valid(result.to_bytes())


def test_numbers_are_strict_json() -> None:
    nan, inf = float("nan"), float("inf")
    values = {
        "n": nan,
        "p": inf,
        "m": -inf,
        "z": -0.0,
        "f": np.float32("nan"),
        "w": np.array([[1.0, nan], [-inf, inf]]),
    }
    result = make(values, findings=[{"code": "DF0601", "message": "", "inputs": {"a": nan}}], timings={"read": 0.25})
    document = json.loads(result.to_bytes(), parse_constant=pytest.fail)
    assert document["values"] == {
        "n": "NaN", "p": "Infinity", "m": "-Infinity", "z": -0.0, "f": "NaN",
        "w": [[1.0, "NaN"], ["-Infinity", "Infinity"]],
    }  # fmt: skip
    assert '"z": -0.0' in result.to_text()
    assert document["findings"][0]["inputs"] == {"a": "NaN"}
    assert_valid(result.to_bytes())


def test_all_optional_members_read_back(tmp_path: Path) -> None:
    labels = {"J#1": {"owner": "J", "text": "b * c", "line": 12, "column": 8}}
    for cotangent in (2.0, np.float32(0.5), np.array([1.0, float("nan")]), np.zeros((0, 2), np.float32)):
        result = lecture(rows=7, timings={"read": 0.5}, labels=labels, cotangent=cotangent)
        result.write(tmp_path / "g.json", arrays="file")
        assert_valid((tmp_path / "g.json").read_bytes())
        assert_same(result, Result.load(tmp_path / "g.json"))
    assert lecture(cotangent=2).cotangent == 2.0
    assert bits(lecture(cotangent=[1, 2]).cotangent) == bits(np.array([1.0, 2.0]))


def test_a_result_without_target_has_no_gradients(tmp_path: Path) -> None:
    result = make({"a": 1.0}, {})
    result.write(tmp_path / "g.json")
    assert_valid((tmp_path / "g.json").read_bytes())
    loaded = Result.load(tmp_path / "g.json")
    assert (loaded.target, loaded.gradients, loaded.values) == (None, {}, {"a": 1.0})


def test_texts_of_any_kind_read_back(tmp_path: Path) -> None:
    name = 'quote" \\ \n \x00 \u2028 é 中 \U0001f600'
    result = lecture(name=name, data={"caf\udce9.csv": "sha256:00"})
    result.write(tmp_path / "g.json")
    (tmp_path / "g.json").read_bytes().decode("utf-8")
    assert_same(result, Result.load(tmp_path / "g.json"))


def test_large_arrays_go_to_a_file_beside(tmp_path: Path) -> None:
    small, large = np.arange(1000.0), np.arange(1001.0).astype(np.float32)
    result = make({"s": small, "w": large}, {"s": None, "w": -large})
    path = tmp_path / "net.result.json"
    beside, last = result.write(path)
    assert (last, Path(beside).parent) == (str(path), tmp_path)
    document = json.loads(path.read_bytes())
    digest = document["arrays"]["digest"].removeprefix("sha256:")
    assert Path(beside).name == document["arrays"]["file"] == f"net.result-{digest[:16]}.npz"
    assert document["values"]["w"] == {"entry": "values/w"}
    assert document["types"]["w"] == "float32[1001]"
    assert document["values"]["s"][999] == 999.0
    with np.load(beside, allow_pickle=False) as archive:
        assert sorted(archive) == ["gradients/w", "values/w"]
        assert np.array_equal(archive["gradients/w"], -large)
    assert_same(result, Result.load(path))
    assert_valid(path.read_bytes())


def test_arrays_inline_or_in_a_file_as_asked(tmp_path: Path) -> None:
    result = make({"s": 1.0, "e": np.zeros((0, 3)), "w": np.ones(1001)})
    result.write(tmp_path / "inline.json", arrays="inline")
    assert [path.name for path in tmp_path.iterdir()] == ["inline.json"]
    result.write(tmp_path / "file.json", arrays="file")
    values = json.loads((tmp_path / "file.json").read_bytes())["values"]
    assert values == {"s": 1.0, "e": {"entry": "values/e"}, "w": {"entry": "values/w"}}
    with pytest.raises(ValueError, match="'auto', 'inline', 'file'"):
        result.write(tmp_path / "other.json", arrays="both")  # type: ignore[arg-type]


def test_the_same_result_gives_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    result = make({"w": np.arange(5000.0)})
    one = result.write(tmp_path / "one.json")
    monkeypatch.setattr("time.time", lambda: 2_000_000_000.0)
    monkeypatch.setattr("time.localtime", lambda *_: pytest.fail("the clock was read"))
    two = result.write(tmp_path / "two.json")
    assert Path(one[0]).read_bytes() == Path(two[0]).read_bytes()
    assert Path(one[1]).read_bytes().replace(b"one-", b"two-") == Path(two[1]).read_bytes()


def test_the_file_of_arrays_that_is_replaced_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "g.result.json"
    first, _ = make({"w": np.zeros(2000)}).write(path)
    make({"w": np.zeros(2000)}).write(path)
    assert Path(first).exists()
    second, _ = make({"w": np.ones(2000)}).write(path)
    assert sorted(map(str, tmp_path.iterdir())) == sorted([second, str(path)])
    make({"w": 1.0}).write(path)
    assert list(tmp_path.iterdir()) == [path]


def test_no_other_file_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "g.result.json"
    other = tmp_path / "other.result-0123456789abcdef.npz"
    for name in (other.name, "../g.result-0123456789abcdef.npz", "g.result-0123456789abcdef.npz.txt", "precious.npz"):
        precious = tmp_path / name
        precious.write_bytes(b"precious")
        head = '{"dataflow_result": 1, "arrays": {"file": ' + json.dumps(name)
        path.write_text(head)
        make({"w": 1.0}).write(path)
        assert precious.read_bytes() == b"precious"


def test_a_twin_keeps_its_arrays(tmp_path: Path) -> None:
    result = make({"w": np.zeros(2000)})
    assert result.write(tmp_path / "g")[0] == result.write(tmp_path / "g.json")[0]
    make({"w": 1.0}).write(tmp_path / "g.json")
    assert_same(result, Result.load(tmp_path / "g"))


def test_many_rows_are_summarised(tmp_path: Path) -> None:
    rows = 100_001
    x = np.arange(float(rows))
    x[0] = np.inf
    values: dict[str, Any] = {"x": x, "y": np.ones((2, rows), np.float32), "w": np.ones(3), "J": 1.0}
    gradients = {"x": -x, "y": 0.0, "w": np.ones(3), "J": 1.0}
    result = make(values, gradients, rows=rows, unreached=["y"])
    path = tmp_path / "g.json"
    result.write(path, full=frozenset({"y"}))
    assert_valid(path.read_bytes())
    loaded = Result.load(path)
    expected = {"count": rows, "non_finite": 1, "min": 1.0, "mean": 50000.5, "max": 100_000.0}
    assert loaded.values["x"] == expected
    assert loaded.gradients["x"] == expected | {"min": -100_000.0, "mean": -50000.5, "max": -1.0}
    assert loaded.types["x"] == ("float64", (rows,))
    assert loaded.gradients["y"] == 0.0
    assert np.array_equal(loaded.values["y"], values["y"])
    assert loaded.to_bytes(full=frozenset({"y"})) == result.to_bytes(full=frozenset({"y"}))
    make(values, rows=100_000).write(path)
    assert json.loads(path.read_bytes())["values"]["x"] == {"entry": "values/x"}


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (np.zeros((0, 3)), (0, 0, None, None, None)),
        (np.array([np.nan, np.inf]), (2, 2, None, None, None)),
        (np.array([1.5e308, 1.7e308]), (2, 0, 1.5e308, 1.6e308, 1.7e308)),
        (np.array([-1.7e308, -1.7e308]), (2, 0, -1.7e308, -1.7e308, -1.7e308)),
        (np.array([1, 2**62]), (2, 0, 1, 2.0**61, 2**62)),
        (np.array([True, False]), (2, 0, False, 0.5, True)),
        (
            np.full(3, 3e38, np.float32),
            (3, 0, float(np.float32(3e38)), float(np.float32(3e38)), float(np.float32(3e38))),
        ),
    ],
)
def test_summary(values: Any, expected: tuple[Any, ...]) -> None:
    assert tuple(summary(values).values()) == expected
    assert [type(each) for each in summary(values).values()] == [type(each) for each in expected]


def test_a_result_is_frozen() -> None:
    result = lecture()
    with pytest.raises(AttributeError, match="frozen"):
        result.name = "other"
    with pytest.raises(TypeError):
        result.values["J"] = 1.0  # type: ignore[index]
    assert repr(result) == "<Result lecture: 6 values, target J>"


def test_scalar_results_need_no_numpy(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    lecture().write(path)
    code = f"import sys; from dataflow.result import Result; r = Result.load({str(path)!r}); r.write({str(path)!r}); "
    code += "sys.exit('numpy' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


GOOD = lecture().to_text()


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("", "DF0570"),
        ("dataflow: 1\n", "DF0570"),
        ('{"dataflow": 1}', "DF0570"),
        ("[1, 2]", "DF0570"),
        (GOOD.replace('"dataflow_result": 1', '"dataflow_result": 2'), "DF0571"),
        (GOOD.replace('"dataflow_result": 1', '"dataflow_result": true'), "DF0570"),
        (GOOD[:-3], "DF0572"),
        (GOOD.replace('"b": 6.0', '"b": NaN'), "DF0572"),
        (GOOD.replace('"b": 6.0', '"b": "nan"'), "DF0572"),
        (GOOD.replace('"b": 6.0', '"b": [6.0]'), "DF0572"),
        (GOOD.replace('"b": 6.0', '"b": {"entry": "values/b"}'), "DF0572"),
        (GOOD.replace('"b": 6.0', '"b": ' + "9" * 5000), "DF0572"),
        (GOOD.replace('"b": 6.0', '"b": ' + "[" * 30_000 + "]" * 30_000), "DF0572"),
        (GOOD.replace('"b": 6.0,', ""), "DF0572"),
        (GOOD.replace('"b": "float64"', '"b": "complex64"'), "DF0572"),
        (GOOD.replace('"b": "float64"', '"b": "float64[1"'), "DF0572"),
        (GOOD.replace('"b": "float64"', '"b": "int64"'), "DF0572"),
        (GOOD.replace('"target": "J",', ""), "DF0572"),
        (GOOD.replace('"values": {', '"values": [{').replace('  },\n  "gradients"', '  }],\n  "gradients"'), "DF0572"),
        (GOOD.replace('"graph": {', '"arrays": {"file": "../x.npz", "digest": "x"}, "graph": {'), "DF0572"),
        (GOOD.replace('"graph": {', '"arrays": {"file": 5, "digest": "x"}, "graph": {'), "DF0572"),
        (GOOD.replace('"graph": {', '"arrays": {"file": "x.npz", "digest": "x"}, "graph": {'), "DF0573"),
        (GOOD.replace('"graph": {', '"arrays": {"file": "x\\u0000", "digest": "x"}, "graph": {'), "DF0573"),
    ],
)
def test_what_is_no_whole_result_is_refused(tmp_path: Path, content: str, code: str) -> None:
    path = tmp_path / "g.json"
    path.write_text(content)
    with pytest.raises(DataError) as caught:
        Result.load(path)
    assert caught.value.diagnostics[0].code == code


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("float64[2]", "[[1.0], [2.0]]"), ("float64[2]", "[1.0]"), ("float64[2]", "1.0"),
        ("float64[2]", "[1.0, [2.0]]"), ("float64[2]", '[1.0, "x"]'), ("float64[2]", "[1.0, null]"),
        ("int64[2]", "[1.0, 2.0]"), ("int8[2]", "[1, 300]"),
        ("bool[2]", "[0, 1]"), ("uint64[2]", "[1, -1]"), ("int64[1]", "[9223372036854775808]"),
        ("float32[1]", "[0.1]"), ("float64[0,3]", "[1.0]"), ("int8", "300"), ("uint8", "-1"), ("bool", "1"),
    ],
)  # fmt: skip
def test_values_that_do_not_fit_their_type_are_refused(tmp_path: Path, kind: str, text: str) -> None:
    path = tmp_path / "g.json"
    content = GOOD.replace('"b": 3.0', f'"b": {text}').replace('"b": 6.0', '"b": null')
    path.write_text(content.replace('"b": "float64"', f'"b": "{kind}"'))
    with pytest.raises(DataError, match="DF0572"):
        Result.load(path)


def test_members_that_a_later_release_adds_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    path.write_text(GOOD.replace('"target"', '"novelty": [1], "target"'))
    assert_same(lecture(), Result.load(path))


def test_a_file_of_arrays_that_does_not_agree_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "g.json"
    beside = Path(make({"w": np.zeros(2000)}).write(path)[0])
    whole = beside.read_bytes()
    beside.write_bytes(whole[:500] + b"\x01" + whole[501:])
    with pytest.raises(DataError, match="DF0574"):
        Result.load(path)
    beside.unlink()
    with pytest.raises(DataError, match="DF0573"):
        Result.load(path)
    with pytest.raises(ResourceError, match="DF0801"):
        Result.load(tmp_path / "missing.json")


def forge(folder: Path, content: bytes) -> Path:
    """A result whose file of arrays has the right digest and this content."""
    from hashlib import sha256

    path = folder / "g.json"
    make({"w": np.zeros(2000)}).write(path)
    document = json.loads(path.read_bytes())
    (folder / document["arrays"]["file"]).write_bytes(content)
    document["arrays"]["digest"] = "sha256:" + sha256(content).hexdigest()
    path.write_text(json.dumps(document))
    return path


def test_forged_arrays_are_refused_and_never_unpickled(tmp_path: Path) -> None:
    import io

    def pack(save: Any, *arguments: Any, **members: Any) -> bytes:
        stream = io.BytesIO()
        save(stream, *arguments, **members)
        return stream.getvalue()

    honest = pack(np.savez, **{"values/w": np.zeros(2000)})
    lying = honest.replace(b"(2000,)", b"(9000,)")
    crc = honest.replace(b"(2000,), }", b"(9**9,), }")
    objects = pack(np.savez, allow_pickle=True, **{"values/w": np.array([{}], dtype=object)})
    squeezed = pack(np.savez_compressed, **{"values/w": np.zeros(2000)})
    wrong = [pack(np.savez, **{"values/w": value}) for value in (np.zeros(1999), np.zeros(2000, np.float32))]
    columns = pack(np.savez, **{"values/w": np.asfortranarray(np.zeros((2, 1000)))})
    for content in (b"", b"PK\x03\x04", honest[:-30], lying, crc, objects, squeezed, *wrong, columns):
        with pytest.raises(DataError, match="DF0572"):
            Result.load(forge(tmp_path, content))
    assert np.array_equal(Result.load(forge(tmp_path, honest)).values["w"], np.zeros(2000))


def test_a_result_that_is_replaced_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dataflow.result import arrayfile

    path = tmp_path / "g.json"
    make({"w": np.zeros(2000)}).write(path)
    later = make({"w": np.ones(2000)})
    digest = arrayfile.digest_file

    def replace_first(beside: str) -> str:
        monkeypatch.setattr(arrayfile, "digest_file", digest)
        later.write(path)
        return digest(beside)

    monkeypatch.setattr(arrayfile, "digest_file", replace_first)
    assert_same(later, Result.load(path))


def test_a_result_that_is_replaced_twice_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By another and by the same again: what was missing is there, though the JSON is what it was."""
    from dataflow.result import arrayfile, decoding

    path = tmp_path / "g.json"
    first, second = make({"w": np.zeros(2000)}), make({"w": np.ones(2000)})
    first.write(path)
    digest, missing = arrayfile.digest_file, decoding._missing

    def replace(beside: str) -> str:
        monkeypatch.setattr(arrayfile, "digest_file", digest)
        second.write(path)
        return digest(beside)

    def replace_again(path: str, name: str) -> DataError:
        first.write(path)
        return missing(path, name)

    monkeypatch.setattr(arrayfile, "digest_file", replace)
    monkeypatch.setattr(decoding, "_missing", replace_again)
    assert_same(first, Result.load(path))
