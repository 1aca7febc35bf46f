"""What lies between the right password and being in."""

from allauth.account import stages
from django.http import HttpResponseBase

from consent.models import Person


class EmailVerificationStage(stages.EmailVerificationStage):
    """An e-mail address has to be verified; a case number has none, and needs none."""

    def handle(self) -> tuple[HttpResponseBase | None, bool]:
        person = self.login.user
        if isinstance(person, Person) and person.has_case_number:
            return None, True
        response, goes_on = super().handle()
        return response, goes_on
