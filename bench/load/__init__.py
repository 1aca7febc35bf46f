"""`make load`: more questions than can be answered, and whether the answers stay right."""
