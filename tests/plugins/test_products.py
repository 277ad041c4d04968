"""Products and diagonals against NumPy, autograd and numbers worked out by hand."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import autograd
import autograd.numpy as anp
import numpy as np
import pytest

import dataflow
from tests.plugins.slopes import LINEAR, OPERATORS, XP, by_steps, check, close, draw, slope


@pytest.fixture(autouse=True)
def quiet() -> Any:
    with np.errstate(all="ignore"):
        yield


def compare(name: str, oracle: Callable[..., Any], inputs: tuple[Any, ...], **attributes: Any) -> None:
    """Value and cotangents are autograd's, and float32 stays what it is."""
    z = OPERATORS[name].forward(XP, *inputs, **attributes)
    close(z, oracle(*inputs))
    g = draw(*np.shape(z), seed=3)
    narrow = tuple(x.astype(np.float32) for x in inputs)
    assert OPERATORS[name].forward(XP, *narrow, **attributes).dtype == np.float32
    for place in range(len(inputs)):
        expected = autograd.grad(lambda *xs: anp.sum(g * oracle(*xs)), place)(*inputs)
        close(take(name, inputs, g, place, attributes), expected)
        assert take(name, narrow, g.astype(np.float32), place, attributes).dtype == np.float32


def take(name: str, inputs: tuple[Any, ...], g: Any, place: int, attributes: dict[str, Any]) -> Any:
    if name != "einsum":
        return slope(name, inputs, g, place, **attributes)
    backward: Any = OPERATORS[name].backward
    return backward["xs"](XP, g, None, *inputs, **attributes)[place]


# --- products ---


@pytest.mark.parametrize(("first", "second"), [((3,), (2,)), ((4, 3), (2,)), ((4, 1, 3), (5, 2)), ((1,), (1,))])
def test_outer(first: Any, second: Any) -> None:
    compare("outer", lambda x, y: x[..., :, None] * y[..., None, :], (draw(*first), draw(*second, seed=2)))


@pytest.mark.parametrize(
    ("first", "second"), [((2, 3), (4, 2)), ((3,), (2,)), ((3,), (2, 2)), ((2, 2), (3,)), ((1, 1), (2, 3))]
)
def test_kron(first: Any, second: Any) -> None:
    x, y = draw(*first), draw(*second, seed=2)
    close(XP.kron(x, y), np.kron(x, y))
    g = draw(*np.kron(x, y).shape, seed=3)
    close(slope("kron", (x, y), g, 0), by_steps(lambda x: np.kron(x, y), x, g, LINEAR))
    close(slope("kron", (x, y), g, 1), by_steps(lambda y: np.kron(x, y), y, g, LINEAR))


def test_kron_of_batches() -> None:
    x, y = draw(3, 1, 2, 2), draw(4, 1, 3, seed=2)
    z = XP.kron(x, y)
    assert z.shape == (3, 4, 2, 6)
    for i, k in np.ndindex(3, 4):
        close(z[i, k], np.kron(x[i, 0], y[k]))


@pytest.mark.parametrize(
    ("first", "second", "axis"),
    [((3,), (3,), -1), ((4, 3), (3,), -1), ((3, 2), (3, 2), 0), ((5, 3, 1), (3, 4), -2), ((2, 3, 1), (1, 3, 2), 1)],
)
def test_cross(first: Any, second: Any, axis: int) -> None:
    x, y = draw(*first), draw(*second, seed=2)
    oracle = lambda x, y: np.linalg.cross(*np.broadcast_arrays(x, y), axis=axis)  # noqa: E731
    close(XP.cross(x, y, axis=axis), oracle(x, y))
    g = draw(*oracle(x, y).shape, seed=3)
    close(slope("cross", (x, y), g, 0, axis=axis), by_steps(lambda x: oracle(x, y), x, g, LINEAR))
    close(slope("cross", (x, y), g, 1, axis=axis), by_steps(lambda y: oracle(x, y), y, g, LINEAR))


@pytest.mark.parametrize("n", [1, 2, 3, 6, 7, -1, -2, -5])
def test_powers_of_matrices(n: int) -> None:
    x = 0.3 * draw(2, 3, 3) + np.eye(3)

    def oracle(x: Any) -> Any:
        factor = anp.linalg.inv(x) if n < 0 else x
        z = factor
        for _ in range(abs(n) - 1):
            z = anp.matmul(z, factor)
        return z

    compare("matrix_power", oracle, (x,), n=n)
    close(XP.matrix_power(x, n=n), np.linalg.matrix_power(x, n))


