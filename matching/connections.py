"""The connections of threads that go on for ever: what a failure leaves in one must not outlast it."""

from django.db import close_old_connections, connections


def settle_connections() -> None:
    """For a thread of our own, between two turns: what Django does between two requests, and `give_up_lost`."""
    close_old_connections()
    give_up_lost()


def give_up_lost() -> None:
    """Whatever believes itself in a transaction goes. Where nothing runs any more there is none.

    Django closes no connection that was lost in the midst of one and has not noticed its end: all that is asked of it
    fails from then on, in this thread, for as long as the process lives.
    """
    for held in connections.all(initialized_only=True):
        if held.in_atomic_block:
            held.close()
            del connections[held.alias]
