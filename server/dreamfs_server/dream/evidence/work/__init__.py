"""How work is done: what takes long, which commands stand, which files change together."""
