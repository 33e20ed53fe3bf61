"""What tests on real parts share."""
