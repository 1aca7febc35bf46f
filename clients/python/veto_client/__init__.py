"""Ask Veto, the consent registry for photos, whether an image may be edited.

from veto_client import Veto

answer = Veto("https://veto.example", "veto_live_…").check("photo.jpg", uses=["edit"])
if answer.stops():
    ...  # refuse
"""

from veto_client.answers import Answer, Match
from veto_client.client import AsyncVeto, Veto
from veto_client.errors import (
    ProofError,
    ProtectedError,
    RequestError,
    UnavailableError,
    UnreadableImageError,
    VetoError,
)
from veto_client.guards import guarded, refuse_protected
from veto_client.proofs import Claims

__all__ = [
    "Answer",
    "AsyncVeto",
    "Claims",
    "Match",
    "ProofError",
    "ProtectedError",
    "RequestError",
    "UnavailableError",
    "UnreadableImageError",
    "Veto",
    "VetoError",
    "guarded",
    "refuse_protected",
]
