"""Every refusal the emulator can give, with the status, code and message of the service.

What recordings of the live service do not show is assumed; docs/emulator.md lists those cases.
"""

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from .comparison import Comparison
from .comparison import reason as reason_of


class ServiceError(Exception):
    """A refusal, as the service would send it.

    Attributes:
        status: The HTTP status code.
        code: The error code of the body.
        message: The message of the body.
        target: The part of the request the error is about; None when the body names none.
        reports_versions: Whether the answer carries ``api-supported-versions``. The service does so when the
            operation itself refuses, not when an earlier stage does (recordings of 2023 and 2025).
        reason: What is wrong and what to do, for the developer: one ASCII line without key, token or identity id.
        headers: Further response headers.
        signature: For a signature that was refused, what was expected and what came; see `Comparison`.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        reason: str,
        target: str | None = None,
        reports_versions: bool = False,
        headers: Mapping[str, str] | None = None,
        signature: Comparison | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.target = target
        self.reports_versions = reports_versions
        self.reason = reason
        self.headers: dict[str, str] = dict(headers or {})
        self.signature = signature


# Resource authentication


def denied(reason: str) -> ServiceError:
    """The caller may not use the resource."""
    return ServiceError(401, "Denied", "Denied by the resource provider.", reason=reason)


def signature_denied(comparison: Comparison) -> ServiceError:
    """The request is not signed, or what was signed is not what is asked for."""
    return ServiceError(
        401, "Denied", "Denied by the resource provider.", reason=reason_of(comparison), signature=comparison
    )


def authorization_malformed(comparison: Comparison) -> ServiceError:
    """The Authorization header has not the form the service knows."""
    return ServiceError(
        401,
        "Denied",
        "Given value does not match HMAC header structure",
        reason=reason_of(comparison),
        signature=comparison,
    )


def content_hash_differs(comparison: Comparison) -> ServiceError:
    """The header x-ms-content-sha256 is not the hash of the body."""
    return ServiceError(
        401,
        "Denied",
        "Request 'x-ms-content-sha256' differs from generated content hash.",
        reason=reason_of(comparison),
        signature=comparison,
    )


# Routing and API version


def unknown_path(nearest: str | None) -> ServiceError:
    """No operation of any API version has this path."""
    reason = "no operation of any API version has this path"
    return ServiceError(
        404,
        "NotFound",
        "The resource was not found.",
        reason=f"{reason}, did you mean {nearest}?"
        if nearest
        else f"{reason}; an endpoint ends with its host and port",
    )


def method_not_allowed(version: str, allowed: str, method: str, versions: Sequence[str]) -> ServiceError:
    """The path is known, but not with this method, which the given API versions have."""
    # A method is whatever text came.
    came = f", not {method}" if method.isascii() and method.isalpha() and len(method) < 20 else ""
    having = f"; {method} is in the API versions {', '.join(versions)}" if versions else ""
    return ServiceError(
        405,
        "MethodNotAllowed",
        "The method is not allowed for the resource.",
        reason=f"with API version {version} this path takes {allowed}{came}{having}",
        headers={"Allow": allowed},
    )


def version_missing(supported: str) -> ServiceError:
    """The query has no api-version."""
    return ServiceError(
        400,
        "ApiVersionUnspecified",
        "An API version is required, but was not specified.",
        reason=f"add the query parameter api-version, one of: {supported}",
        reports_versions=True,
    )


def version_ambiguous(requested: Sequence[str], supported: str) -> ServiceError:
    """The query has several different api-version values."""
    return ServiceError(
        400,
        "AmbiguousApiVersion",
        f"The following API versions were requested: {', '.join(requested)}. At most, only a single API version "
        "may be specified. Please update the intended API version and retry the request.",
        reason=f"send the query parameter api-version once, one of: {supported}",
        reports_versions=True,
    )


def version_unsupported(uri: str, version: str, supported: str) -> ServiceError:
    """The path exists, but not in this API version."""
    return ServiceError(
        400,
        "UnsupportedApiVersion",
        f"The HTTP resource that matches the request URI '{uri}' does not support the API version '{version}'.",
        reason=f"this path exists in the API versions {supported}{_did_you_mean(version, supported.split(', '))}",
        reports_versions=True,
    )


def operation_not_emulated() -> ServiceError:
    """The contract has the operation, the emulator has not."""
    return ServiceError(
        501,
        "NotImplemented",
        "The operation is not implemented.",
        reason="the contract has this operation, but the emulator does not act it out",
    )


def server_fault(reason: str) -> ServiceError:
    """Something went wrong that is not the caller's fault."""
    return ServiceError(500, "InternalServerError", "Internal server error.", reason=reason)


