"""How to reach every page of the site: each by the name of its address, some in more than one state."""

import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress, EmailConfirmationHMAC
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP
from django.utils import timezone

from consent import actions
from matching.models import Check, Platform, Protection
from tests.addresses import addresses
from tests.browser.files import files, not_a_photo
from tests.browser.people import PASSWORD, Someone, details
from tests.browser.window import Window

EMOJI = "🐈" * 10_000

# Not pages: what each answers instead.
NO_PAGES = {name: "the API, which speaks JSON" for name in addresses() if name.startswith("api:")} | {
    ".well-known/jwks.json": "keys for programs",
    "healthz": "for a load balancer",
    "readyz": "for a load balancer",
    "static/<str:release>/<path:name>": "leads to the file under its present address",
    "hashing-definitions": "gives scripts the profiles",
    "language": "takes a form and leads back to its page",
    "exit": "leads away; tested by itself",
    "export-json": "a download",
    "export-csv": "a download",
    "activity-json": "a download",
    "activity-csv": "a download",
    "photos-send": "takes hashes, and speaks JSON",
    "photos-send-details": "takes hashes, and speaks JSON",
    "photos-find-ask": "takes hashes, and speaks JSON",
    "check-ask": "takes hashes, and speaks JSON",
    "photos-withdraw": "takes a form and leads to the list",
    "photos-restore": "takes a form and leads to the list",
    "photo-drop-details": "takes a form and leads to the photo",
    "mfa_login_webauthn": "gives a script what a passkey is asked",
}

Visit = Callable[[Window, Someone], None]


def opened(name: str, *arguments: Any) -> Visit:
    def visit(window: Window, _: Someone) -> None:
        window.open(name, *arguments)

    return visit


def of_first_photo(name: str) -> Visit:
    def visit(window: Window, someone: Someone) -> None:
        window.open(name, someone.photos[0].id)

    return visit


def open_details(window: Window) -> None:
    for number in range(window.page.locator("details").count()):
        window.page.locator("details > summary").nth(number).click()


def here(name: str) -> Visit:
    """A page of ours where photos are hashed, ready for them."""

    def visit(window: Window, _: Someone) -> None:
        window.open(name)
        window.page.locator("#here").wait_for()

    return visit


def here_open(window: Window, someone: Someone) -> None:
    here("photos-here")(window, someone)
    open_details(window)


# ----- strangers


def sheet(window: Window, _: Someone) -> None:
    window.open("account_case")
    window.click("main button.button-main")


def sheet_not_kept(window: Window, someone: Someone) -> None:
    sheet(window, someone)
    window.page.fill("input[name=last]", "AAAAA")
    window.click("main button.button-main")


def login_refused(window: Window, _: Someone) -> None:
    window.open("account_login")
    window.page.fill("input[name=login]", "nobody@example.org")
    window.page.fill("input[name=password]", "not this one")
    window.click("main button.button-main")


def login_second_step(window: Window, _: Someone) -> None:
    careful = Someone.new()
    TOTP.activate(careful.person, "JBSWY3DPEHPK3PXP")
    window.open("account_login")
    window.page.fill("input[name=login]", str(careful.person.username))
    window.page.fill("input[name=password]", PASSWORD)
    window.click("main button.button-main")
    assert window.at("mfa_authenticate")


def signup_refused(window: Window, _: Someone) -> None:
    window.open("account_signup")
    window.page.fill("input[name=email]", "nobody")
    window.page.fill("input[name=password1]", "short")
    window.click("main button.button-main")


def confirm_address(window: Window, _: Someone) -> None:
    new = Someone.new(email=f"{Someone.new().person.pk.hex}@example.org")
    address = EmailAddress.objects.get(user=new.person)
    address.verified = False
    address.save()
    window.open("account_confirm_email", EmailConfirmationHMAC(address).key)


def reset_with_key(window: Window, _: Someone) -> None:
    forgetful = Someone.new(email=f"{Someone.new().person.pk.hex}@example.org")
    key = default_token_generator.make_token(forgetful.person)
    window.open("account_reset_password_from_key", user_pk_to_url_str(forgetful.person), key)


def csrf_refused(window: Window, _: Someone) -> None:
    window.meant.add(403)
    window.open("account_login")
    window.page.evaluate("document.querySelector('main input[name=csrfmiddlewaretoken]').value = 'x'.repeat(64)")
    window.page.fill("input[name=login]", "a@example.org")
    window.page.fill("input[name=password]", "x")
    window.click("main button.button-main")


def missing(window: Window, _: Someone) -> None:
    window.page.goto(window.base + "/nowhere")


