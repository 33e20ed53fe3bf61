"""The log shipper: an access log becomes gateway units, each byte range of it counted once whatever crashes.

`cut.py` (pure) says where units end, `progress.py` (pure) what was promised and what is done, `files.py` knows a file
again after it was rotated, `shipper.py` is the loop over files, `pipeline.py` what is on its way, `outlets.py` the two
ways out, `store.py` keeps the state, `command.py` is the command line.
"""
