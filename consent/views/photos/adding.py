"""Adding photos: first the question what they show, then the files."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from consent.accounts.limits import photos_over_cap
from consent.adding import Result, add_files
from consent.forms.photos import AddForm, BeforeForm
from consent.models import Photo
from consent.views.sent import person_of
from matching import uses

WHOSE = "photos_whose"  # in the session: what was answered before the files
STEPS = (_("Questions"), _("Photos"), _("Result"))


def steps(current: int) -> list[dict[str, Promise | str]]:
    """For the component `stepper`: which of the three pages this is."""
    states = ["done"] * current + ["current"] + ["todo"] * (len(STEPS) - current - 1)
    return [{"label": label, "state": state} for label, state in zip(STEPS, states, strict=True)]


def summary(results: list[Result]) -> str:
    """What became of all of them, in a sentence; first what needs another look."""
    lost = sum(result.photo is None for result in results)
    if lost:
        return ngettext(
            "%(number)d photo could not be registered; it says why below.",
            "%(number)d photos could not be registered; each says why below.",
            lost,
        ) % {"number": lost}
    number = len(results)
    return ngettext("It is registered.", "All %(number)d are registered.", number) % {"number": number}


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def before(request: HttpRequest) -> HttpResponse:
    """Some photos must never be sent: those of children, and intimate ones. So this is asked before any file."""
    form = BeforeForm(request.POST or None)
    if not form.is_valid():
        return render(
            request, "photos/before.html", {"form": form, "steps": steps(0)}, status=422 if form.is_bound else 200
        )
    if not form.may_be_sent():
        request.session.pop(WHOSE, None)
        return render(request, "photos/not-by-upload.html")
    request.session[WHOSE] = form.cleaned_data["whose"]
    return redirect("photos-upload")


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest) -> HttpResponse:
    whose = request.session.get(WHOSE)
    if whose not in {Photo.Declaration.MINE, Photo.Declaration.REPRESENTED}:
        return redirect("photos-add")
    person = person_of(request)
    chosen = uses.in_order(person.default_uses or uses.DEFAULT)
    if request.method != "POST":
        form = AddForm(chosen=chosen, keep=person.keep_details)
        return render(request, "photos/upload.html", {"form": form, "steps": steps(1)})
    form = AddForm(request.POST, request.FILES, chosen=chosen)
    if not form.is_valid():
        return render(request, "photos/upload.html", {"form": form, "steps": steps(1)}, status=422)
    files = form.cleaned_data["photos"]
    results = add_files(
        by=person,
        files=files,
        pending=[photos_over_cap(request) for _ in files],
        refuse=form.refused(),
        keep_details=form.cleaned_data["keep_details"],
        label=form.cleaned_data["label"],
        declaration=whose,
    )
    context = {"results": results, "summary": summary(results), "steps": steps(2)}
    return render(request, "photos/results.html", context)
