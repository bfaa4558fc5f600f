"""The kernels, one module a verb of the backend protocol."""
