"""Driver for Ophir power and energy meters."""
