"""Veto on one machine with nothing installed: embedded services, the supervisor of `make run`, `make demo`.

Nothing here imports Django: the supervisor starts `manage.py` and the servers as children.
"""
