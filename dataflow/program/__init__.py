"""A graph and what was derived from it as one flat program: scheduled, bound to arrays, run whole or block by block."""
