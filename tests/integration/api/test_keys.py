"""The door: who may ask."""

from uuid import uuid4

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
    issued = new_key("Suspended")
    assert refusal(web, issued) == ENTERED
    assert command("suspend_platform", "Suspended")[0]["state"] == "suspended"
    assert refusal(web, issued) == (403, "platform-suspended")
    assert command("suspend_platform", "Suspended", "--resume")[0]["state"] == "resumed"
    assert refusal(web, issued) == ENTERED


def test_a_replaced_key_stays_good_for_the_overlap_and_there_are_never_three(web: Web) -> None:
    from django.core.management import CommandError

    old = new_key("Careful", "--networks", "127.0.0.0/8", "--expires-in-days", "90")
    [rotated] = command("rotate_key", old, "--overlap-days", "3")
    new = rotated["key"]
    assert (rotated["replaces"], rotated["networks"]) == (keys.parse(old).kid, ["127.0.0.0/8"])
    assert (refusal(web, old), refusal(web, new)) == (ENTERED, ENTERED)
    for either in (old, new):
        with pytest.raises(CommandError, match="stands beside this key; revoke one of the two first"):
            command("rotate_key", either)
    command("revoke_key", old)
    assert refusal(web, old) == (401, "invalid-key")
    [again] = command("rotate_key", new, "--overlap-days", "0")
    assert (refusal(web, new), refusal(web, again["key"])) == ((401, "expired-key"), ENTERED)
    with pytest.raises(CommandError, match="no longer good"):
        command("rotate_key", new)
    with pytest.raises(CommandError, match="no key has this kid"):
        command("rotate_key", "0" * 10)


def test_what_operators_do_is_listed_and_written_down(web: Web) -> None:
    from django.core.management import CommandError

    from matching.models import Platform, PlatformEvent

    name = f"Noted {uuid4().hex}"
    [made] = command("create_platform", name, "--minimum-assurance", "1", "--units-per-minute", "500", "--json")
    assert made == {"platform": name, "minimum_assurance": 1, "units_per_minute": 500}
    with pytest.raises(CommandError, match="there is a platform"):
        command("create_platform", name)
    first = new_key(name, "--json")
    [rotated] = command("rotate_key", first, "--json")
    command("revoke_key", first, "--json")
    command("suspend_platform", name, "--json")
    [listed] = [each for each in command("list_platforms", "--json") if each["platform"] == name]
    assert [key["kid"] for key in listed["keys"]] == [rotated["kid"]]
    assert listed["suspended_at"]
    events = PlatformEvent.objects.filter(platform=Platform.objects.get(name=name).id).order_by("at")
    assert [(event.action, event.by) for event in events] == [
        ("platform.created", "operator"),
        ("key.issued", "operator"),
        ("key.rotated", "operator"),
        ("key.revoked", "operator"),
        ("platform.suspended", "operator"),
    ]
    assert first not in str(list(events.values()))
    with pytest.raises(CommandError, match="there is no platform"):
        command("suspend_platform", name + "!")
    for wrong in (["--minimum-assurance", "4"], ["--units-per-minute", "0"]):
        with pytest.raises(CommandError, match=r"is not 0, 1, 2 or 3|give 1 to"):
            command("create_platform", f"{name}?", *wrong)
