"""What is measured, against which budget: `python -m bench`."""
