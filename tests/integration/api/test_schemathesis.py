"""Whatever docs/openapi.json allows and forbids, asked with and without a key: every check that schemathesis has."""

import json
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from schemathesis.config import SchemathesisConfig

from tests.integration.web import ROOT, Web, new_key

CONFIG = SchemathesisConfig.from_path(Path(__file__).with_name("schemathesis.toml"))
SPEC = json.loads((ROOT / "docs" / "openapi.json").read_text())
SCHEMA = schemathesis.openapi.from_dict(SPEC, config=CONFIG)
OPERATIONS = [operation.ok() for operation in SCHEMA.get_all_operations()]


@pytest.fixture(scope="session")
def whole_key(web: Web, django_db_blocker: pytest.FixtureRequest) -> str:
    with django_db_blocker.unblock():
        return new_key("Fuzz", "--scopes", "check,report,webhooks")


def arrives(case: Any) -> bool:
    """Whether all its parameters do: of one without a value nothing stands in the address, so it cannot be refused."""
    return all(value not in (None, [], {}) for value in (case.query or {}).values())


def asked(operation: Any, web: Web, key: str, examples: int) -> None:
    modes = st.one_of(
        operation.as_strategy(generation_mode=schemathesis.GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE),
    )

    @settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=modes)
    def ask(case: Any) -> None:
        assume(arrives(case))
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        case.call_and_validate(base_url=f"http://127.0.0.1:{web.port}", headers=headers)

    ask()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.label)
def test_every_answer_is_as_the_contract_says(web: Web, whole_key: str, operation: Any) -> None:
    for key, examples in (whole_key, 12), ("", 3):
        asked(operation, web, key, examples)
