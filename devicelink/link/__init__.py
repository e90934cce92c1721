"""From bytes on a port to one exchange with a deadline."""
