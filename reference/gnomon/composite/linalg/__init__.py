"""Linear algebra: factorizations, systems of equations, eigenvalues, norms of matrices.

Factorizations run on the host, in float64, on lists of rows, and are rounded to the dtype once;
derivatives are made of recorded operations, so that they differentiate again.
"""
