"""Is a backward rule right? Nobody has to believe it: `dataflow verify`, and here for the tests of plugins.

A test suite of a plugin's author is three lines:

>>> from dataflow import standard
>>> from dataflow.proof import prove
>>> prove(standard()["sigmoid"])
"""

from __future__ import annotations

from dataflow.proof.operators import Proof, verify_operator
from dataflow.proof.report import ProofError, describe_failure, prove
from dataflow.proof.trial import Failure

__all__ = ["Failure", "Proof", "ProofError", "describe_failure", "prove", "verify_operator"]