# Rate limits and faults on purpose


def too_many_requests(reason: str, retry_after: int | None) -> ServiceError:
    """There were too many requests."""
    return ServiceError(
        429, "TooManyRequests", "Too many requests.", reason=reason, headers=_retry_after_headers(retry_after)
    )


def unavailable(reason: str, retry_after: int | None) -> ServiceError:
    """The service does not answer for now."""
    return ServiceError(
        503,
        "ServiceUnavailable",
        "The service is unavailable.",
        reason=reason,
        headers=_retry_after_headers(retry_after),
    )


def fault_malformed(header: str, reason: str) -> ServiceError:
    """The header that asks for a fault cannot be read."""
    return ServiceError(
        400, "ValidationError", f"The header {header} is malformed.", target=header, reason=f"{header}: {reason}"
    )


def _retry_after_headers(seconds: int | None) -> dict[str, str]:
    return {} if seconds is None else {"Retry-After": str(seconds)}


# Request body


def body_too_large(limit: int) -> ServiceError:
    """The body is longer than the emulator reads."""
    return ServiceError(
        413, "RequestEntityTooLarge", "The request body is too large.", reason=f"a body has at most {limit} bytes"
    )


def unsupported_media_type(consumes: str, media_type: str) -> ServiceError:
    """The body is not of a content type the operation takes."""
    came = "not in another charset" if media_type in consumes.split(" or ") else "which its Content-Type does not say"
    if not media_type:
        came = "it came without Content-Type"
    elif re.fullmatch(r"[a-z]{1,20}/[a-z0-9.+-]{1,40}", media_type) and media_type not in consumes.split(" or "):
        came = f"not as {media_type}"
    return ServiceError(
        415,
        "UnsupportedMediaType",
        "The content type of the request is not supported.",
        reason=f"send the body as {consumes}, in UTF-8; {came}",
    )


def body_missing() -> ServiceError:
    """The operation needs a body and there is none."""
    return ServiceError(
        400,
        "ValidationError",
        "A non-empty request body is required.",
        reason="the operation needs a JSON object as its body, even an empty one",
    )


def body_malformed(reason: str) -> ServiceError:
    """The body is not JSON."""
    return ServiceError(400, "ValidationError", "$: The request body is not valid JSON.", target="$", reason=reason)


def value_not_convertible(path: str, expected: str, value: object) -> ServiceError:
    """A value of the body has another JSON type than the contract says."""
    return ServiceError(
        400,
        "ValidationError",
        f"{path}: The JSON value could not be converted. Path: {path}.",
        target=path,
        reason=f"the contract wants {expected} here, {_json_kind(value)} came",
    )


def member_required(member: str, given: Sequence[str]) -> ServiceError:
    """A required member of the body is missing, null or an empty text; the given ones are there."""
    near = next(
        (name for name in given if name != member and name.isascii() and name.lower() == member.lower()),
        None,
    )
    came = f"{near} came, case matters" if near else "null or an empty text came" if member in given else "none came"
    name = member[:1].upper() + member[1:]
    return ServiceError(
        400,
        "ValidationError",
        f"{name}: The {name} field is required.",
        target=name,
        reason=f"the contract requires the member {member}, {came}",
    )


