"""What a request of azure-core has for a body, in the form in which both transports can send it."""

from typing import Any
from urllib.parse import urlencode

from azure.core.rest import HttpRequest


def body_of(request: HttpRequest, headers: dict[str, str]) -> Any:
    """Return the body: bytes, an open file or an iterable, sync or async; None where there is none.

    A form is encoded; where it has files its Content-Type, which names what parts them, goes into the headers.
    """
    body: Any = request.content
    if body is None or isinstance(body, bytes):
        return body
    if isinstance(body, str):
        encoded = body.encode("utf-8")
        # azure-core counted characters.
        headers.update({name: str(len(encoded)) for name in headers if name.lower() == "content-length"})
        return encoded
    files: Any = getattr(request, "files", None)
    if files:
        return _multipart(getattr(request, "data", None) or {}, files, headers)
    if isinstance(body, dict):
        return urlencode(body, doseq=True).encode("ascii")  # pyright: ignore[reportUnknownArgumentType]
    return body


def _multipart(data: dict[str, Any], files: Any, headers: dict[str, str]) -> bytes:
    # Needed for forms with files only.
    from urllib3.filepost import encode_multipart_formdata

    fields: list[tuple[str, Any]] = list(data.items())
    given: Any = files.items() if isinstance(files, dict) else files  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
    for name, file in given:
        parts: list[Any] = list(file) if isinstance(file, tuple) else [None, file]  # pyright: ignore[reportUnknownArgumentType]
        if hasattr(parts[1], "read"):
            parts[0] = parts[0] or getattr(parts[1], "name", None)
            parts[1] = parts[1].read()
        fields.append((name, parts[1] if parts[0] is None else tuple(parts)))
    body, content_type = encode_multipart_formdata(fields)
    headers["Content-Type"] = content_type
    return body
