"""Keeping a station well: what is wrong with it, a copy of it, and a copy put back."""
