"""The operations: one record each. This folder is the specification of what gnomon computes."""
