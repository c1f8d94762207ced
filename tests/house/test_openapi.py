import pytest

from app.web.api import (
    assessment_schemas,
    carrier_keeping_schemas,
    carrier_schemas,
    certificate_schemas,
    collection_schemas,
    entry_schemas,
    figure_schemas,
    firm_plan_schemas,
    log_schemas,
    merge_schemas,
    plan_schemas,
    readiness_schemas,
    schemas,
    stay_schemas,
    work_schemas,
)
from app.web.api.openapi import EXAMPLES
from app.web.downloads import XLSX

OPERATIONS = ("get", "put", "post", "delete", "patch")


@pytest.fixture(scope="module")
def spec(built_app):
    return built_app.openapi()


def operations(spec):
    return [(p, m, op) for p, item in spec["paths"].items() for m, op in item.items() if m in OPERATIONS]


def test_the_specification_describes_the_api_and_only_the_api(spec):
    assert spec["openapi"].startswith("3.1")
    assert spec["paths"]
    assert all(path.startswith("/api/v1/") for path in spec["paths"])


def test_every_operation_has_a_summary_a_tag_and_its_problems(spec):
    for path, method, operation in operations(spec):
        assert operation.get("summary"), (path, method)
        assert operation.get("tags"), (path, method)
        for status in ("401", "403", "404", "422", "503"):
            answer = operation["responses"][status]
            assert "application/problem+json" in answer["content"], (path, method, status)
            assert answer["description"]


def test_writes_say_which_key_and_which_tag_they_take(spec):
    for path, method, operation in operations(spec):
        names = {p["name"].lower() for p in operation.get("parameters", [])}
        if method == "patch":
            assert "if-match" in names, path
        # Of these the first writes nothing, and the second's answer is not to be kept for asking again.
        if method != "get" and not path.endswith(("/what-if", "/contacts/reveal")):
            assert "idempotency-key" in names, path


def test_every_body_and_every_successful_answer_has_a_schema_with_an_example(spec):
    schemas = spec["components"]["schemas"]

    def example_of(holder):
        if "$ref" in holder:
            holder = schemas[holder["$ref"].rsplit("/", 1)[-1]]
        return holder.get("example") or holder.get("examples")

    for path, method, operation in operations(spec):
        if body := operation.get("requestBody"):
            taken = body["content"]
            uploads = list(taken) == ["multipart/form-data"]  # which is a file, and needs none
            assert uploads or example_of(taken["application/json"]["schema"]), (path, method)
        good = {s: a for s, a in operation["responses"].items() if s.startswith("2")}
        assert good, (path, method)
        for answer in good.values():
            kinds = ("application/json", "text/calendar", XLSX)
            content = next(answer["content"][kind] for kind in kinds if kind in answer["content"])
            assert content["schema"], (path, method)
            assert content.get("example") or example_of(content["schema"]), (path, method)


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_is_what_the_api_could_really_say(name):
    rooms = (schemas, certificate_schemas, figure_schemas, assessment_schemas, work_schemas, plan_schemas)
    rooms += (carrier_schemas, log_schemas, readiness_schemas, entry_schemas, collection_schemas, stay_schemas)
    rooms += (merge_schemas, firm_plan_schemas, carrier_keeping_schemas)
    model = next(getattr(room, name) for room in rooms if hasattr(room, name))
    given = model.model_validate(EXAMPLES[name], strict=False)
    assert set(EXAMPLES[name]) == set(given.model_dump(by_alias=True))


async def test_the_specification_is_served_as_it_is_tested(anonymous, spec):
    answer = await anonymous.get("/api/v1/openapi.json")
    assert answer.json() == spec


def test_the_filter_is_described_as_it_is_read(spec):
    from dataclasses import fields

    from app.firms.terms import FirmFilter

    for path in ("/api/v1/firms", "/api/v1/board"):
        names = {p["name"] for p in spec["paths"][path]["get"]["parameters"]}
        assert {f.name for f in fields(FirmFilter)} <= names


def test_programs_sign_in_with_a_bearer_token(spec):
    assert spec["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    assert {"bearer": []} in spec["security"]
