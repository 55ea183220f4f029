"""An on-call team's week, played by real server processes: the whole product in under a minute."""
