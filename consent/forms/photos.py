"""What a person fills in about photos."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from consent.models import Photo
from matching.uses import DEFAULT, PRESETS, USES, in_order, refused

MAX_FILES = 20
LONGEST_NAME = 200
OWN = "own"

ONE_OF_THEM = {"required": _("Choose one of the answers."), "invalid_choice": _("Choose one of the answers.")}
TOO_LONG = {
    "max_length": _("Shorten it to %(limit_value)d characters; it has %(show_value)d."),
    "null_characters_not_allowed": _("It holds a character that can't be kept. Type it again."),
}

WHOSE = {
    Photo.Declaration.MINE: _("Mine: I am in them, or I took them"),
    Photo.Declaration.CHILD: _("My child's"),
    Photo.Declaration.REPRESENTED: _("Those of someone I represent"),
}
WHOSE_IT_IS = {
    Photo.Declaration.MINE: _("Mine"),
    Photo.Declaration.CHILD: _("My child's"),
    Photo.Declaration.REPRESENTED: _("Someone I represent"),
}

MEANS = {
    "essential": _("Nobody in them may be sexualised, imitated or animated."),
    "no-ai-editing": _("Essential, and no AI may change them in any way."),
    "refuse-everything": _("No AI editing, and no training of models and no search by face either."),
    OWN: _("Use by use, below."),
}


# Read before it is chosen: what is gained by details, and what they cost.
DETAILS_MEAN = _(
    "With details, Veto also finds a piece of your photo, cropped or partly changed. If what Veto keeps were stolen, "
    "someone could draw from it a blurred grey picture in which a close face can be made out; details make it clearer. "
    "We never pass them on, and you can remove them at any time."
)


class BeforeForm(forms.Form):
    """Asked before any file is chosen: some photos must never be sent, not even for a moment."""

    whose = forms.ChoiceField(
        label=_("Whose photos are they?"), choices=WHOSE.items, widget=forms.RadioSelect, error_messages=ONE_OF_THEM
    )
    sensitive = forms.ChoiceField(
        label=_("Is someone under 18 in any of them, or is any of them intimate?"),
        help_text=_("Intimate: nude, in underwear, or in a sexual situation."),
        choices=[("no", _("No, none")), ("yes", _("Yes, or I am not sure"))],
        widget=forms.RadioSelect,
        error_messages=ONE_OF_THEM,
    )

    def may_be_sent(self) -> bool:
        answers = self.cleaned_data
        return bool(answers["sensitive"] == "no" and answers["whose"] != Photo.Declaration.CHILD)


class ChoiceForm(forms.Form):
    """Which uses are refused: a preset, or uses one by one."""

    preset = forms.ChoiceField(label=_("What do you refuse?"), widget=forms.RadioSelect, error_messages=ONE_OF_THEM)
    uses = forms.MultipleChoiceField(
        label=_("Your own choice"),
        help_text=_("What is ticked is refused."),
        widget=forms.CheckboxSelectMultiple,
        required=False,
        error_messages={"invalid_choice": _("Choose among the uses below.")},
    )

    def __init__(self, *args: Any, chosen: Sequence[str] = tuple(in_order(DEFAULT)), **kwargs: Any) -> None:
        kwargs["initial"] = {"preset": preset_of(chosen), "uses": list(chosen)}
        super().__init__(*args, **kwargs)
        self.fields["preset"].choices = [  # type: ignore[attr-defined]
            *((preset.id, preset.label) for preset in PRESETS),
            (OWN, _("My own choice")),
        ]
        self.fields["uses"].choices = [(use.id, use.label) for use in USES]  # type: ignore[attr-defined]

    def cards(self) -> list[dict[str, Any]]:
        """The presets for the component `choice-card`."""
        recommended = {preset.id for preset in PRESETS if preset.default}
        chosen = self["preset"].value()
        return [
            {
                "id": f"{self['preset'].auto_id}_{value}",
                "name": "preset",
                "value": value,
                "title": label,
                "text": MEANS[value],
                "tag": _("recommended") if value in recommended else "",
                "checked": value == chosen,
            }
            for value, label in self["preset"].field.choices  # type: ignore[attr-defined]
        ]

    def each_use(self) -> list[dict[str, Any]]:
        """The uses to tick one by one; what is always refused is ticked and stays so."""
        field = self["uses"]
        chosen = set(field.value() or ())
        return [
            {
                "id": f"{field.auto_id}_{use.id}",
                "value": use.id,
                "label": use.label,
                "means": use.means,
                "always": use.always_refused,
                "checked": use.always_refused or use.id in chosen,
            }
            for use in USES
        ]

    def refused(self) -> frozenset[str]:
        """What was chosen, with what it implies."""
        if self.cleaned_data["preset"] == OWN:
            return refused(self.cleaned_data["uses"])
        return refused(next(preset.uses for preset in PRESETS if preset.id == self.cleaned_data["preset"]))


class KeepingForm(ChoiceForm):
    """With whether details are kept. Of a box that is not ticked a browser sends nothing: then none are."""

    keep_details = forms.BooleanField(label=_("Also keep details of the photo"), help_text=DETAILS_MEAN, required=False)

    def __init__(self, *args: Any, keep: bool = True, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["keep_details"].initial = keep


def preset_of(chosen: Sequence[str]) -> str:
    """The preset that refuses just these uses, else "own"."""
    return next((preset.id for preset in PRESETS if set(preset.uses) == set(chosen)), OWN)


class SeveralFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files; each is looked at by itself later, so that one that is refused loses no other."""

    widget = SeveralFiles

    def clean(self, data: Any, initial: Any = None) -> list[InMemoryUploadedFile]:  # noqa: ARG002 (Django's signature)
        files = [file for file in (data if isinstance(data, list | tuple) else [data]) if file]
        if not files:
            raise forms.ValidationError(_("Choose at least one photo."), code="required")
        if len(files) > MAX_FILES:
            raise forms.ValidationError(
                ngettext_lazy(
                    "Choose at most %(most)d photo at once.", "Choose at most %(most)d photos at once.", "most"
                ),
                params={"most": MAX_FILES},
            )
        return files