# Operations on identities


def scopes_missing() -> ServiceError:
    """The list of scopes is empty."""
    return ServiceError(
        400,
        "ValidationError",
        "Invalid scopes - Scopes field is required.",
        target="scopes",
        reason="ask for at least one scope",
        reports_versions=True,
    )


def scope_unknown(position: int, scope: str, known: str) -> ServiceError:
    """One of the scopes is not in the contract of the API version."""
    return ServiceError(
        400,
        "ValidationError",
        "Invalid scopes - Scope is not supported.",
        target="scopes",
        reason=f"scope number {position} is none of {known}, the scopes of this API version"
        + _did_you_mean(scope, known.split(", ")),
        reports_versions=True,
    )


def minutes_out_of_range(minutes: int, shortest: int, longest: int) -> ServiceError:
    """The lifetime asked for is too short or too long."""
    return ServiceError(
        400,
        "ValidationError",
        f"ExpiresInMinutes value {minutes} is invalid. Value must be within the [{shortest}, {longest}] interval.",
        target="ExpiresInMinutes",
        reason=f"an access token lives between {shortest} and {longest} minutes",
        reports_versions=True,
    )


def identity_not_owned() -> ServiceError:
    """The identity is one of another resource."""
    return ServiceError(
        401,
        "IdentityNotOwned",
        "Provided identity doesn't belong to the resource.",
        reason="the id is well formed, but its resource part is not the resource id of this emulator",
        reports_versions=True,
    )


def identity_gone(*, deleted: bool) -> ServiceError:
    """The identity was deleted or never created."""
    return ServiceError(
        404,
        "IdentityNotFound",
        "Provided identity doesn't exist.",
        reason="the identity was deleted" if deleted else "this emulator never created the identity",
        reports_versions=True,
    )


def format_invalid(name: str, reason: str) -> ServiceError:
    """A value of the path or body has not the form of its kind."""
    return ServiceError(
        400,
        "ValidationError",
        f"Provided {name[:1].upper() + name[1:]} has invalid format.",
        target=name,
        reason=reason,
        reports_versions=True,
    )


# Entra ID tokens


def entra_token_invalid(reason: str) -> ServiceError:
    """The Entra ID token to exchange is not valid."""
    return ServiceError(401, "InvalidAccessToken", "Provided access token is not valid.", reason=reason)


def other_application() -> ServiceError:
    """The Entra ID token was issued to another application."""
    return ServiceError(
        400,
        "ValidationError",
        "AAD application is not the expected one.",
        target="appId",
        reason="appId is not the appid claim of the Entra ID token",
        reports_versions=True,
    )


def other_user() -> ServiceError:
    """The Entra ID token was issued for another user."""
    return ServiceError(
        400,
        "ValidationError",
        "Provided AAD token issued for unexpected user.",
        target="userId",
        reason="userId is not the oid claim of the Entra ID token",
        reports_versions=True,
    )


def assignment_missing() -> ServiceError:
    """There is no assignment of this principal."""
    return ServiceError(
        404,
        "NotFound",
        "The assignment was not found.",
        reason="no assignment of this principal was made, or it was deleted",
        reports_versions=True,
    )


def principal_not_assigned(reason: str) -> ServiceError:
    """The principal of the Entra ID token may not use the resource."""
    return ServiceError(
        403, "Forbidden", "The principal is not assigned to the resource.", reason=reason, reports_versions=True
    )


def _did_you_mean(text: str, known: Sequence[str]) -> str:
    near = get_close_matches(text[:40], known, n=1, cutoff=0.7)
    return f", did you mean {near[0]}?" if near else ""


def _json_kind(value: object) -> str:
    kinds: dict[type, str] = {str: "a text", dict: "an object", list: "an array", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")
