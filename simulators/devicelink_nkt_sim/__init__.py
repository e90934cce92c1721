"""Simulator of NKT Photonics fibre lasers on their Interbus."""
