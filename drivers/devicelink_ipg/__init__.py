"""Driver for IPG Photonics fibre laser engines, dialects YLR-SM, YAR, YLR-QCW."""

from devicelink_ipg.driver import Ipg

__all__ = ["Ipg"]
