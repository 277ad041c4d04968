"""One run reads each file once, and what it reads is what the entry declares."""

from __future__ import annotations

import builtins
import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dataflow.data import DataFiles, Loaded, load_array_file
from dataflow.errors import DataError, Diagnostic, ResourceError
from dataflow.graph import Input

Read = Callable[..., Loaded]
Refused = Callable[..., Diagnostic]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were opened."""
    names: list[str] = []
    system_open = os.open

    def record(path: Any, *arguments: Any, **options: Any) -> int:
        names.append(os.path.basename(path))
        return system_open(path, *arguments, **options)

    monkeypatch.setattr(os, "open", record)
    return names


def test_what_is_loaded_is_read_only_in_c_order_with_the_digest_of_the_bytes(tmp_path: Path, read: Read) -> None:
    np.save(tmp_path / "x.npy", np.asfortranarray(np.arange(6.0).reshape(2, 3)))
    loaded = read("x.npy", shape=("rows", 3))
    assert loaded.array.flags.c_contiguous
    assert not loaded.array.flags.writeable
    assert loaded.digest == "sha256:" + hashlib.sha256((tmp_path / "x.npy").read_bytes()).hexdigest()
    assert loaded.file == "x.npy"


def test_a_table_is_opened_once_for_all_that_is_expected_of_it(tmp_path: Path, opened: list[str]) -> None:
    (tmp_path / "t.csv").write_text("a,b,c\n1,2,3\n4,5,6\n")
    columns: list[Any] = ["a", ("c", "a"), "b"]
    entries = [Input(source="t.csv", columns=column) for column in columns]
    files = DataFiles(str(tmp_path), entries=entries)
    arrays = [files.read(entry).array.tolist() for entry in entries]
    assert arrays == [[1.0, 4.0], [[3.0, 1.0], [6.0, 4.0]], [2.0, 5.0]]
    assert opened == ["t.csv"]


def test_an_archive_is_opened_once_for_all_its_entries(tmp_path: Path, opened: list[str]) -> None:
    np.savez(tmp_path / "w.npz", a=[1.0], b=[2.0])
    entries = [Input(source="w.npz#a"), Input(source="w.npz#b"), Input(source="w.npz#a", shape=(1,))]
    opened.clear()
    files = DataFiles(str(tmp_path), entries=entries)
    assert [files.read(entry).array.tolist() for entry in entries] == [[1.0], [2.0], [1.0]]
    assert opened == ["w.npz"]


def test_what_was_not_expected_is_read_as_well(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    files = DataFiles(str(tmp_path), entries=[Input(source="t.csv", columns="a")])
    assert files.read(Input(source="t.csv", columns="a")).array.tolist() == [1.0]
    assert files.read(Input(source="t.csv", columns="b")).array.tolist() == [2.0]


def test_a_file_that_changes_during_the_run_is_refused(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,2\n")
    files = DataFiles(str(tmp_path))
    files.read(Input(source="t.csv", columns="a"))
    (tmp_path / "t.csv").write_text("a,b\n1,3\n")
    with pytest.raises(DataError, match="DF0534"):
        files.read(Input(source="t.csv", columns="b"))


def test_a_file_replaced_while_it_is_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused
) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n")
    (tmp_path / "new.csv").write_text("a\n2\n")
    digest = hashlib.file_digest

    def replace_then_digest(*arguments: Any) -> Any:
        os.replace(tmp_path / "new.csv", tmp_path / "t.csv")
        return digest(*arguments)

    monkeypatch.setattr(hashlib, "file_digest", replace_then_digest)
    assert refused("t.csv").code == "DF0534"


def test_one_bad_column_does_not_spoil_the_others(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,b\n1,x\n2,y\n")
    good, bad, unknown = (Input(source="t.csv", columns=name) for name in ("a", "b", "c"))
    files = DataFiles(str(tmp_path), entries=[good, bad, unknown])
    assert files.read(good).array.tolist() == [1.0, 2.0]
    for entry, code in ((bad, "DF0541"), (unknown, "DF0537")):
        with pytest.raises(DataError) as caught:
            files.read(entry, ("parameters", "w"))
        assert caught.value.diagnostics[0].code == code
        assert caught.value.diagnostics[0].path == ("parameters", "w", "column")


@pytest.mark.parametrize("name", ["x", "x.txt", "x.pkl", "x.npy.gz", "#x.npy.zip"])
def test_other_formats_are_refused(tmp_path: Path, refused: Refused, name: str) -> None:
    (tmp_path / name).write_bytes(b"data")
    assert refused(name if "#" not in name else f"{name}#w").code == "DF0524"


def test_a_mistyped_format_is_answered_with_the_one_meant(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "x.parqet").write_bytes(b"data")
    assert refused("x.parqet").hint == "did you mean `.parquet`?"


def test_the_last_hash_separates_file_and_entry(tmp_path: Path, read: Read) -> None:
    np.savez(tmp_path / "a#b.npz", w=[5.0])
    assert read("a#b.npz#w").array.tolist() == [5.0]


def test_the_case_of_a_suffix_does_not_matter(tmp_path: Path, read: Read) -> None:
    (tmp_path / "T.CSV").write_text("a\n1\n")
    assert read("T.CSV").array.tolist() == [1.0]


def test_entries_and_columns_belong_to_their_formats(tmp_path: Path, refused: Refused) -> None:
    np.save(tmp_path / "x.npy", [1.0])
    np.savez(tmp_path / "w.npz", w=[1.0])
    (tmp_path / "t.csv").write_text("age\n1\n")
    assert refused("x.npy#w").code == "DF0531"
    assert refused("x.npy#").code == "DF0531"
    problem = refused("t.csv#age")
    assert (problem.code, problem.hint) == ("DF0531", "add `column: age`")
    problem = refused("x.npy", columns="age")
    assert (problem.code, problem.path[2:]) == ("DF0535", ("column",))
    problem = refused("w.npz#w", columns=("a", "b"))
    assert (problem.code, problem.path[2:]) == ("DF0535", ("columns",))


def test_one_npy_may_be_asked_for_rightly_and_wrongly(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", [1.0])
    entries = [Input(source="x.npy"), Input(source="x.npy#w")]
    files = DataFiles(str(tmp_path), entries=entries)
    assert files.read(entries[0]).array.tolist() == [1.0]
    with pytest.raises(DataError, match="DF0531"):
        files.read(entries[1])


@pytest.mark.parametrize(
    ("name", "library", "extra"), [("x.parquet", "pyarrow", "parquet"), ("x.safetensors", "safetensors", "safetensors")]
)
def test_a_missing_library_names_the_extra_that_brings_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, library: str, extra: str
) -> None:
    (tmp_path / name).write_bytes(b"data")
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(ResourceError) as caught:
        DataFiles(str(tmp_path)).read(Input(source=name))
    (problem,) = caught.value.diagnostics
    assert (problem.code, problem.hint) == ("DF0560", f'pip install "dataflow-autodiff[{extra}]"')


def test_memory_that_does_not_suffice_is_a_diagnostic(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "t.csv").write_text("a\n1\n")

    def fail(*arguments: Any, **options: Any) -> Any:
        raise MemoryError

    monkeypatch.setattr(np, "loadtxt", fail)
    with pytest.raises(ResourceError, match="DF0563"):
        DataFiles(str(tmp_path)).read(Input(source="t.csv"))


def test_the_command_line_may_name_any_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "x.npy", [[1.0, 2.0]])
    np.savez(tmp_path / "w.npz", w=[3.0])
    (tmp_path / "t.csv").write_text("age,weight\n30,70\n")
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert load_array_file("../x.npy", shape=("rows", 2)).array.tolist() == [[1.0, 2.0]]
    assert load_array_file(str(tmp_path / "x.npy"), dtype="float32").array.dtype == np.float32
    assert load_array_file("../w.npz#w").array.tolist() == [3.0]
    loaded = load_array_file("../t.csv#weight", dtype="int64")
    assert (loaded.array.tolist(), loaded.file) == ([70], "../t.csv")


@pytest.mark.parametrize(
    ("source", "code"), [("t.csv", "DF0536"), ("t.csv#wait", "DF0537"), ("gone.npy", "DF0522"), ("t.csv#age", "DF0548")]
)
def test_problems_of_the_command_line_have_no_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, source: str, code: str
) -> None:
    (tmp_path / "t.csv").write_text("age,weight\n30,70\n")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError) as caught:
        load_array_file(source, shape=(2,))
    (problem,) = caught.value.diagnostics
    assert (problem.code, problem.path) == (code, ())


def test_importing_needs_no_large_library() -> None:
    names = "numpy", "pyarrow", "safetensors", "csv", "json", "zipfile", "hashlib"
    code = f"import sys; before = set(sys.modules); import dataflow.data; " \
           f"print(sorted(set({names!r}) & (set(sys.modules) - before)))"  # fmt: skip
    paths = os.pathsep.join(path for path in sys.path if path)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONPATH": paths}
    )
    assert done.stdout.strip() == "[]"


def test_nothing_is_ever_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused) -> None:
    import pickle

    class Bomb:
        def __reduce__(self) -> tuple[Any, tuple[str]]:
            return builtins.exec, (f"open({str(tmp_path / 'exploded')!r}, 'w')",)

    (tmp_path / "x.npy").write_bytes(pickle.dumps(Bomb()))
    np.save(tmp_path / "y.npy", np.array([Bomb()], dtype=object), allow_pickle=True)
    np.savez(tmp_path / "z.npz", allow_pickle=True, w=np.array([Bomb()], dtype=object))
    assert [refused(name).code for name in ("x.npy", "y.npy", "z.npz#w")] == ["DF0527"] * 3
    assert not (tmp_path / "exploded").exists()
