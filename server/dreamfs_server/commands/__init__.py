"""One file a command; each imports what it uses when it runs, so that serving starts fast."""
