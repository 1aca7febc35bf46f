"""The parameters of an address, of which ninja passes over what it does not know and takes the last of several."""

from django.http import HttpRequest
from pydantic import BaseModel

from matching.problems import Problem


def only_known(request: HttpRequest, model: type[BaseModel], *, otherwise: str = "") -> None:
    """Raises Problem for one that the model does not have, or that is there twice; `otherwise` says how to do it."""
    if unknown := sorted(request.GET.keys() - model.model_fields.keys()):
        known = ", ".join(model.model_fields)
        raise Problem("invalid-request", f"unknown field {', '.join(unknown)[:100]}; the fields are {known}")
    if repeated := [name for name, values in request.GET.lists() if len(values) > 1]:  # the last alone would count
        raise Problem("invalid-request", f"{', '.join(repeated)} stands there more than once{otherwise}")