class AddForm(KeepingForm):
    photos = FilesField(
        label=_("Photos"),
        help_text=_("JPEG, PNG, WebP, GIF or AVIF; up to 20 photos, of 20 MB each at most."),
        widget=SeveralFiles(attrs={"accept": "image/jpeg,image/png,image/webp,image/gif,image/avif"}),
    )
    label = forms.CharField(
        label=_("A name for them"),
        help_text=_("Only you see it. It helps you find them again: “holidays 2024”."),
        max_length=LONGEST_NAME - len(f" ({MAX_FILES})"),
        required=False,
        error_messages=TOO_LONG,
    )

    field_order = ("photos", "label", "preset", "uses")


class HereForm(KeepingForm):
    """For photos that are hashed in the browser, whatever they show; a browser sends its fields with the hashes."""

    whose = BeforeForm.base_fields["whose"]
    label = AddForm.base_fields["label"]

    field_order = ("whose", "label", "preset", "uses")


class LabelForm(forms.Form):
    label = forms.CharField(label=_("Name"), max_length=LONGEST_NAME, required=False, error_messages=TOO_LONG)


AGAIN = "again"  # beside the states of a photo: in force, and to be hashed again


class FilterForm(forms.Form):
    """What the list shows. A wrong value shows everything rather than an error."""

    state = forms.ChoiceField(
        label=_("State"),
        required=False,
        choices=[
            ("", _("All")),
            (Photo.State.PROTECTED, _("Protected")),
            (Photo.State.PENDING, _("Waiting")),
            (Photo.State.WITHDRAWN, _("Withdrawn")),
        ],
    )
    whose = forms.ChoiceField(
        label=_("Whose"),
        required=False,
        choices=[("", _("All")), *WHOSE_IT_IS.items()],
    )
    name = forms.CharField(label=_("Name contains"), required=False, max_length=LONGEST_NAME)

    def __init__(self, *args: Any, again: bool, **kwargs: Any) -> None:
        """`again`: whether there are any photos to be hashed again; else nothing is said of such."""
        super().__init__(*args, **kwargs)
        if again:
            self.fields["state"].choices.append((AGAIN, _("To add again")))  # type: ignore[attr-defined]
