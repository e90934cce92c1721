"""The register of devices: what they are, what holds them, what is still open on them."""
