"""The graph of derivatives: modes, nodes, what they save; ``gnomon.autograd`` is its face."""
