"""25 November 2026: the same to all who read English."""

DATE_FORMAT = "j F Y"
DATETIME_FORMAT = "j F Y, H:i"
