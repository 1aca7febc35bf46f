"""The door: who may ask."""

import pytest

from matching import keys
from tests.integration.sequence.processes import until
from tests.integration.web import Web, command, new_key, serving

pytestmark = pytest.mark.usefixtures("committed")


def refusal(web: Web, key: str, **headers: str) -> tuple[int, str]:
    answer = web.ask("POST", "/v1/check", {"profile": "pdq", "hashes": []}, key, **headers)
    return answer.status, answer.json["code"]


ENTERED = (422, "invalid-request")  # past the door: the body is at fault


def test_a_good_key_enters(web: Web, key: str) -> None:
    assert refusal(web, key) == ENTERED


def test_every_single_wrong_letter_is_noticed_with_no_look_up(key: str) -> None:
    for place in range(len(key)):
        wrong = key[:place] + ("x" if key[place] != "x" else "y") + key[place + 1 :]
        with pytest.raises(keys.InvalidKeyError):
            keys.parse(wrong)


@pytest.mark.parametrize("text", ["", "veto_live_", "Basic abc", "veto_live_é"])
def test_what_is_no_key_is_refused(web: Web, text: str) -> None:
    assert refusal(web, text.encode().decode("latin-1")) == (401, "invalid-key")


def test_a_mistyped_key_is_refused_and_not_repeated(web: Web, key: str) -> None:
    wrong = key[:-1] + ("x" if key[-1] != "x" else "y")
    answer = web.ask("GET", "/v1/me", None, wrong)
    assert (answer.status, answer.json["code"]) == (401, "invalid-key")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert wrong not in answer.body.decode()


def test_a_well_formed_key_that_was_never_issued_is_refused(web: Web) -> None:
    assert refusal(web, str(keys.Credential(True, "0" * 10, "a" * 43))) == (401, "invalid-key")


def test_a_secret_that_is_not_the_keys_is_refused(web: Web, key: str) -> None:
    assert refusal(web, str(keys.Credential(True, keys.parse(key).kid, "a" * 43))) == (401, "invalid-key")


def test_a_live_key_cannot_pass_for_a_test_key(web: Web, key: str) -> None:
    credential = keys.parse(key)
    turned = str(keys.Credential(False, credential.kid, credential.secret))
    assert refusal(web, turned) == (401, "invalid-key")


def test_an_expired_key_is_refused(web: Web) -> None:
    assert refusal(web, new_key("Late", "--expires-in-days", "-1")) == (401, "expired-key")
    assert refusal(web, new_key("Late", "--expires-in-days", "1")) == ENTERED


def test_a_revoked_key_is_refused_with_the_next_request(web: Web) -> None:
    for _ in range(20):
        issued = new_key("Gone")
        assert refusal(web, issued) == ENTERED
        assert command("revoke_key", keys.parse(issued).kid)[0]["state"] == "revoked"
        assert refusal(web, issued) == (401, "invalid-key")


def test_a_key_without_the_scope_is_refused(web: Web) -> None:
    reporter = new_key("Reporter", "--scopes", "report")
    assert refusal(web, reporter) == (403, "missing-scope")
    assert web.ask("GET", "/v1/me", None, reporter).status == 200


def test_a_key_is_refused_from_another_network(web: Web) -> None:
    assert refusal(web, new_key("Far", "--networks", "192.0.2.0/24")) == (403, "ip-not-allowed")
    assert refusal(web, new_key("Far", "--networks", "192.0.2.0/24,127.0.0.0/8")) == ENTERED


def test_an_address_that_the_client_wrote_itself_is_not_believed(web: Web) -> None:
    far = new_key("Far", "--networks", "192.0.2.0/24")
    assert refusal(web, far, X_Forwarded_For="192.0.2.7") == (403, "ip-not-allowed")


def test_behind_a_proxy_only_its_own_entry_is_believed(tmp_path: object, web: Web) -> None:
    far = new_key("Far", "--networks", "192.0.2.0/24")
    with serving(web.log.with_name("proxied.log"), TRUSTED_PROXY_COUNT="1") as proxied:
        assert refusal(proxied, far, X_Forwarded_For="192.0.2.7, 198.51.100.1") == (403, "ip-not-allowed")
        assert refusal(proxied, far, X_Forwarded_For="198.51.100.1, 192.0.2.7") == ENTERED
        assert refusal(proxied, far) == (403, "ip-not-allowed")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--scopes", "check,fly"], "'fly'; the scopes are check"),
        (["--scopes", ""], "at least one scope; the scopes are check"),
        (["--networks", "here"], "'here'"),
        (["--expires-in-days", "nan"], "cannot expire in nan days"),
        (["--expires-in-days", "1e12"], "cannot expire in 1e.12 days"),
        (["--platform", " "], "1 to 100 characters"),
        (["--platform", "x" * 101], "1 to 100 characters"),
    ],
)
def test_a_key_with_a_wrong_option_is_not_issued(options: list[str], says: str) -> None:
    from django.core.management import CommandError

    with pytest.raises(CommandError, match=says):
        command("issue_key", "--platform", "Wrong", *options)


def test_when_a_key_was_last_used_is_noted_once_a_minute(web: Web) -> None:
    from matching.models import ApiKey

    issued = new_key("Noted")
    mine = ApiKey.objects.filter(kid=keys.parse(issued).kid)
    assert mine.get().last_used_at is None
    assert refusal(web, issued) == ENTERED
    until(lambda: mine.get().last_used_at is not None)
    first = mine.get().last_used_at
    assert refusal(web, issued) == ENTERED
    assert mine.get().last_used_at == first


def test_a_suspended_platform_is_refused_with_the_next_request(web: Web) -> None:
    from django.db import transaction
    from django.utils import timezone

    from matching import sequence
    from matching.models import Change, Platform

    issued = new_key("Suspended")
    assert refusal(web, issued) == ENTERED
    with transaction.atomic():
        platform = Platform.objects.get(name="Suspended")
        platform.suspended_at = timezone.now()
        platform.save()
        sequence.record(Change.Kind.ACCESS, platform.id)
    assert sequence.settled()
    assert refusal(web, issued) == (403, "platform-suspended")
