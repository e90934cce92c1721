"""Driver for Synrad UC-2000 CO2 laser controllers."""
