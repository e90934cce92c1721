"""The driver `aurora`, for the Aurora A1."""

from devicelink_aurora.driver import Aurora

__all__ = ["Aurora"]