STRANGERS: dict[str, Visit] = {
    "home": opened("home"),
    "how-it-works": opened("how-it-works"),
    "found": opened("found"),
    "check": here("check"),
    "help": opened("help"),
    "privacy": opened("privacy"),
    "legal": opened("legal"),
    "accessibility": opened("accessibility"),
    "developers-begin": opened("developers-begin"),
    "developers-reference": opened("developers-reference"),
    "developers-errors": opened("developers-errors"),
    "developers-changes": opened("developers-changes"),
    "problem": opened("problem", "too-large"),
    "account_start": opened("account_start"),
    "account_case": opened("account_case"),
    "account_case_open": sheet,
    "account_case_open (not kept)": sheet_not_kept,
    "account_login": opened("account_login"),
    "account_login (refused)": login_refused,
    "mfa_authenticate": login_second_step,
    "account_signup": opened("account_signup"),
    "account_signup (refused)": signup_refused,
    "account_email_verification_sent": opened("account_email_verification_sent"),
    "account_confirm_email": confirm_address,
    "account_confirm_email (old link)": opened("account_confirm_email", "old"),
    "account_reset_password": opened("account_reset_password"),
    "account_reset_password_done": opened("account_reset_password_done"),
    "account_reset_password_from_key": reset_with_key,
    "account_reset_password_from_key (old link)": opened("account_reset_password_from_key", "1", "old-link"),
    "account_reset_password_from_key_done": opened("account_reset_password_from_key_done"),
    "- 403": csrf_refused,
    "- 404": missing,
}

# ----- someone who is in, with photos


def chosen_photos(window: Window, _: Someone) -> None:
    window.open("photos")
    window.page.locator("input[name=photo]").nth(0).check()
    window.page.locator("input[name=photo]").nth(1).check()


def withdrawn(window: Window, someone: Someone) -> None:
    chosen_photos(window, someone)
    window.click(".bulk button[formaction$=withdraw]")
    assert window.at("photos-undo")


def change_chosen(window: Window, someone: Someone) -> None:
    chosen_photos(window, someone)
    window.click(".bulk button")


def answers(window: Window, whose: str, sensitive: str) -> None:
    window.open("photos-add")
    window.page.check(f"input[name=whose][value={whose}]")
    window.page.check(f"input[name=sensitive][value={sensitive}]")
    window.click("main button.button-main")


def before_refused(window: Window, _: Someone) -> None:
    window.open("photos-add")
    window.click("main button.button-main")


def upload(window: Window, _: Someone) -> None:
    answers(window, "mine", "no")


def upload_refused(window: Window, someone: Someone) -> None:
    upload(window, someone)
    window.page.check("input[name=preset][value=own]")
    window.click("main button.button-main")


def results(window: Window, someone: Someone) -> None:
    upload(window, someone)
    window.page.set_input_files("input[type=file]", [*files(2), not_a_photo()])
    window.page.fill("input[name=label]", "Lac d’Annecy, été 2024")
    window.click("main button.button-main")
    assert window.at("photos-upload")


def photo_open(window: Window, someone: Someone) -> None:
    window.open("photo", someone.photos[0].id)
    open_details(window)


def choose_refused(window: Window, someone: Someone) -> None:
    """Nobody's form can be wrong by hand; an old one could."""
    photo_open(window, someone)
    window.page.evaluate("document.querySelector('input[name=preset]:checked').value = 'older'")
    window.click("form[action$=choose] button")


def rename_refused(window: Window, someone: Someone) -> None:
    photo_open(window, someone)
    window.page.evaluate("document.querySelector('input[name=label]').removeAttribute('maxlength')")
    window.page.fill("input[name=label]", "🐈" * 300)
    window.click("form[action$=rename] button")


def list_filtered(window: Window, _: Someone) -> None:
    window.open("photos", state="withdrawn", name="nothing")


def list_found(window: Window, _: Someone) -> None:
    window.open("photos", name="lac")


def drop_details(window: Window, _: Someone) -> None:
    window.open("photos-drop-details")
    assert window.at("photos-drop-details")


def new_sheet(window: Window, _: Someone) -> None:
    window.open("account_secret")
    window.click("main button.button-main")


def new_sheet_not_kept(window: Window, someone: Someone) -> None:
    new_sheet(window, someone)
    window.page.fill("input[name=last]", "AAAAA")
    window.click("main button.button-main")


def happened(window: Window, someone: Someone) -> None:
    """With some weeks of questions about a photo of someone who is known by e-mail."""
    protection = someone.photos[0].protection
    Protection.objects.filter(id=protection).update(assurance=1)
    platform, _ = Platform.objects.get_or_create(name="Asker")
    uses = {"edit": "denied", "train": "ask"}
    Check.objects.bulk_create(
        Check(
            id=f"chk_{secrets.token_hex(12)}",
            platform=platform,
            livemode=True,
            at=timezone.now() - timedelta(days=2 + 7 * week),
            result="protected",
            uses=uses,
            protections=[protection],
        )
        for week in range(6)
        for _ in range(3 + 5 * week % 9)
    )
    window.open("activity")
    open_details(window)


