"""Side-by-side measurements.

``python -m benchmarks`` compares gnomon on its OpenCL devices with PyTorch, NumPy and tinygrad,
``python -m benchmarks.reference`` the reference with plain Python.
"""
