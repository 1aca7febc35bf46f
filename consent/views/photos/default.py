"""What is refused, and whether details are kept, unless something else is chosen: for the photos that come."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from consent.actions import choose_default
from consent.forms.photos import KeepingForm
from consent.views.photos.own import photos_of
from consent.views.sent import person_of
from matching.uses import DEFAULT, in_order


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def default_choice(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    chosen = in_order(person.default_uses or DEFAULT)
    form = KeepingForm(request.POST or None, chosen=chosen, keep=person.keep_details)
    if not form.is_valid():
        context = {"form": form, "any_details": photos_of(request).with_details().exists()}
        return render(request, "photos/default.html", context, status=422 if form.is_bound else 200)
    choose_default(by=person, refuse=form.refused(), keep_details=form.cleaned_data["keep_details"])
    messages.success(request, _("Saved. The next photos you add start from this choice."))
    return redirect("photos")
