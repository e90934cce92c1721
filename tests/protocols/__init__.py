"""Test vectors of the protocols that are ours, and how they are made."""