def test_the_power_0_is_the_identity_of_any_matrix() -> None:
    x = np.full((2, 3, 3), np.nan)
    close(XP.matrix_power(x, n=0), np.broadcast_to(np.eye(3), (2, 3, 3)))
    close(slope("matrix_power", (x,), draw(2, 3, 3), n=0), np.zeros((2, 3, 3)))
    assert XP.matrix_power(np.zeros((0, 0)), n=0).shape == (0, 0)


def test_a_singular_member_has_no_inverse_power_and_leaves_the_others_alone() -> None:
    x = np.array([[[1.0, 2.0], [2.0, 4.0]], [[2.0, 0.0], [0.0, 1.0]]])
    z = XP.matrix_power(x, n=-2)
    assert np.isnan(z[0]).all()
    close(z[1], np.diag([0.25, 1.0]))
    assert np.isfinite(slope("matrix_power", (x,), np.ones((2, 2, 2)), n=-2)[1]).all()


# --- diagonals ---


@pytest.mark.parametrize("shape", [(3, 3), (2, 4), (4, 2), (5, 2, 3), (1, 1), (2, 1, 3, 2)])
@pytest.mark.parametrize("offset", [-3, -1, 0, 1, 2])
def test_diagonals(shape: Any, offset: int) -> None:
    x = draw(*shape)
    check("diagonal", lambda x: np.linalg.diagonal(x, offset=offset), x, LINEAR, offset=offset)
    check("trace", lambda x: np.linalg.trace(x, offset=offset), x, LINEAR, offset=offset)
    g = draw(*np.linalg.diagonal(x, offset=offset).shape)
    close(np.linalg.diagonal(XP.put_diagonal(g, offset=offset, shape=shape), offset=offset), g)
    close(slope("put_diagonal", (g,), x, offset=offset, shape=shape), np.linalg.diagonal(x, offset=offset))


def run(text: str, x: Any) -> dataflow.Result:
    document = {"dataflow": 1, "inputs": {"x": x}, "nodes": {"z": text}, "target": "z"}
    return dataflow.execute(dataflow.loads(json.dumps(document)))


def test_what_is_beside_the_diagonal_gets_nothing() -> None:
    result = run("trace(log(x))", [[1.0, 0.0], [0.0, 2.0]])
    np.testing.assert_allclose(result.gradients["x"], [[1.0, 0.0], [0.0, 0.5]])


def test_infinity_may_be_written_in_a_graph() -> None:
    result = run("vector_norm(x, ord=inf)", [1.0, -3.0])
    assert result.values["z"] == 3.0
    assert np.asarray(result.gradients["x"]).tolist() == [0.0, -1.0]


# --- einsum ---

EQUATIONS: list[tuple[str, list[tuple[int, ...]]]] = [
    ("ij,jk->ik", [(2, 3), (3, 4)]), ("ij,jk", [(2, 3), (3, 4)]), ("ba", [(2, 3)]), ("ij->", [(2, 3)]),
    ("ij->j", [(2, 3)]), ("i,j->ij", [(2,), (3,)]), ("...ij,...jk->...ik", [(5, 2, 3), (5, 3, 4)]),
    ("bij,bjk,bk->bi", [(2, 3, 4), (2, 4, 2), (2, 2)]), ("ij,j,k,kl->il", [(2, 3), (3,), (4,), (4, 2)]),
    ("bqhd,bkhd->bhqk", [(2, 3, 2, 4), (2, 5, 2, 4)]), ("i,i,i", [(3,), (3,), (3,)]), ("ij,k->k", [(2, 3), (4,)]),
    (" i j , j k -> k i ", [(20, 30), (30, 25)]),
]  # fmt: skip
NOT_IN_AUTOGRAD: list[tuple[str, list[tuple[int, ...]]]] = [
    ("ii->i", [(3, 3)]), ("ii", [(3, 3)]), ("iii->i", [(2, 2, 2)]), ("iij,j->ij", [(2, 2, 3), (3,)]),
    ("ijij->ji", [(2, 3, 2, 3)]), ("ijkji->k", [(2, 3, 4, 3, 2)]), ("...ii->...", [(4, 3, 3)]),
    ("...ij,...jk", [(5, 1, 2, 3), (4, 3, 2)]), ("...,...", [(), (2,)]), ("i...,i...->...", [(3, 2), (3, 2)]),
    ("ij,jk->ik", [(2, 1), (3, 4)]), ("ij,ij->ij", [(1, 3), (2, 3)]), ("i,i->", [(1,), (3,)]),
    ("ii,i->i", [(1, 1), (3,)]), ("ij,jk,kl->il", [(2, 1), (3, 1), (5, 4)]), ("ij,jk->ik", [(2, 0), (0, 3)]),
    (",i->i", [(), (3,)]), ("i->", [(0,)]), ("a...b,b...->...a", [(2, 4, 1, 3), (3, 5)]),
]  # fmt: skip


