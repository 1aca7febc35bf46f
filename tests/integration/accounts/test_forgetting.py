"""What is not needed any more is gone."""

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.utils import timezone

from consent.models import Person
from consent.tasks import forget_the_past
from tests.integration.accounts.browser import Browser, Case
from tests.integration.accounts.test_email import an_account, an_address, sign_up


def test_sessions_that_are_over_leave_nothing(browser: Browser, alice: Case) -> None:
    other = Browser()
    other.log_in(alice.number, alice.secret)
    Session.objects.filter(pk=other.session.session_key).update(expire_date=timezone.now() - timedelta(minutes=1))
    forget_the_past()
    assert [kept.session_key for kept in UserSession.objects.all()] == [browser.session.session_key]
    assert browser.is_in()


def test_a_person_who_is_gone_has_no_session(browser: Browser, alice: Case) -> None:
    other = Browser()
    other.log_in(alice.number, alice.secret)
    browser.person().delete()
    assert not browser.is_in()
    assert Session.objects.filter(pk=other.session.session_key).count() == 0


def test_mails_that_became_files_go_when_their_links_are_no_longer_good(tmp_path: Path, settings: Any) -> None:
    settings.MAIL_FOLDER = str(tmp_path)
    old, young = tmp_path / "1.log", tmp_path / "2.log"
    for file, days in ((old, 3.1), (young, 2.9)):
        file.touch()
        os.utime(file, (time.time() - days * 86400,) * 2)
    forget_the_past()
    assert (old.exists(), young.exists()) == (False, True)


def test_an_address_that_nobody_verified_is_forgotten() -> None:
    unverified, verified, young = an_address(), an_address(), an_address()
    sign_up(Browser(), unverified)
    an_account(Browser(), verified)
    Person.objects.update(created_at=timezone.now() - timedelta(days=4))
    Person.objects.filter(email=verified).update(last_login=None)
    sign_up(Browser(), young)
    forget_the_past()
    assert set(Person.objects.exclude(email=None).values_list("email", flat=True)) == {verified, young}
