"""What really passed on a wire, as a file: recorded, redacted, and played to a driver again."""
