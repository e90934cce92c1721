"""A simulated world: one process in which machines, disks and lasers live, fail and die."""
