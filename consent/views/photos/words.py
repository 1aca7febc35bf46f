"""What the modules in static/js/photos say: they hold no words of their own."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ENGINE: dict[str, Promise] = {
    "undecodable": _("It is no photo, or your browser can't read it. Save it as JPEG and choose that."),
    "heic-unsupported": _(
        "Your browser can't read HEIC. Save it as JPEG, or open this page on the phone that took it."
    ),
    "too-large": _("It is too large for this device. Choose a smaller version."),
    "low-quality": _("It shows too little to be told from other pictures, like a wall or a blank page."),
    "canvas-randomised": _("This browser changes what pages read of pictures, so its fingerprint would be wrong."),
    "failed": _("It could not be read just now. Choose it once more."),
    "offline": _("No connection. Nothing is lost: it goes on by itself as soon as there is one."),
    "busy": _("Veto can't answer just now. Nothing is lost: it goes on by itself in a moment."),
    "signed-out": _("You are logged out. Log in again and open this page: it goes on where it was."),
    "refused": _("The answer was not understood. Load the page again."),
}

HERE = ENGINE | {
    "chosen": _("Chosen: {number}"),
    "choosing": _("Looking through what you chose…"),
    "none": _("There was no photo among it."),
    "known": _("Among them is nothing new: all of it is here already."),
    "progress": _("{done} of {all}"),
    "working": _("Making fingerprints on this device"),
    "sending": _("Sending fingerprints"),
    "paused": _("Paused. Nothing is lost, also when you close this page."),
    "minutes": _("about {number} min left"),
    "moment": _("less than a minute left"),
    "all-done": _("Done. Registered: {done}. Not registered: {failed}."),
    "all-well": _("Done. Registered: {done}."),
    "waiting": _("Waiting: {number}. They take effect within a day."),
    "stopped": _("Stopped. What was registered stays registered: {done}."),
    "more": _("… and {number} more"),
    "wiped": _("Nothing is kept on this device any more."),
    "other-tab": _("Your photos are being added in another tab."),
    "pause": _("Pause"),
    "resume": _("Go on"),
}

FIND = ENGINE | {
    "looking": _("Looking…"),
    "one": _("It is this one:"),
    "several": _("It may be one of these, the nearest first:"),
    "nothing": _("None of your photos is this one."),
}

CHECK = ENGINE | {
    "looking": _("Looking…"),
    "registered": _("Yes: this photo is registered. A platform that asks is told what is refused."),
    "not-registered": _("No: this very photo is not registered. A cropped or changed version of it may be."),
    "enough": _("Too many questions came from your network today. Ask again tomorrow."),
    "unknown": _("Veto can't know just now. Please ask again in a minute."),
}
