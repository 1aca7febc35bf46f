"""Privacy by test: canaries are sent along every path, and then looked for wherever this service may have written."""
