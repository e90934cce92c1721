"""Driver for the Synrad UC-2000, the controller of sealed CO2 lasers."""

from devicelink_uc2000.driver import Uc2000

__all__ = ["Uc2000"]
