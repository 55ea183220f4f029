"""Wrong places: what is looked for where it is not, and where it is."""
