"""What `graphs/logistic_regression.yaml` computes, as a script with NumPy alone: python logistic_by_hand.py FILE.csv"""

from __future__ import annotations

import sys

import numpy as np

COLUMNS = (
    "mean_radius", "mean_texture", "mean_perimeter", "mean_area", "mean_smoothness", "mean_compactness",
    "mean_concavity", "mean_concave_points", "mean_symmetry", "mean_fractal_dimension",
)  # fmt: skip

with open(sys.argv[1], encoding="utf-8") as stream:
    header = stream.readline().strip().split(",")
    table = np.loadtxt(stream, delimiter=",")
X = table[:, [header.index(name) for name in COLUMNS]]
y = table[:, header.index("benign")]
w, b = np.zeros(len(COLUMNS)), 0.0

Z = (X - X.mean(axis=0)) / X.std(axis=0)
logits = Z @ w + b
J = np.mean(np.logaddexp(0.0, logits) - y * logits)
dlogits = (1 / (1 + np.exp(-logits)) - y) / len(y)
dw, db = Z.T @ dlogits, dlogits.sum()
print(J, dw.tolist(), db)
