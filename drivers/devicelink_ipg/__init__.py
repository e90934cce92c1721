"""Driver for IPG Photonics fibre laser engines, dialect YLR-SM."""

from devicelink_ipg.driver import Ipg

__all__ = ["Ipg"]
