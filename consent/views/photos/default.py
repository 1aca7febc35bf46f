"""What is refused unless something else is chosen: for the photos that come."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from consent.actions import choose_default
from consent.forms.photos import ChoiceForm
from consent.views.sent import person_of
from matching.uses import DEFAULT, in_order


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def default_choice(request: HttpRequest) -> HttpResponse:
    person = person_of(request)
    form = ChoiceForm(request.POST or None, chosen=in_order(person.default_uses or DEFAULT))
    if not form.is_valid():
        return render(request, "photos/default.html", {"form": form}, status=422 if form.is_bound else 200)
    choose_default(by=person, refuse=form.refused())
    messages.success(request, _("Saved. The next photos you add start from this choice."))
    return redirect("photos")
