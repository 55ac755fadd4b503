"""Whatever OpenAPI lets a client send, the API answers as OpenAPI says, and never with a failure."""

from __future__ import annotations

from collections import Counter

import httpx
import pytest
from hypothesis import HealthCheck, given, settings


# Requests for each operation that are as OpenAPI says, and that are not.
@pytest.mark.parametrize(("positive", "negative"), [(2, 1), pytest.param(6, 3, marks=pytest.mark.slow)])
def test_no_request_makes_the_api_fail(client: httpx.Client, positive: int, negative: int) -> None:
    # Imported here, as it takes seconds.
    import schemathesis
    from schemathesis import GenerationMode, checks

    asked = [
        checks.not_a_server_error,
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_schema_conformance,
    ]
    # Not `schema.parametrize()`: it needs the operations before fixtures exist.
    schema = schemathesis.openapi.from_url(f"{client.base_url}/openapi.json")
    answered: Counter[int] = Counter()
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 30
    for operation in operations:
        for mode, examples in ((GenerationMode.POSITIVE, positive), (GenerationMode.NEGATIVE, negative)):
            if mode is GenerationMode.NEGATIVE and not operation.query:
                continue  # nothing can be wrong with what has no parameters

            @settings(max_examples=examples, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
            @given(case=operation.as_strategy(generation_mode=mode))
            def ask(case: schemathesis.Case) -> None:
                if isinstance(case.query, dict):
                    # Nearly every one is forged, and refused before it comes to a query; test_marts.py has those.
                    case.query.pop("cursor", None)
                answer = case.call_and_validate(checks=asked)
                answered[answer.status_code] += 1

            ask()
    assert answered[200] > 100, answered
    assert answered[422] > 10, answered
