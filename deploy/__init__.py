"""How the tracker is run."""
