"""Ordinary functions over records: matrix products, activations, losses, norms."""
