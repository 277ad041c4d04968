"""Large products in parts: the same numbers whoever computes them."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from dataflow.program.products import Products, is_large


@pytest.mark.parametrize(("rows", "inner", "columns"), [(700, 300, 200), (40, 1000, 1200), (1200, 500, 500)])
def test_any_number_of_cores_gives_the_same_bits(rows: int, inner: int, columns: int) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(rows, inner)), rng.normal(size=(columns, inner))
    assert is_large(x.shape, (inner, columns))
    first, *others = [Products(cores).matmul(x, y.T) for cores in (1, 2, 3)]
    assert all(np.array_equal(first, other) for other in others)
    np.testing.assert_allclose(first, np.einsum("ij,kj->ik", x, y), rtol=1e-10, atol=1e-10)
    bias = rng.normal(size=columns)
    assert np.array_equal(Products(2).linear(x, y, bias), first + bias)
    stacked = Products(2).linear(x.reshape(2, rows // 2, inner), y, bias)
    assert np.array_equal(stacked, (first + bias).reshape(2, rows // 2, columns))


def test_threads_share_the_helpers() -> None:
    products = Products(2)
    rng = np.random.default_rng(1)
    pairs = [(rng.normal(size=(200, 400)), rng.normal(size=(400, 500))) for _ in range(4)]
    found: dict[int, list[np.ndarray]] = {}

    def work(index: int) -> None:
        found[index] = [products.matmul(*pairs[index]) for _ in range(5)]

    threads = [threading.Thread(target=work, args=(index,)) for index in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index, pair in enumerate(pairs):
        expected = Products(1).matmul(*pair)
        assert all(np.array_equal(item, expected) for item in found[index])


def test_helpers_end_with_what_started_them() -> None:
    products = Products(3)
    products.matmul(np.ones((400, 400)), np.ones((400, 400)))
    helpers = [thread for thread in threading.enumerate() if thread.name.startswith("dataflow-")]
    assert helpers
    del products
    for thread in helpers:
        thread.join(10)
        assert not thread.is_alive()


def test_what_a_product_raises_reaches_the_caller() -> None:
    with pytest.raises(ValueError, match="mismatch"):
        Products(2).matmul(np.ones((400, 400)), np.ones((300, 400)))
    with pytest.raises(TypeError):
        Products(2).matmul(np.ones((400, 400)), np.ones((400, 400)), np.ones((400, 400), dtype=int))
