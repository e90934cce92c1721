"""Every decoder against bytes that nobody meant: targets, and the loop that looks for more."""
