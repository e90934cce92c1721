"""The evidence: append-only entries in a Merkle tree under a signed checkpoint."""
