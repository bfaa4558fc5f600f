"""The families of operations: each owns a schema, a shape rule and the way to a launch."""
