"""One module for each protocol: what the world knows of a wire, and nothing of its driver."""