PERSONS: dict[str, Visit] = {
    "photos": opened("photos"),
    "photos (ticked)": chosen_photos,
    "photos (found)": list_found,
    "photos (nothing found)": list_filtered,
    "photos-change": change_chosen,
    "photos-here": here("photos-here"),
    "photos-here (open)": here_open,
    "photos-find": here("photos-find"),
    "photos-add": opened("photos-add"),
    "photos-add (refused)": before_refused,
    "photos-add (not by upload)": lambda window, _: answers(window, "child", "no"),
    "photos-upload": upload,
    "photos-upload (refused)": upload_refused,
    "photos-upload (results)": results,
    "photos-default": opened("photos-default"),
    "photos-drop-details": drop_details,
    "photo": of_first_photo("photo"),
    "photo (open)": photo_open,
    "photo (with details)": lambda window, someone: window.open("photo", someone.photos[-1].id),
    "photo (withdrawn)": lambda window, someone: window.open("photo", someone.photos[2].id),
    "photo-choose": choose_refused,
    "photo-rename": rename_refused,
    "photo-erase": of_first_photo("photo-erase"),
    "activity": happened,
    "activity (nothing yet)": opened("activity"),
    "export": opened("export"),
    "erase-account": opened("erase-account"),
    "account": opened("account"),
    "account_logout": opened("account_logout"),
    "account_secret": opened("account_secret"),
    "account_secret_change": new_sheet,
    "account_secret_change (not kept)": new_sheet_not_kept,
    "account_change_password": opened("account_change_password"),
    "mfa_index": opened("mfa_index"),
    "mfa_activate_totp": opened("mfa_activate_totp"),
    "mfa_list_webauthn": opened("mfa_list_webauthn"),
    "mfa_add_webauthn": opened("mfa_add_webauthn"),
    "usersessions_list": opened("usersessions_list"),
    "photos-undo": withdrawn,
}

# ----- someone with an e-mail address, a second step and a passkey


def add_passkey(window: Window) -> None:
    """With an authenticator that the browser plays."""
    devtools = window.context.new_cdp_session(window.page)
    devtools.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    window.open("mfa_add_webauthn")
    window.page.fill("input[name=name]", "Phone")
    window.page.locator("form[data-passkey] button[type=button]").click()
    window.page.wait_for_url(lambda address: "add" not in address)


def of_passkey(name: str) -> Visit:
    def visit(window: Window, someone: Someone) -> None:
        passkey = Authenticator.objects.get(user=someone.person, type=Authenticator.Type.WEBAUTHN)
        window.open(name, passkey.pk)

    return visit


CAREFUL: dict[str, Visit] = {
    "account (by e-mail)": opened("account"),
    "account_email": opened("account_email"),
    "account_change_password (by e-mail)": opened("account_change_password"),
    "mfa_index (on)": opened("mfa_index"),
    "mfa_deactivate_totp": opened("mfa_deactivate_totp"),
    "mfa_view_recovery_codes": opened("mfa_view_recovery_codes"),
    "mfa_generate_recovery_codes": opened("mfa_generate_recovery_codes"),
    "mfa_list_webauthn (one)": opened("mfa_list_webauthn"),
    "mfa_remove_webauthn": of_passkey("mfa_remove_webauthn"),
    "mfa_edit_webauthn": of_passkey("mfa_edit_webauthn"),
}
ASKED_AGAIN: dict[str, Visit] = {
    "account_reauthenticate": opened("account_reauthenticate"),
    "mfa_reauthenticate": opened("mfa_reauthenticate"),
    "mfa_reauthenticate_webauthn": opened("mfa_reauthenticate_webauthn"),
}
NEWCOMERS: dict[str, Visit] = {"photos (none)": opened("photos")}
DEBUG_ONLY: dict[str, Visit] = {"styleguide": opened("styleguide")}


def with_photos() -> Someone:
    alice = Someone.new()
    alice.adds(
        "Lac d’Annecy, été 2024 (1)", "Lac d’Annecy, été 2024 (2)", "Portrait pour le travail", "", "Mariage de Léa"
    )
    actions.withdraw_photos(by=alice.person, photos=[alice.photos[2]])
    actions.revise_photos(by=alice.person, photos=[alice.photos[0]], refuse=["sexualise", "likeness"])
    alice.adds("Photo de classe", declaration="represented", pending=True)
    alice.adds("Au marché", details=details())
    return alice


def with_second_step() -> Someone:
    bob = Someone.new(email=f"{Someone.new().person.pk.hex[:12]}@example.org")
    TOTP.activate(bob.person, "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(bob.person)
    return bob
