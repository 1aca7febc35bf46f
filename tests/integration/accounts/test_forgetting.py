"""What is not needed any more is gone."""

from datetime import timedelta

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


def test_an_address_that_nobody_verified_is_forgotten() -> None:
    unverified, verified, young = an_address(), an_address(), an_address()
    sign_up(Browser(), unverified)
    an_account(Browser(), verified)
    Person.objects.update(created_at=timezone.now() - timedelta(days=4))
    Person.objects.filter(email=verified).update(last_login=None)
    sign_up(Browser(), young)
    forget_the_past()
    assert set(Person.objects.exclude(email=None).values_list("email", flat=True)) == {verified, young}
