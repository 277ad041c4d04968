"""Worker processes: they outlive no function, stand in no fork's way, are shared by shapes, and fail in silence."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import dataflow
from dataflow.compilation.arrays import MOST, ArrayFunction
from dataflow.program.processes import OnProcesses

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="what a process has open is read off /proc")

CHAIN = ", ".join(f"h{index}: tanh(h{index - 1} * a + {index})" for index in range(1, 20))
GRAPH = (
    "{dataflow: 1, inputs: {x: {shape: [rows]}}, parameters: {a: 0.5}, "
    f"nodes: {{h0: x * a, {CHAIN}, J: mean(h19 ** 2)}}, target: J}}"
)
ROWS = 400_000


def make_data(rows: int = ROWS) -> Any:
    return np.random.default_rng(3).normal(size=rows)


def compile_chain(rows: int = ROWS) -> dataflow.Compiled:
    """A function that is run by two processes."""
    run = dataflow.compile(dataflow.loads(GRAPH), wrt=["a"], inputs={"x": make_data(rows)}, workers=2)
    assert run.explain()[-1] == "run by 2 processes"
    return run


def count_open() -> int:
    return len(os.listdir("/proc/self/fd"))


def list_children() -> list[int]:
    """The processes that this one has started and that are still there."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
            except OSError:  # it is gone
                continue
            if int(parent) == os.getpid() and state != "Z":
                found.append(int(entry.name))
    return found


