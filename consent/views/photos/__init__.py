"""A person's photos: add, see, change, withdraw, export, erase."""
