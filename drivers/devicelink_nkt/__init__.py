"""Driver for NKT Photonics fibre seed lasers BASIK, module types 33 and 36."""

from devicelink_nkt.driver import Nkt

__all__ = ["Nkt"]
