from consent.models.audit_event import AuditEvent
from consent.models.person import Person
from consent.models.photo import OptOut, Photo

__all__ = ["AuditEvent", "OptOut", "Person", "Photo"]
