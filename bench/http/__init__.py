"""`make bench-http`: checks over HTTP against a server of its own, while others register."""
