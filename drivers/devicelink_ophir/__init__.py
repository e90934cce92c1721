"""Driver for Ophir power and energy meters (Nova, Nova II, Vega, EA-1 and their family)."""

from devicelink_ophir.driver import Ophir

__all__ = ["Ophir"]
