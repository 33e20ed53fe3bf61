"""Texts for people: what to enter at each vendor so that it sends to us; `producers.source.setups` fills them in."""
