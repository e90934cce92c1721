"""Driver for watchdog relays that speak INTERLOCK/1 (docs/protocols/interlock.md)."""

from devicelink_interlock.driver import Interlock

__all__ = ["Interlock"]
