"""Learned recommenders: one file, one agent. They are used from a clone of the repository and are not in the wheel."""
