"""Driver for IPG Photonics fibre laser engines, dialects YLR-SM and YAR."""

from devicelink_ipg.driver import Ipg

__all__ = ["Ipg"]
