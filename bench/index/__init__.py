"""`make bench-index`: how fast frame hashes are found, what that takes in memory, and beside what else."""
