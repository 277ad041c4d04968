"""Is an operator what it says it is? The proof of backward rules, for plugins' own tests and for ``dataflow verify``.

An operator is tried on its examples, or on numbers from its domain in all shapes, and on both sides of every kink.
There each backward rule is compared with differences of the forward rule, in steps that nobody has to pick; types,
memory layouts, repeatability, special rows, reference and traced rule are compared too. A test of one's own::

    def test_saturate():
        prove(saturate)

>>> from dataflow import Operator
>>> saturate = Operator("saturate", "z = x / (1 + |x|)", forward=lambda xp, x: x / (1 + xp.abs(x)), broadcasts=True,
...                     backward={"x": lambda xp, g, z, x: g / (1 + xp.abs(x)) ** 2})
>>> prove(saturate).verdict
'proved'
>>> wrong = saturate.replaced(backward={"x": lambda xp, g, z, x: 2 * g / (1 + xp.abs(x)) ** 2})
>>> verify_operator(wrong).failures[0].suggests
('twice too large',)
"""

from __future__ import annotations

from dataflow.proof.results import Failure, Proof, ProofError, report, summarise
from dataflow.proof.verification import prove, verify_operator

__all__ = ["Failure", "Proof", "ProofError", "prove", "report", "summarise", "verify_operator"]
