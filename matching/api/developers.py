"""Pages for those who put Veto into a service: how to begin, the reference, errors, what has changed.

They speak the reader's language but for what the API itself says, which is English.
"""

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from matching.api import testmode
from matching.api.reference import operations
from matching.problems import KINDS

readable = cache_control(private=True, no_cache=True)

# Each is run by a test as it stands, but for the address, the key and the photo.
SNIPPETS: Final = {
    "outcomes": """\
curl -s {url}/v1/check -H "Authorization: Bearer {key}" \\
     -H "Content-Type: application/json" \\
     -d '{{"profile": "pdq", "hashes": [{{"hash": "{protected}"}}]}}'""",
    "image": """\
curl -s "{url}/v1/check/image?uses=edit" -H "Authorization: Bearer {key}" \\
     -H "Content-Type: image/jpeg" --data-binary @{photo}""",
    "install": "pip install ./clients/python",
    "client": """\
from veto_client import Veto

veto = Veto("{url}", "{key}")
if veto.check("{photo}", uses=["edit"]).stops():
    print("refused")""",
    "try_out": """\
from veto_client import Veto

veto = Veto("{url}", "{key}", retries=0)
for outcome in ("protected", "ask", "no_match", "indeterminate"):
    print(veto.try_out(outcome, uses=["edit"]).result)""",
    "proof": """\
from veto_client import Veto

veto = Veto("{url}", "{key}", proof=True)
answer = veto.check("{photo}", uses=["edit"])
print(veto.verify(answer).result, veto.verify(answer).at)
if answer.stops():
    veto.report(answer, "blocked")""",
}


@dataclass(frozen=True, slots=True)
class ApiChange:
    on: date
    what: str


CHANGES: Final = (
    ApiChange(
        date(2026, 11, 25),
        "Checks of many images at once, limits with RateLimit headers, proofs, reports, webhooks; hits and misses of "
        "one length.",
    ),
    ApiChange(date(2026, 11, 24), "Details: the field details of /v1/check, ?details=true for images."),
    ApiChange(date(2026, 11, 22), "The first version: checks by hashes and by image."),
)


def snippets(**values: str) -> dict[str, str]:
    protected = testmode.fixed_hash("protected").hex()
    return {name: text.format(**{"protected": protected} | values) for name, text in SNIPPETS.items()}


def page(request: HttpRequest, name: str, **context: Any) -> HttpResponse:
    titles = {"begin": _("Begin"), "reference": _("Reference"), "errors": _("Errors"), "changes": _("Changes")}
    pages = [
        {"href": reverse(f"developers-{each}"), "label": title, "current": each == name}
        for each, title in titles.items()
    ]
    return render(request, f"developers/{name}.html", {"pages": pages} | context)


@require_safe
@readable
def begin(request: HttpRequest) -> HttpResponse:
    url = f"{request.scheme}://{request.get_host()}"
    live, test = (snippets(url=url, key=f"veto_{mode}_…", photo="photo.jpg") for mode in ("live", "test"))
    return page(request, "begin", live=live, test=test)


@require_safe
@readable
def reference(request: HttpRequest) -> HttpResponse:
    return page(request, "reference", operations=operations())


@require_safe
@readable
def errors(request: HttpRequest) -> HttpResponse:
    return page(request, "errors", kinds=sorted(KINDS.items(), key=lambda each: each[1].status))


@require_safe
@readable
def changes(request: HttpRequest) -> HttpResponse:
    return page(request, "changes", changes=CHANGES)
