"""Driver for NKT Photonics fibre lasers on their Interbus."""
