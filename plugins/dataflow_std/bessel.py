"""Bessel functions of integer order, named as in SciPy."""

from __future__ import annotations

from collections.abc import Sequence
from math import e, inf, pi, prod
from typing import Any

from dataflow.operators import NONZERO, Operator, unary
from dataflow_std.special import native
from dataflow_std.stirling import horner

DLMF = "NIST Digital Library of Mathematical Functions, sections 10.6, 10.29 and 10.40, https://dlmf.nist.gov/10"
J0_1, J1_1, J2_1 = 0.7651976865579666, 0.4400505857449335, 0.11490348493190047
I0_1, I1_1, I2_1 = 1.2660658777520084, 0.565159103992485, 0.13574766976703828


def operators() -> list[Operator]:
    """Every operator of this module."""
    return [*_first_kind(), *_modified(), *_scaled()]


def _order(name: str) -> Any:
    def forward(xp: Any, x: Any, *, v: int) -> Any:
        return getattr(xp, name)(x, v=v)

    return forward


# Means of neighbouring orders: unlike J0 - J1 / x they are as good at 0 as anywhere, and so are their own slopes.
def _jv_dx(xp: Any, g: Any, z: Any, x: Any, *, v: int) -> Any:
    return g * (0.5 * (xp.jv(x, v=v - 1) - xp.jv(x, v=v + 1))) if v else -g * xp.j1(x)


def _iv_dx(xp: Any, g: Any, z: Any, x: Any, *, v: int) -> Any:
    return g * (0.5 * (xp.iv(x, v=v - 1) + xp.iv(x, v=v + 1))) if v else g * xp.i1(x)


def _examples(rng: Any) -> Sequence[Any]:
    return [((3 * rng.normal(size=shape),), {"v": v}) for shape in [(), (4,), (2, 3), (0,)] for v in range(5)]


def _first_kind() -> list[Operator]:
    about: dict[str, Any] = {"source": DLMF, "broadcasts": True}
    return [
        unary("j0", "z = J_0(x), the Bessel function of order 0", lambda xp, g, z, x: -g * xp.j1(x),
              kernels=native("dataflow_std.kernels.special_bessel:j0"),
              special=[((1.0,), J0_1, (-J1_1,)), ((0.0,), 1.0, (0.0,)), ((inf,), 0.0, (0.0,))], **about),
        unary("j1", "z = J_1(x), the Bessel function of order 1",
              lambda xp, g, z, x: g * (0.5 * (xp.j0(x) - xp.jv(x, v=2))),
              kernels=native("dataflow_std.kernels.special_bessel:j1"),
              special=[((1.0,), J1_1, (J0_1 - J1_1,)), ((0.0,), 0.0, (0.5,)), ((-inf,), 0.0, (0.0,))], **about),
        Operator("jv", "z = J_v(x), the Bessel function of order v", forward=_order("jv"), backward={"x": _jv_dx},
                 kernels=native("dataflow_std.kernels.special_bessel:jv"),
                 shape="dataflow_std.shapes.special:jv", examples=_examples,
                 description="v is an integer, at least 0.",
                 special=[((1.0,), J2_1, (J1_1 - 2 * J2_1,), {"v": 2}), ((0.0,), 0.0, (0.0,), {"v": 2}),
                          ((0.0,), 1.0, (0.0,), {"v": 0}), ((inf,), 0.0, (0.0,), {"v": 3})], **about),
    ]  # fmt: skip


def _modified() -> list[Operator]:
    about: dict[str, Any] = {"source": DLMF, "broadcasts": True}
    return [
        unary("i0", "z = I_0(x), the modified Bessel function of order 0", lambda xp, g, z, x: g * xp.i1(x),
              kernels=native("dataflow_std.kernels.special_bessel:i0"),
              special=[((1.0,), I0_1, (I1_1,)), ((0.0,), 1.0, (0.0,)), ((-1000.0,), inf, (-inf,)),
                       ((inf,), inf, (inf,))], **about),
        unary("i1", "z = I_1(x), the modified Bessel function of order 1",
              lambda xp, g, z, x: g * (0.5 * (xp.i0(x) + xp.iv(x, v=2))),
              kernels=native("dataflow_std.kernels.special_bessel:i1"),
              special=[((1.0,), I1_1, (I0_1 - I1_1,)), ((0.0,), 0.0, (0.5,)), ((-1000.0,), -inf, (inf,)),
                       ((-inf,), -inf, (inf,))], **about),
        Operator("iv", "z = I_v(x), the modified Bessel function of order v",
                 forward=_order("iv"), backward={"x": _iv_dx},
                 kernels=native("dataflow_std.kernels.special_bessel:iv"),
                 shape="dataflow_std.shapes.special:iv", examples=_examples,
                 description="v is an integer, at least 0.",
                 special=[((1.0,), I2_1, (I1_1 - 2 * I2_1,), {"v": 2}), ((0.0,), 0.0, (0.0,), {"v": 2}),
                          ((0.0,), 1.0, (0.0,), {"v": 0}), ((1000.0,), inf, (inf,), {"v": 2})], **about),
    ]  # fmt: skip


FAR = 50.0


def _far_terms(v: int) -> list[float]:
    """Of the slope of e ** -x * I_v(x) for large x: -(2 pi) ** (-1/2) * x ** (-3/2) times a series in 1 / x."""
    numerators = [prod((2 * j - 1) ** 2 - 4 * v * v for j in range(1, k + 1)) for k in range(14)]
    return [(k + 0.5) * a / (prod(range(1, k + 1)) * 8**k) for k, a in enumerate(numerators)]


def _far_slope(xp: Any, x: Any, v: int) -> Any:
    inverse = 1 / xp.maximum(xp.abs(x), FAR)
    return inverse * xp.sqrt(inverse) * (-((2 * pi) ** -0.5) * horner(_far_terms(v), inverse))


def _i0e_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    sign = xp.sign(x)
    return g * xp.where(xp.abs(x) > FAR, sign * _far_slope(xp, x, 0), xp.i1e(x) - sign * z)


def _i1e_dx(xp: Any, g: Any, z: Any, x: Any) -> Any:
    near = xp.clip(x, min=-FAR, max=FAR)
    mean = 0.5 * (xp.i0(near) + xp.iv(near, v=2))
    slope = xp.exp(-xp.abs(near)) * mean - xp.sign(x) * z
    return g * xp.where(xp.abs(x) > FAR, _far_slope(xp, x, 1), slope)


def _scaled() -> list[Operator]:
    about: dict[str, Any] = {"source": DLMF, "description": "It does not overflow."}
    return [
        unary("i0e", "z = e ** -|x| * I_0(x)", _i0e_dx, kernels=native("scipy.special:i0e"), domain={"x": NONZERO},
              conventions="slope 0 at 0",
              special=[((1.0,), I0_1 / e, ((I1_1 - I0_1) / e,)), ((0.0,), 1.0, (0.0,)), ((-0.0,), 1.0, (0.0,)),
                       ((50.0,), 0.05656162664745419, (-0.0005685027545587929,)), ((inf,), 0.0, (0.0,))], **about),
        unary("i1e", "z = e ** -|x| * I_1(x)", _i1e_dx, kernels=native("scipy.special:i1e"),
              special=[((1.0,), I1_1 / e, ((I0_1 - 2 * I1_1) / e,)), ((0.0,), 0.0, (0.5,)), ((-inf,), 0.0, (0.0,))],
              **about),
    ]  # fmt: skip
