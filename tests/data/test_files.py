"""Files are opened inside the graph's folder only, and only if they are regular files."""

from __future__ import annotations

import errno
import os
import socket
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
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outside")
    np.save(folder / "secret.npy", [1.0])
    return folder


def test_a_file_in_a_folder_below_is_read(tmp_path: Path, read: Read) -> None:
    (tmp_path / "deep" / "er").mkdir(parents=True)
    np.save(tmp_path / "deep" / "er" / "x.npy", [1.0, 2.0])
    assert read("deep/er/x.npy").array.tolist() == [1.0, 2.0]
    assert read("./deep/../deep/er/x.npy").array.tolist() == [1.0, 2.0]


def test_the_graphs_folder_may_itself_be_reached_through_a_link(tmp_path: Path, outside: Path) -> None:
    (tmp_path / "link").symlink_to(outside)
    loaded = DataFiles(str(tmp_path / "link")).read(Input(source="secret.npy"))
    assert loaded.array.tolist() == [1.0]


def test_a_link_that_stays_inside_is_followed(tmp_path: Path, read: Read) -> None:
    np.save(tmp_path / "x.npy", [3.0])
    (tmp_path / "again.npy").symlink_to("x.npy")
    assert read("again.npy").array.tolist() == [3.0]


@pytest.mark.parametrize("name", ["../secret.npy", "a/../../secret.npy", "/etc/passwd", "C:\\x.npy", "\\\\host\\x.npy"])
def test_paths_that_lead_outside_are_refused(refused: Refused, name: str) -> None:
    problem = refused(name)
    assert (problem.code, problem.path) == ("DF0520", ("inputs", "x", "source"))
    assert "--data-root" in str(problem.hint)


def test_a_folder_whose_name_begins_alike_is_outside(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data2").mkdir()
    np.save(tmp_path / "data2" / "x.npy", [1.0])
    with pytest.raises(DataError, match="DF0520"):
        DataFiles(str(tmp_path / "data")).read(Input(source="../data2/x.npy"))


def test_a_link_to_a_file_outside_is_refused(tmp_path: Path, outside: Path, refused: Refused) -> None:
    (tmp_path / "x.npy").symlink_to(outside / "secret.npy")
    assert refused("x.npy").code == "DF0520"
    assert "link" in refused("x.npy").message


def test_a_link_to_a_folder_outside_is_refused(tmp_path: Path, outside: Path, refused: Refused) -> None:
    (tmp_path / "data").symlink_to(outside)
    assert refused("data/secret.npy").code == "DF0520"


def test_data_root_is_where_sources_are_then_looked_up(outside: Path, read: Read, refused: Refused) -> None:
    assert read("secret.npy", root=str(outside)).array.tolist() == [1.0]
    assert refused("../secret.npy", root=str(outside)).code == "DF0520"


def test_a_graph_without_a_folder_reads_from_the_current_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "x.npy", [4.0])
    monkeypatch.chdir(tmp_path)
    assert DataFiles().read(Input(source="x.npy")).array.tolist() == [4.0]


@pytest.mark.parametrize("name", ["https://example.org/x.npy", "file:///etc/passwd", "s3://bucket/x.npy"])
def test_addresses_are_refused(refused: Refused, name: str) -> None:
    assert refused(name).code == "DF0521"


@pytest.mark.parametrize("name", ["", "x\0.npy", "\ud800.npy", "#w", "n" * 5000 + ".npy"])
def test_what_cannot_be_a_file_name_is_refused(refused: Refused, name: str) -> None:
    assert refused(name).code == "DF0521"


def test_a_missing_file_is_answered_with_the_one_meant(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "data").mkdir()
    np.save(tmp_path / "data" / "prices.npy", [1.0])
    problem = refused("data/price.npy")
    assert (problem.code, problem.hint) == ("DF0522", "did you mean `data/prices.npy`?")
    assert refused("dat/prices.npy").hint == "there is no folder `dat`"
    assert refused("data\\prices.npy").hint == "write `data/prices.npy`"
    assert refused("data/prices.npy/x.npy").code == "DF0522"


def test_a_link_to_nothing_is_a_missing_file(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "x.npy").symlink_to("gone.npy")
    assert refused("x.npy").code == "DF0522"


def test_a_link_to_itself_is_refused(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "x.npy").symlink_to("x.npy")
    assert refused("x.npy").code == "DF0523"


def test_what_is_not_a_regular_file_is_refused_without_waiting(tmp_path: Path, refused: Refused) -> None:
    (tmp_path / "folder.npy").mkdir()
    os.mkfifo(tmp_path / "pipe.npy")
    with socket.socket(socket.AF_UNIX) as listener:
        here = os.getcwd()
        os.chdir(tmp_path)  # the path of a socket may not be long
        try:
            listener.bind("socket.npy")
        finally:
            os.chdir(here)
        for name, what in (("folder", "a folder"), ("pipe", "a pipe"), ("socket", "a socket")):
            problem = refused(f"{name}.npy")
            assert problem.code == "DF0523"
            assert what in problem.message


def test_a_device_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a device"):
        load_array_file("/dev/zero")


@pytest.mark.parametrize("replacement", ["pipe", "link", "file"])
def test_a_file_swapped_before_it_is_opened_is_refused(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch, refused: Refused, replacement: str
) -> None:
    target = tmp_path / "x.npy"
    np.save(target, [1.0])
    system_open = os.open

    def open_after_swap(path: Any, *arguments: Any, **options: Any) -> int:
        if os.fspath(path) == str(target):
            target.rename(tmp_path / "old.npy")
            if replacement == "pipe":
                os.mkfifo(target)
            elif replacement == "link":
                target.symlink_to(outside / "secret.npy")
            else:
                np.save(target, [2.0])
        return system_open(path, *arguments, **options)

    monkeypatch.setattr(os, "open", open_after_swap)
    assert refused("x.npy").code in ("DF0523", "DF0534")


@pytest.mark.parametrize(
    ("error", "code"), [(PermissionError(errno.EACCES, "no"), "DF0561"), (OSError(errno.EIO, "I/O error"), "DF0562")]
)
def test_what_the_system_refuses_is_a_matter_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: OSError, code: str
) -> None:
    np.save(tmp_path / "x.npy", [1.0])

    def fail(*arguments: Any, **options: Any) -> int:
        raise error

    monkeypatch.setattr(os, "open", fail)
    with pytest.raises(ResourceError) as caught:
        DataFiles(str(tmp_path)).read(Input(source="x.npy"))
    assert caught.value.diagnostics[0].code == code
    assert caught.value.exit_code == 4
