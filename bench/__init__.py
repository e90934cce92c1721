"""Benchmarks: what devicelink costs beside the least that the same work can cost."""
