"""What the tracker costs and how much it carries, measured beside peers in the same run. `make bench` runs them all."""
