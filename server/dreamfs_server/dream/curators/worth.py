"""What a proposal has to be worth."""

weight_min = 2.0
"""Calls, about, that it must save; below that it is not worth a person's time."""
