"""Lists in pages: `?after=<opaque>&limit=`, answered with `data`, `has_more` and `next`."""

from typing import Any, TypeVar

from django.db.models import Model, QuerySet
from ninja import Schema
from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError

MOST = 100
T = TypeVar("T", bound=Model)


class Page(Schema):
    after: str = Field("", max_length=20, description="The `next` of the page before.")
    limit: int = Field(20, ge=1, le=MOST)

    @field_validator("after")
    @classmethod
    def ours(cls, value: str) -> str:
        if value and not (value.isascii() and value.isdigit() and len(value) <= 18):
            raise PydanticCustomError("invalid-request", "send the `next` of an answer as it is", {})
        return value


def page_of(rows: QuerySet[T], by: str, page: Page) -> tuple[list[T], dict[str, Any]]:
    """The rows of a page, in the order of this column of numbers, and what the answer says of the rest."""
    after = int(page.after or 0)
    found = list(rows.filter(**{f"{by}__gt": after}).order_by(by)[: page.limit + 1])
    shown = found[: page.limit]
    last = getattr(shown[-1], by) if shown else after
    return shown, {"has_more": len(found) > len(shown), "next": str(last) if last else None}