def fork() -> int:
    """0 in a forked child, which is ended after a minute; its number in the parent."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of a fork beside threads
        child = os.fork()
    if child == 0:
        signal.alarm(60)
    return child


def fork_and_call(run: dataflow.Compiled, a: float) -> Any:
    """The gradient that a forked child computes."""
    reading, writing = os.pipe()
    child = fork()
    if child == 0:
        try:
            os.write(writing, pickle.dumps(run({"a": a}).gradients["a"]))
        finally:
            os._exit(0)
    os.close(writing)
    with open(reading, "rb") as stream:
        found = stream.read()
    os.waitpid(child, 0)
    return pickle.loads(found)


def test_a_forked_child_may_call_too() -> None:
    run = compile_chain()
    expected = [run({"a": a}).gradients["a"] for a in (0.2, 0.3)]
    assert fork_and_call(run, 0.3) == expected[1]
    assert [run({"a": a}).gradients["a"] for a in (0.2, 0.3)] == expected


def test_what_processes_gave_is_a_forked_childs_own() -> None:
    run = dataflow.compile(dataflow.loads(GRAPH), wrt=["x", "a"], outputs=["h0", "h9"], workers=2)
    x = make_data()
    assert run.explain({"x": x})[-1] == "run by 2 processes"
    run({"x": x})  # whose result is gone, and its memory free for the next
    found = run({"x": x})
    expected = [array.copy() for array in (found.values["h0"], found.values["h9"], found.gradients["x"])]
    go, going = os.pipe()
    told, telling = os.pipe()
    child = fork()
    if child == 0:
        try:
            found.values["h0"][:] = 7
            os.write(telling, b".")
            os.read(go, 1)  # until the parent has written to what it has
            same = [np.array_equal(found.values["h9"], expected[1]), np.array_equal(found.gradients["x"], expected[2])]
            os.write(telling, b"=" if all(same) and (found.values["h0"] == 7).all() else b"!")
        finally:
            os._exit(0)
    assert os.read(told, 1) == b"."
    assert np.array_equal(found.values["h0"], expected[0])
    found.values["h9"][:] = 8
    found.gradients["x"][:] = 9
    os.write(going, b".")
    assert os.read(told, 1) == b"="
    os.waitpid(child, 0)
    for descriptor in (go, going, told, telling):
        os.close(descriptor)


def test_a_forked_child_may_call_what_ran_on_threads() -> None:
    rng = np.random.default_rng(5)
    data = {"X": rng.normal(size=(512, 512)), "W": rng.normal(size=(512, 512))}
    text = "{dataflow: 1, inputs: {X: {shape: [512, 512]}}, parameters: {W: {shape: [512, 512]}, a: 1}, "
    run = dataflow.compile(dataflow.loads(text + "nodes: {J: mean(tanh(a * (X @ W)))}, target: J}"), inputs=data,
                           wrt=["a"], workers=2)  # fmt: skip
    expected = run({"a": 0.7}).gradients["a"]
    assert fork_and_call(run, 0.7) == expected


def test_nothing_is_left_when_a_function_is_gone() -> None:
    compile_chain()({"a": 0.1})
    gc.collect()
    opened, children = count_open(), len(list_children())
    run = compile_chain()
    run({"a": 0.1})
    assert count_open() > opened
    assert len(list_children()) > children
    del run
    gc.collect()
    assert count_open() == opened
    assert len(list_children()) == children


def test_a_worker_that_hangs_is_ended() -> None:
    before = set(list_children())
    run = compile_chain()
    run({"a": 0.1})
    for worker in set(list_children()) - before:
        os.kill(worker, signal.SIGSTOP)
    del run
    gc.collect()
    assert set(list_children()) <= before


def test_any_number_of_shapes_has_the_same_workers_and_a_bounded_store() -> None:
    before = len(list_children())
    run = dataflow.compile(dataflow.loads(GRAPH), wrt=["a"], workers=2)
    function = run._function
    assert isinstance(function, ArrayFunction)
    for rows in (400_000, 300_000, 350_000, 400_000):
        x = make_data(rows)
        assert run({"x": x, "a": 0.1}).gradients["a"] == pytest.approx(
            dataflow.execute(dataflow.loads(GRAPH), {"x": x, "a": 0.1}).gradients["a"], rel=1e-12
        )
        last = list(function._specialised.values())[-1]
        assert last is not None
        assert isinstance(last._workers, OnProcesses)
    assert len(list_children()) == before + 1
    for rows in range(1, MOST + 10):
        run({"x": make_data(rows), "a": 0.1})
    assert len(function._specialised) == MOST


def test_what_fails_in_a_worker_is_told_once(capfd: pytest.CaptureFixture[str]) -> None:
    steps = ", ".join(f"h{index}: tanh(h{index - 1} + {index})" for index in range(1, 20))
    declared = "w: {shape: [rows_of_w]}, i: {shape: [rows], dtype: int64}, a: 1"
    text = f"{{dataflow: 1, inputs: {{{declared}}}, nodes: {{h0: 'take(w, i) * a', {steps}, J: mean(h19)}}, target: J}}"
    indices = np.ones(ROWS, np.int64)
    run = dataflow.compile(dataflow.loads(text), wrt=["w"], inputs={"i": indices}, workers=2)
    assert run({"w": np.arange(5.0)}).gradients["w"].shape == (5,)
    indices[-1] = 4
    run = dataflow.compile(dataflow.loads(text), wrt=["w"], inputs={"i": indices}, workers=2)
    assert run({"w": np.arange(5.0)}).gradients["w"].shape == (5,)
    assert run.explain({"w": np.arange(5.0)})[-1] == "run by 2 processes"
    indices[-1] = 5
    run = dataflow.compile(dataflow.loads(text), wrt=["w"], inputs={"i": indices}, workers=2)
    with pytest.raises(dataflow.DataflowError, match="`take` cannot be applied: index 5"):
        run({"w": np.arange(5.0)})
    assert capfd.readouterr() == ("", "")


class StoppedError(Exception):
    """What a handler raises."""


def test_what_the_handler_of_a_signal_raises_ends_the_call() -> None:
    def stop(*_: object) -> None:
        raise StoppedError

    def repeat() -> None:
        while True:
            run({"a": 0.9})

    run = compile_chain()
    expected = run({"a": 0.2}).gradients["a"]
    before = signal.signal(signal.SIGALRM, stop)
    try:
        for delay in (0.011, 0.023, 0.037):
            signal.setitimer(signal.ITIMER_REAL, delay)
            with pytest.raises(StoppedError):
                repeat()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    time.sleep(0.01)
    assert run({"a": 0.2}).gradients["a"] == expected
