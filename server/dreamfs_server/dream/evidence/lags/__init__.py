"""Associations in time: one event some time after another, more often than chance has it."""
