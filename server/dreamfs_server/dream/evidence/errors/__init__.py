"""Recurring errors: what fails again and again, when it does, and what then works."""
