from matching.models.change import Change, Sequence
from matching.models.platform import ApiKey, Platform
from matching.models.protection import Protection

__all__ = ["ApiKey", "Change", "Platform", "Protection", "Sequence"]
