"""The API's reference, as rows for a page: read from the committed docs/openapi.json, and from nothing else."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

FILE: Final = Path(__file__).resolve().parents[2] / "docs" / "openapi.json"
METHODS: Final = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True)
class Field:
    """`name` is its path: `matches[].ref` is the ref of each match."""

    name: str
    type: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    id: str
    method: str
    path: str
    summary: str
    description: str
    needs_key: bool
    parameters: tuple[Field, ...]
    takes: tuple[Field, ...]
    media: tuple[str, ...]  # of a body that is no JSON
    gives: tuple[Field, ...]


@cache
def operations() -> tuple[Operation, ...]:
    spec = json.loads(FILE.read_text())
    return tuple(
        operation(spec, method, path, said)
        for path, methods in spec["paths"].items()
        for method, said in methods.items()
        if method in METHODS
    )


def operation(spec: dict[str, Any], method: str, path: str, said: dict[str, Any]) -> Operation:
    takes = said.get("requestBody", {}).get("content", {})
    answer: dict[str, Any] = next((each for status, each in said["responses"].items() if status.startswith("2")), {})
    gives = answer.get("content", {}).get("application/json", {}).get("schema", {})
    return Operation(
        id=said["operationId"],
        method=method.upper(),
        path=path,
        summary=said.get("summary", ""),
        description=said.get("description", ""),
        needs_key=bool(said.get("security")),
        parameters=tuple(parameter(spec, each) for each in said.get("parameters", ())),
        takes=tuple(fields(spec, takes.get("application/json", {}).get("schema", {}))),
        media=tuple(kind for kind in takes if kind != "application/json"),
        gives=tuple(fields(spec, gives)),
    )


def parameter(spec: dict[str, Any], said: dict[str, Any]) -> Field:
    schema = said.get("schema", {})
    name = f"{said['name']} ({said['in']})"
    description = said.get("description") or schema.get("description", "")
    return Field(name, type_of(spec, schema), said.get("required", False), description)


def fields(spec: dict[str, Any], schema: dict[str, Any], before: str = "") -> Iterator[Field]:
    """Those of an object, and below each those that it holds."""
    schema = resolved(spec, schema)
    required = schema.get("required", ())
    for name, said in schema.get("properties", {}).items():
        items = resolved(spec, said).get("items")
        path = f"{before}{name}{'[]' if items else ''}"
        description = said.get("description") or resolved(spec, said).get("description", "")
        yield Field(path, type_of(spec, said), name in required, description)
        yield from fields(spec, items or said, f"{path}.")


def resolved(spec: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """What a reference, or a choice of one thing and null, stands for."""
    if "anyOf" in schema:
        schema = next((each for each in schema["anyOf"] if each.get("type") != "null"), {})
    if "$ref" in schema:
        found: dict[str, Any] = spec["components"]["schemas"][schema["$ref"].rsplit("/", 1)[-1]]
        return resolved(spec, found)
    return schema


def type_of(spec: dict[str, Any], said: dict[str, Any]) -> str:
    schema = resolved(spec, said)
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if "const" in schema:
        return str(schema["const"])
    if "items" in schema:
        return f"list of {type_of(spec, schema['items'])}"
    return str(schema.get("format") or schema.get("type", "any"))
