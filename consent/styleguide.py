"""What the style page shows: each component with made-up content. In English only; nobody but us reads it."""

from typing import Any

from django import forms
from django.core.paginator import Paginator

from consent.plot import Plot, bars
from consent.uses import described
from matching.uses import DEFAULT


class SampleForm(forms.Form):
    """Every kind of control, some of them wrong."""

    label = forms.CharField(help_text="Only you see it.", required=False)
    email = forms.EmailField(label="E-mail", help_text="We write to it once, to make sure that it is yours.")
    whose = forms.ChoiceField(
        label="Whose photo is it?",
        choices=[("mine", "Mine"), ("child", "My child’s"), ("other", "Of someone I represent")],
        widget=forms.RadioSelect,
    )
    uses = forms.MultipleChoiceField(
        label="What do you refuse?",
        choices=[("edit", "Editing with AI"), ("train", "Training")],
        widget=forms.CheckboxSelectMultiple,
    )
    country = forms.ChoiceField(choices=[("fr", "France"), ("be", "Belgium")])
    note = forms.CharField(widget=forms.Textarea(attrs={"rows": 4}), required=False)
    photo = forms.FileField(help_text="JPEG, PNG, WebP, GIF or AVIF, at most 20 MB.", required=False)
    agree = forms.BooleanField(label="I am an adult, and this is no intimate photo")


def samples() -> dict[str, Any]:
    weeks = [("2 Nov", 12), ("9 Nov", 31), ("16 Nov", 8), ("23 Nov", 19)]
    return {
        "form": SampleForm({"email": "nobody", "whose": "mine", "country": "fr", "note": ""}),
        "fresh": SampleForm(prefix="fresh"),
        "uses": described(DEFAULT),
        "steps": [
            {"label": "Choose", "state": "done"},
            {"label": "Add photos", "state": "current"},
            {"label": "Keep your sheet", "state": "todo"},
        ],
        "nav": [
            {"href": "#photos", "label": "Your photos", "current": True},
            {"href": "#account", "label": "Your account", "current": False},
        ],
        "columns": ("Device", "Place", "Last seen"),
        "rows": [
            [
                {"label": "Device", "text": "Firefox on Android"},
                {"label": "Place", "text": "192.0.2.7"},
                {"label": "Last seen", "text": "a minute ago"},
            ],
            [
                {"label": "Device", "text": "Safari on a Mac"},
                {"label": "Place", "text": "198.51.100.23"},
                {"label": "Last seen", "text": "3 November 2026"},
            ],
        ],
        "plot": Plot(
            title="Questions about your photos",
            says="Platforms asked 70 times in four weeks whether one of your photos is protected.",
            columns=("Week of", "Questions"),
            bars=bars(weeks),
        ),
        "page": Paginator(range(45), 10).page(2),
        "code": "curl -s https://veto.example/v1/check/image \\\n     -H 'Authorization: Bearer veto_live_…' \\\n"
        "     --data-binary @photo.jpg",
    }
