"""Driver for laser consoles that speak OLCP 1, the open laser console protocol."""

from devicelink_olcp.driver import Olcp

__all__ = ["Olcp"]
