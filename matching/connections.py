"""The connections of threads that go on for ever: what a failure leaves in one must not outlast it."""

from django.db import close_old_connections, connections


def settle_connections() -> None:
    """Whatever cannot be used is closed, as Django does between requests; what believes itself in a transaction goes.

    Where nothing runs any more there is none. Django closes no connection that was lost in the midst of one and has not
    noticed its end: all that is asked of it fails from then on, in this thread, for as long as the process lives.
    """
    close_old_connections()
    for held in connections.all(initialized_only=True):
        if held.in_atomic_block:
            held.close()
            del connections[held.alias]
