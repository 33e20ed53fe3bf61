"""`adoption catalog import`: descriptor files and CSV become dated catalog facts; what vanished is closed."""
