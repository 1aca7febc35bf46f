"""Adding photos: first the question what they show, then the files."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from consent.accounts.limits import photos_over_cap
from consent.adding import add_files
from consent.forms.photos import AddForm, BeforeForm
from consent.models import Photo
from consent.views.photos.own import person_of
from matching import uses

WHOSE = "photos_whose"  # in the session: what was answered before the files


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def before(request: HttpRequest) -> HttpResponse:
    """Some photos must never be sent: those of children, and intimate ones. So this is asked before any file."""
    form = BeforeForm(request.POST or None)
    if not form.is_valid():
        return render(request, "photos/before.html", {"form": form})
    if not form.may_be_sent():
        request.session.pop(WHOSE, None)
        return render(request, "photos/not-by-upload.html", {"child": form.cleaned_data["whose"] == "child"})
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
        return render(request, "photos/upload.html", {"form": AddForm(chosen=chosen)})
    form = AddForm(request.POST, request.FILES, chosen=chosen)
    if not form.is_valid():
        return render(request, "photos/upload.html", {"form": form}, status=422)
    files = form.cleaned_data["photos"]
    results = add_files(
        by=person,
        files=files,
        pending=[photos_over_cap(request) for _ in files],
        refuse=form.refused(),
        label=form.cleaned_data["label"],
        declaration=whose,
    )
    return render(request, "photos/results.html", {"results": results})
