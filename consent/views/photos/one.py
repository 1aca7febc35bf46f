"""One photo: its state, its choices and their history, its end."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from consent.accounts.reauthentication import reauthenticated
from consent.actions import erase_photos, label_photo, revise_photos
from consent.adding import TAKING_EFFECT
from consent.forms.photos import WHOSE_IT_IS, ChoiceForm, LabelForm
from consent.models import AuditEvent, Photo
from consent.uses import described
from consent.views.photos.own import photo_or_404, tell, to_add_again
from consent.views.photos.shown import card, day, refused_line
from consent.views.sent import person_of, sent_from

DECISIONS = {  # as the audit calls them; a choice speaks for itself
    "photo.protected": "",
    "photo.pending": gettext_lazy("Waiting"),
    "photo.released": gettext_lazy("In force"),
    "photo.revised": "",
    "photo.withdrawn": gettext_lazy("Withdrawn"),
    "photo.restored": gettext_lazy("Put back"),
    "photo.renewed": gettext_lazy("Renewed"),
    "photo.details_dropped": gettext_lazy("Details removed"),
}


def history(photo: Photo) -> list[dict[str, str]]:
    """What was decided, the latest first, in words."""
    events = AuditEvent.objects.filter(subject=photo.id, action__in=DECISIONS).order_by("-at")
    return [{"when": day(event.at), "what": told(event)} for event in events]


def told(event: AuditEvent) -> str:
    act = DECISIONS[event.action]
    choice = refused_line(event.facts["uses"]) if "uses" in event.facts else ""
    return f"{act} – {choice}" if act and choice else str(act or choice)


def page(request: HttpRequest, photo: Photo, choice: ChoiceForm, label: LabelForm, status: int = 200) -> HttpResponse:
    context = {
        "photo": photo,
        "card": card(photo),
        "again": photo.protection in to_add_again(request),
        "whose": WHOSE_IT_IS[Photo.Declaration(photo.declaration)],
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
