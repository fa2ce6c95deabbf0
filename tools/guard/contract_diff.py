"""What changed between two contracts, and whether it breaks clients of the package. Pure: data in, rows out."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tools.contract_check import is_array, is_object

from .contracts import AT, RECURSIVE, Contract, Operation, Schema

Side = Literal["request", "response"]

RULES: Mapping[str, bool] = {
    "operation added": False,
    "operation removed": True,
    # Directives in autorest.md keep the names of our methods.
    "operationId renamed": False,
    "parameter added": False,
    "required parameter added": True,
    "parameter removed": True,
    "parameter made required": True,
    "parameter made optional": False,
    # The name is a keyword of the raw method.
    "path parameter renamed": True,
    "request property added": False,
    "required request property added": True,
    "request property removed": True,
    "request property made required": True,
    "request property made optional": False,
    "response property added": False,
    "response property removed": True,
    "response property made required": False,
    "response property made optional": True,
    "Python name changed": True,
    "type changed": True,
    "format changed": True,
    "request value added": False,
    "request value removed": True,
    "request values closed": True,
    "request values opened": False,
    "response value added": False,
    # Code that lists all values has no branch for it.
    "response value added to a closed enum": True,
    # The constant that code names is gone.
    "response value removed": True,
    "response values closed": False,
    "response values opened": True,
    "request limit narrowed": True,
    "request limit widened": False,
    "response limit changed": False,
    # The default is sent: calls that leave the value out mean something else.
    "request default changed": True,
    "response default changed": False,
    "request may be null": False,
    "request may no longer be null": True,
    "response may be null": True,
    "response may no longer be null": False,
    "response code added": False,
    # The raw method returns something it never did.
    "response code added with another body": True,
    "response code removed": True,
    "response body added": False,
    "response body removed": True,
    "response header added": False,
    "response header removed": True,
    "content type added": False,
    "content type removed": True,
}
"""Every kind of change, and whether it is breaking. A change of a description is no change."""

# What narrows a limit: a greater lower bound, a smaller upper bound.
LOWER = ("minimum", "minLength", "minItems", "minProperties")
UPPER = ("maximum", "maxLength", "maxItems", "maxProperties")
# Limits that cannot be ordered: any is narrower than none, and another one may be.
OTHER = ("pattern", "multipleOf", "exclusiveMinimum", "exclusiveMaximum", "uniqueItems")


@dataclass(frozen=True)
class Change:
    """One change of one operation.

    Attributes:
        operation: Method and path.
        operation_id: The operationId, the newer one where there are two.
        what: The kind of change, a key of RULES.
        subject: What of the operation, for instance "body.scopes" or "200.identity.id"; empty for the operation itself.
        pointer: Where it is in the newer contract or, where it is gone, in the older one.
        detail: The old and the new value, where there are such.
    """

    operation: str
    operation_id: str
    what: str
    subject: str
    pointer: str
    detail: str

    @property
    def breaking(self) -> bool:
        return RULES[self.what]


@dataclass(frozen=True)
class Found:
    """A change before it is known which operation it belongs to."""

    what: str
    subject: str
    pointer: str
    detail: str = ""


def diff(old: Contract, new: Contract) -> list[Change]:
    """Return every change from one resolved contract to another, those of one operation together."""
    changes: list[Change] = []
    for route in [*old, *(route for route in new if route not in old)]:
        before, after = old.get(route), new.get(route)
        operation = after or before
        if operation is None:
            continue
        if before is None or after is None:
            found = iter([Found(f"operation {'removed' if before else 'added'}", "", operation.pointer)])
        else:
            found = operation_changes(before, after)
        changes += [
            Change(operation.name, operation.id, each.what, each.subject, each.pointer, each.detail) for each in found
        ]
    return changes


def operation_changes(old: Operation, new: Operation) -> Iterator[Found]:
    if old.id != new.id:
        yield Found("operationId renamed", "", f"{new.pointer}/operationId", arrow(old.id, new.id))
    for side, before, after in (("request", old.consumes, new.consumes), ("response", old.produces, new.produces)):
        for content_type in sorted(before ^ after):
            kind = "removed" if content_type in before else "added"
            yield Found(f"content type {kind}", side, new.pointer, content_type)
    for name in both(old.parameters, new.parameters):
        yield from parameter_changes(name, old.parameters.get(name), new.parameters.get(name))
    for code in both(old.responses, new.responses):
        yield from response_changes(code, old.responses.get(code), new.responses.get(code), old)


def parameter_changes(name: str, old: Schema | None, new: Schema | None) -> Iterator[Found]:
    if new is None:
        yield Found("parameter removed", name, (old or {})[AT])
    elif old is None:
        yield Found("required parameter added" if new.get("required") else "parameter added", name, new[AT])
    else:
        if old.get("required", False) != new.get("required", False):
            yield Found(f"parameter made {'required' if new.get('required') else 'optional'}", name, new[AT])
        if new["in"] == "path" and old["name"] != new["name"]:
            yield Found("path parameter renamed", name, new[AT], arrow(old["name"], new["name"]))
        # The client sends its own version there; what the contract allows besides is nobody's concern.
        if name != "query api-version":
            yield from schema_changes("request", name, old.get("schema", old), new.get("schema", new))


def response_changes(code: str, old: Schema | None, new: Schema | None, operation: Operation) -> Iterator[Found]:
    if new is None:
        yield Found("response code removed", code, (old or {})[AT])
        return
    if old is None:
        known = [shape(answer) for status, answer in operation.responses.items() if status.startswith("2")]
        surprising = code.startswith("2") and shape(new) not in known
        yield Found("response code added with another body" if surprising else "response code added", code, new[AT])
        return
    before, after = old.get("schema"), new.get("schema")
    if before is not None and after is not None:
        yield from schema_changes("response", code, before, after)
    elif before is not None or after is not None:
        yield Found(f"response body {'added' if before is None else 'removed'}", code, new[AT])
    for name in both(old.get("headers", {}), new.get("headers", {})):
        is_: Schema | None = new.get("headers", {}).get(name)
        was: Schema | None = old.get("headers", {}).get(name)
        if is_ is not None and was is not None:
            yield from schema_changes("response", f"{code} header {name}", was, is_)
        else:
            kind = "removed" if is_ is None else "added"
            yield Found(f"response header {kind}", f"{code} header {name}", str((is_ or was or {})[AT]))


def schema_changes(side: Side, subject: str, old: Schema, new: Schema) -> Iterator[Found]:
    """Yield what changed in a schema and everything below it."""
    if RECURSIVE in old and RECURSIVE in new:
        return
    where: str = new[AT]
    if kind(old) != kind(new):
        yield Found("type changed", subject, where, arrow(kind(old), kind(new)))
        # What is below belongs to another type and says nothing more.
        return
    for name in ("format", "collectionFormat"):
        if old.get(name) != new.get(name):
            yield Found("format changed", subject, where, arrow(old.get(name), new.get(name)))
    if old.get("x-ms-client-name") != new.get("x-ms-client-name"):
        detail = arrow(old.get("x-ms-client-name"), new.get("x-ms-client-name"))
        yield Found("Python name changed", subject, where, detail)
    yield from enum_changes(side, subject, old, new)
    yield from limit_changes(side, subject, old, new)
    if old.get("default") != new.get("default"):
        yield Found(f"{side} default changed", subject, where, arrow(old.get("default"), new.get("default")))
    if bool(old.get("x-nullable")) != bool(new.get("x-nullable")):
        yield Found(f"{side} may {'' if new.get('x-nullable') else 'no longer '}be null", subject, where)
    yield from property_changes(side, subject, old, new)
    if is_object(old.get("items")) and is_object(new.get("items")):
        yield from schema_changes(side, f"{subject}[]", old["items"], new["items"])


def enum_changes(side: Side, subject: str, old: Schema, new: Schema) -> Iterator[Found]:
    before, after = old.get("enum", []), new.get("enum", [])
    was_open, is_open = extensible(old), extensible(new)
    for value in before:
        if value not in after:
            yield Found(f"{side} value removed", subject, new[AT], str(value))
    for value in after:
        if value not in before:
            closed = side == "response" and not was_open
            yield Found(f"{side} value added{' to a closed enum' if closed else ''}", subject, new[AT], str(value))
    if was_open != is_open:
        yield Found(f"{side} values {'opened' if is_open else 'closed'}", subject, new[AT])


def limit_changes(side: Side, subject: str, old: Schema, new: Schema) -> Iterator[Found]:
    for name in (*LOWER, *UPPER, *OTHER):
        before, after = old.get(name), new.get(name)
        if before == after:
            continue
        narrowed = after is not None and (
            before is None or name in OTHER or (after > before if name in LOWER else after < before)
        )
        what = (
            f"request limit {'narrowed' if narrowed else 'widened'}" if side == "request" else "response limit changed"
        )
        yield Found(what, subject, new[AT], f"{name} {arrow(before, after)}")


def property_changes(side: Side, subject: str, old: Schema, new: Schema) -> Iterator[Found]:
    before, after = properties(side, old), properties(side, new)
    for name in both(before, after):
        label = f"{subject}.{name}"
        was_required, is_required = name in required(old), name in required(new)
        if name not in after:
            yield Found(f"{side} property removed", label, before[name][AT])
        elif name not in before:
            surprising = side == "request" and is_required
            yield Found(f"{'required ' if surprising else ''}{side} property added", label, after[name][AT])
        else:
            if was_required != is_required:
                made = "required" if is_required else "optional"
                yield Found(f"{side} property made {made}", label, after[name][AT])
            yield from schema_changes(side, label, before[name], after[name])


def properties(side: Side, schema: Schema) -> dict[str, Schema]:
    """Return the properties a caller can set, or gets; "*" for those without a name."""
    named = {
        name: value
        for name, value in schema.get("properties", {}).items()
        if side == "response" or not value.get("readOnly")
    }
    more = schema.get("additionalProperties")
    if more is None or more is False:
        return named
    return named | {"*": more if is_object(more) else {AT: schema[AT]}}


def required(schema: Schema) -> list[str]:
    """Return the names of the required properties; a parameter has a boolean there."""
    listed = schema.get("required")
    return listed if is_array(listed) else []


def kind(schema: Schema) -> str:
    return str(schema.get("type", "object" if "properties" in schema or RECURSIVE in schema else "any"))


def extensible(schema: Schema) -> bool:
    """Return whether other values than those listed may come; without a list any value may."""
    return "enum" not in schema or bool(schema.get("x-ms-enum", {}).get("modelAsString"))


def shape(response: Schema) -> Any:
    """Return the body of an answer without the places it was read from."""

    def clean(node: Any) -> Any:
        return {name: clean(value) for name, value in node.items() if name != AT} if is_object(node) else node

    return clean(response.get("schema"))


def both(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    return [*old, *(name for name in new if name not in old)]


def arrow(old: object, new: object) -> str:
    return f"{'none' if old is None else old} -> {'none' if new is None else new}"
