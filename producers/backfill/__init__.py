"""History that existed before anyone sent events, turned into the same contract events."""