@pytest.mark.parametrize(("equation", "shapes"), EQUATIONS)
def test_equations(equation: str, shapes: Any) -> None:
    xs = tuple(draw(*shape, seed=seed) for seed, shape in enumerate(shapes))
    compare("einsum", lambda *xs: anp.einsum(equation.replace(" ", ""), *xs), xs, equation=equation)


@pytest.mark.parametrize(("equation", "shapes"), NOT_IN_AUTOGRAD)
def test_equations_with_diagonals_and_broadcasting(equation: str, shapes: Any) -> None:
    xs = [draw(*shape, seed=seed) for seed, shape in enumerate(shapes)]
    z = XP.einsum(xs, equation=equation)
    close(z, np.einsum(equation, *xs))
    g = draw(*z.shape, seed=9)
    for place, x in enumerate(xs):
        along = lambda x, place=place: np.einsum(equation, *xs[:place], x, *xs[place + 1 :])  # noqa: E731
        close(take("einsum", tuple(xs), g, place, {"equation": equation}), by_steps(along, x, g, LINEAR))


REFUSED: list[tuple[str, list[tuple[int, ...]], str]] = [
    ("ij,jk,k", [(2, 3), (3, 2)], '"ij,jk,k" is of 3 inputs, and there are 2'),
    ("ij->iz", [(2, 3)], '"ij->iz": axis z of the output is in no input'),
    ("ij->ii", [(2, 3)], '"ij->ii": axis i is named twice in the output'),
    ("i", [(2, 3)], '"i" names 1 axis of an input of shape [2, 3]'),
    ("ijk...", [(2, 3)], '"ijk..." names 3 axes of an input of shape [2, 3]'),
    ("ij,jk", [(2, 3), (4, 2)], "axis j has 3 elements in one input and 4 in another"),
    ("ii", [(2, 3)], 'the diagonal of "ii" needs axes of one length: i has 2 and 3'),
    ("i1", [(2, 3)], '"i1": "1" is no axis: write letters, and "..." once for the axes that are left'),
    ("...->", [(2,)], '"...->": the output needs a "..." too, for the axes that it stands for in the inputs'),
]


@pytest.mark.parametrize(("equation", "shapes", "message"), REFUSED)
def test_what_is_no_equation(equation: str, shapes: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        XP.einsum([np.ones(shape) for shape in shapes], equation=equation)


NOT_APPLICABLE: list[tuple[Callable[[], Any], str]] = [
    (lambda: XP.outer(np.ones(3), np.array(2.0)), "y is a number, not a vector: write `x * y`"),
    (lambda: XP.outer(np.ones((2, 3)), np.ones((4, 3))),
     "the axes before the last of x and y, [2] and [4], do not broadcast"),
    (lambda: XP.kron(np.ones((2, 1, 1)), np.ones((3, 1, 1))),
     "the axes before the last two of x and y, [2] and [3], do not broadcast"),
    (lambda: XP.cross(np.ones(2), np.ones(2)), "axis -1 of x has 2 elements: a cross product is of vectors of 3"),
    (lambda: XP.cross(np.ones(3), np.ones(3), axis=1), "axis 1 is out of range for x of shape [3]"),
    (lambda: XP.cross(np.ones((2, 3)), np.ones((4, 3))), "the other axes of x and y, [2] and [4], do not broadcast"),
    (lambda: XP.cross(np.ones((2, 3)), np.ones(3), axis=1),
     "where x and y have different dimensions the axis counts from the end: below 0, not 1"),
    (lambda: XP.matrix_power(np.ones((2, 3)), n=2), "only square matrices have powers, not a value of shape [2, 3]"),
    (lambda: XP.trace(np.ones(3)), "x has no diagonals: it needs 2 dimensions, not 1"),
    (lambda: XP.put_diagonal(np.ones(3), shape=(2, 2)), "x has the shape [3]; the diagonal of [2, 2] has [2]"),
    (lambda: XP.put_diagonal(np.ones(3), shape=(3,)),
     "the shape of a result with a diagonal has 2 dimensions at least, not 1"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), NOT_APPLICABLE, ids=[message for _, message in NOT_APPLICABLE])
def test_what_is_refused(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        call()
