"""Measures of what Veto does. Nothing that runs in the service is imported from here."""
