"""`make bench-browser`: how near the hashes that browsers make are to the server's, and how fast they are made."""
