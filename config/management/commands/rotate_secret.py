"""Make a new value for a secret of the environment, shown this once, as the variable is to be written.

`first` goes to every process and all are restarted, so that each understands the new value; `then` likewise, which uses
it. Nothing is changed here: the environment is yours. `make rotate` changes what `make run` keeps in its home.
"""

import base64
from typing import Any

from django.core.management import CommandParser

from config.rotation import SECRETS, rotation
from config.settings import ENVIRONMENT
from matching.management.operators import OperatorCommand

PRESENT = {
    "django": ENVIRONMENT.django_secret_key,
    "pepper": [pepper.hex() for pepper in ENVIRONMENT.api_key_pepper],
    "fingerprints": [f"{id_}:{base64.b64encode(key).decode()}" for id_, key in ENVIRONMENT.fingerprint_keys.items()],
}


class Command(OperatorCommand):
    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("secret", choices=SECRETS)

    def handle(self, *, secret: str, as_json: bool, **_: Any) -> None:
        made = rotation(SECRETS[secret], ",".join(PRESENT[secret]))
        facts = {
            "variable": SECRETS[secret].variable,
            "first": made.understood,
            "then": made.used,
            "keep_the_others": SECRETS[secret].until,
        }
        self.say(facts, as_json=as_json)
