"""One photo: its state, its choices and their history, its end."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from consent.accounts.reauthentication import reauthenticated
from consent.actions import erase_photos, label_photo, revise_photos
from consent.adding import TAKING_EFFECT
from consent.forms.photos import ChoiceForm, LabelForm
from consent.models import OptOut, Photo
from consent.uses import described
from consent.views.photos.own import person_of, photo_or_404, sent_from, tell, to_add_again
from consent.views.photos.shown import card, day, refused_line


def history(photo: Photo) -> list[dict[str, str]]:
    """What was decided, the latest first, in words."""
    said = []
    for decision in OptOut.objects.filter(photo=photo).order_by("-decided_at"):
        if decision.withdrawn_at:
            said.append({"when": day(decision.withdrawn_at), "what": _("No longer in force")})
        said.append({"when": day(decision.decided_at), "what": refused_line(decision.uses)})
    return said


def page(request: HttpRequest, photo: Photo, choice: ChoiceForm, label: LabelForm, status: int = 200) -> HttpResponse:
    context = {
        "photo": photo,
        "card": card(photo),
        "again": photo.protection in to_add_again(request),
        "uses": described(photo.uses),  # type: ignore[attr-defined]
        "choice": choice,
        "label": label,
        "history": history(photo),
    }
    return render(request, "photos/photo.html", context, status=status)


@login_required
@require_safe
def photo(request: HttpRequest, photo: UUID) -> HttpResponse:
    found = photo_or_404(request, photo)
    return page(request, found, ChoiceForm(chosen=found.uses), LabelForm(initial={"label": found.label}))  # type: ignore[attr-defined]


@login_required
@sent_from("photo")
def choose(request: HttpRequest, photo: UUID) -> HttpResponse:
    found = photo_or_404(request, photo)
    form = ChoiceForm(request.POST)
    if not form.is_valid():
        return page(request, found, form, LabelForm(initial={"label": found.label}), status=422)
    decided = revise_photos(by=person_of(request), photos=[found], refuse=form.refused())
    tell(request, _("Your choice is changed."), decided)
    return redirect("photo", found.id)


@login_required
@sent_from("photo")
def rename(request: HttpRequest, photo: UUID) -> HttpResponse:
    found = photo_or_404(request, photo)
    form = LabelForm(request.POST)
    if not form.is_valid():
        return page(request, found, ChoiceForm(chosen=found.uses), form, status=422)  # type: ignore[attr-defined]
    label_photo(by=person_of(request), photo=found, label=form.cleaned_data["label"])
    messages.success(request, _("The name is saved."))
    return redirect("photo", found.id)


@login_required
@reauthenticated
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest, photo: UUID) -> HttpResponse:
    found = photo_or_404(request, photo)
    if request.method != "POST":
        return render(request, "photos/erase.html", {"photo": found, "card": card(found)})
    in_effect = erase_photos(by=person_of(request), photos=[found])
    said = _("The photo's registration is erased.")
    messages.success(request, said if in_effect else f"{said} {TAKING_EFFECT}")
    return redirect("photos")
