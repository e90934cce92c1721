"""What happens between a person and a laser: verdict, state, lock, guard, procedure, recovery."""
