"""What a platform did after a check. People see of it what `matching.activity` tells."""

import secrets
from typing import Annotated, Any, Literal, Self, cast

from django.http import HttpRequest
from ninja import Router
from pydantic import AfterValidator, BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from matching import signing, uses
from matching.api.auth import Key, PlatformRequest
from matching.api.idempotency import once
from matching.api.schemas import Request, known_uses
from matching.models import ApiKey, Report
from matching.problems import Problem

router = Router(auth=Key("report"), tags=["reports"])

Outcome = Literal["blocked", "warned", "exempt", "not_applied", "false_match"]
CheckId = Annotated[str, Field(pattern=r"^chk_[0-9a-f]{24}$")]
Ref = Annotated[str, Field(pattern=r"^prt_[a-z2-7]{26}$")]
Use = Annotated[
    str, AfterValidator(lambda use: known_uses([use])[0]), Field(json_schema_extra={"enum": list(uses.IDS)})
]


class ReportIn(Request):
    """On one thing: a check by its id, a check by its proof, or a protection by the ref that you were told."""

    check: CheckId | None = None
    ref: Ref | None = None
    proof: Annotated[str, Field(min_length=1, max_length=4096)] | None = Field(
        None, description="For a check whose id was not kept: see `checks_dropped` under /v1/status."
    )
    outcome: Outcome = Field(
        description="`blocked`: the use was refused. `warned`: it went on after a warning. `exempt`: a use that Veto "
        "does not cover, or a grant. `not_applied`: it went on. `false_match`: it is not that photo."
    )
    use: Use | None = Field(None, description="The use that it was about; all that were asked for when left out.")

    @model_validator(mode="after")
    def on_one_thing(self) -> Self:
        if sum(each is not None for each in (self.check, self.ref, self.proof)) != 1:
            raise PydanticCustomError("invalid-request", "send one of `check`, `ref` and `proof`", {})
        return self


class ReportOut(BaseModel):
    id: str
    check: str | None = None
    ref: str | None = None
    outcome: Outcome
    use: str | None = None
    livemode: bool


@router.post(
    "/reports",
    operation_id="report",
    response={201: ReportOut},
    exclude_none=True,
    summary="Say what you did",
    description="Send an `Idempotency-Key` with it, and the same again where no answer came: it counts once.",
)
def report(request: HttpRequest, body: ReportIn) -> tuple[int, dict[str, Any]]:
    platform_request = cast("PlatformRequest", request)
    return 201, once(platform_request, lambda: written(platform_request, body))


def written(request: PlatformRequest, body: ReportIn) -> dict[str, Any]:
    access = request.access
    check = proven_check(request, body.proof) if body.proof else body.check
    row = Report.objects.create(
        id=f"rep_{secrets.token_hex(12)}",
        platform_id=access.platform,
        livemode=access.livemode,
        check_id=check or "",
        ref=body.ref or "",
        proven=body.proof is not None,
        outcome=body.outcome,
        use=body.use or "",
    )
    return {
        "id": row.id,
        "check": check,
        "ref": body.ref,
        "outcome": body.outcome,
        "use": body.use,
        "livemode": access.livemode,
    }


def proven_check(request: PlatformRequest, proof: str) -> str:
    """The id of the check. Raises Problem."""
    access = request.access
    try:
        claims = signing.verify(proof)
    except signing.InvalidProofError:
        raise Problem("invalid-proof", "This is no proof that this registry signed.") from None
    own = ApiKey.objects.filter(kid=claims["key"], platform_id=access.platform).exists()
    if not own or claims["livemode"] != access.livemode:
        raise Problem("invalid-proof", "This proof is of another platform's check, or of another mode.")
    return str(claims["id"])
