from consent.models.audit_event import AuditEvent
from consent.models.opt_out import OptOut
from consent.models.person import Person
from consent.models.photo import Photo

__all__ = ["AuditEvent", "OptOut", "Person", "Photo"]
