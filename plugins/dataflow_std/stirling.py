"""What the rules of the gamma and beta functions share: differences of large logarithms, taken before they are large.

Stirling's series stands for ln Gamma and digamma from 10 on, where seven terms give all digits.
"""

from __future__ import annotations

from math import log, pi
from typing import Any

LARGE = 10
HALF_LOG_TWO_PI = 0.5 * log(2 * pi)
# Bernoulli numbers B_2k over 2k (2k - 1), and over 2k: DLMF 5.11.1 and 5.11.2, https://dlmf.nist.gov/5.11
GAMMALN_TERMS = [1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156]
DIGAMMA_TERMS = [1 / 12, -1 / 120, 1 / 252, -1 / 240, 1 / 132, -691 / 32760, 1 / 12]


def horner(coefficients: list[float], t: Any) -> Any:
    """The polynomial with these coefficients, the constant one first.

    >>> horner([1.0, 2.0, 3.0], 2.0)
    17.0
    """
    total: Any = coefficients[-1]
    for coefficient in coefficients[-2::-1]:
        total = total * t + coefficient
    return total


def rest(xp: Any, a: Any) -> Any:
    """ln Gamma(a) less the leading terms (a - 1/2) ln a - a + ln(2 pi) / 2, for a > 0."""
    small = xp.minimum(a, LARGE)
    exact = xp.gammaln(small) - ((small - 0.5) * xp.log(small) - small + HALF_LOG_TWO_PI)
    inverse = 1 / xp.maximum(a, LARGE)
    return xp.where(a < LARGE, exact, inverse * horner(GAMMALN_TERMS, inverse * inverse))


def log_beta(xp: Any, a: Any, b: Any) -> Any:
    """ln B(a, b) for a, b > 0, without the digits that three large logarithms of Gamma would lose."""
    leading = (0.5 - a) * xp.log1p(b / a) - b * xp.log1p(a / b) - 0.5 * xp.log(b) + HALF_LOG_TWO_PI
    return leading + rest(xp, a) + rest(xp, b) - rest(xp, a + b)


def digamma_step(xp: Any, a: Any, b: Any) -> Any:
    """digamma(a + b) - digamma(a) for a, b > 0: a sum of terms of one sign, also where b is small beside a."""
    total: Any = 0.0
    for shift in range(LARGE):
        total = total + b / (a + shift) / (a + b + shift)
    u, v = 1 / (a + LARGE), 1 / (a + b + LARGE)
    p, q = u * u, v * v
    powers: Any = 1.0  # (p ** k - q ** k) / (p - q)
    last: Any = 1.0
    series: Any = 0.0
    for coefficient in DIGAMMA_TERMS:
        series = series + coefficient * powers
        last = last * q
        powers = powers * p + last
    difference = b * u * v
    return total + xp.log1p(b * u) + difference * (0.5 + (u + v) * series)


def log_near(xp: Any, ratio: Any, excess: Any) -> Any:
    """ln(ratio), where the excess over 1 is known better than the ratio."""
    near = xp.abs(excess) < 0.5
    return xp.where(near, xp.log1p(xp.where(near, excess, 0.0)), xp.log(ratio))


def log_gamma_density(xp: Any, a: Any, x: Any) -> Any:
    """ln of x ** (a - 1) * e ** -x / Gamma(a), for a >= 0 and 0 <= x < inf."""
    plain = xp.xlogy(a - 1, x) - x - xp.gammaln(a)
    shifted = (a - 1) * log_near(xp, x / a, (x - a) / a) - (x - a) - 0.5 * xp.log(2 * pi * a) - rest(xp, a)
    return xp.where(a < LARGE, plain, shifted)


def log_beta_density(xp: Any, a: Any, b: Any, x: Any) -> Any:
    """ln of x ** (a - 1) * (1 - x) ** (b - 1) / B(a, b), for a, b >= 0 and x from 0 to 1."""
    plain = xp.xlogy(a - 1, x) + xp.xlog1py(b - 1, -x) - xp.betaln(a, b)
    n = a + b
    below = a - n * x  # one and the same number in both logarithms: its rounding cancels
    powers = (a - 1) * log_near(xp, x * (n / a), -below / a) + (b - 1) * log_near(xp, (1 - x) * (n / b), below / b)
    factor = xp.log(n) + 0.5 * xp.log(n / a / b) - HALF_LOG_TWO_PI
    shifted = powers + factor + rest(xp, n) - rest(xp, a) - rest(xp, b)
    return xp.where(xp.minimum(a, b) < LARGE, plain, shifted)
