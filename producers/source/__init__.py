"""`adoption source`: connect a system that sends to us, see its first event arrive, try a payload without sending."""
