"""The graph of derivatives: modes, nodes, what they save. The public face is ``gnomon.autograd``."""
