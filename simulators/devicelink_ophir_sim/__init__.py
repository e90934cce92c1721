"""Simulator of Ophir power and energy meters."""
