"""The read side: reports from the named views."""
