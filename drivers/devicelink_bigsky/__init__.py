"""Driver for flash-lamp Q-switched Nd:YAG lasers, Big Sky / Quantel BSS family."""

from devicelink_bigsky.driver import BigSky

__all__ = ["BigSky"]
