"""Side-by-side measurements.

``python -m benchmarks`` compares gnomon on its OpenCL devices with PyTorch, JAX and others,
``python -m benchmarks.reference`` the reference with plain Python.
"""
