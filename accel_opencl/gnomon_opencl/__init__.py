"""The OpenCL accelerator of gnomon: a backend that uses nothing but gnomon's public names."""
