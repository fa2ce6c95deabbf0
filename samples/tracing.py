"""Trace the client with OpenTelemetry: a span for each operation, and one for each HTTP attempt below it.

Needs opentelemetry-sdk. Set AZURE_COMMUNICATION_CONNECTION_STRING. Run: python samples/tracing.py
"""

import os

from azure.core.settings import settings
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SimpleSpanProcessor

from acs_identity import CommunicationIdentityClient


def line(span: ReadableSpan) -> str:
    attributes = span.attributes or {}
    return f"{span.name} {attributes.get('url.full', '')}\n"


def main() -> None:
    # An application has an exporter of its own here, for example for OTLP.
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(ConsoleSpanExporter(formatter=line)))
    trace.set_tracer_provider(provider)
    # azure-core traces when it is told to: here, or by AZURE_TRACING_ENABLED=true.
    settings.tracing_enabled = True

    connection_string = os.environ["AZURE_COMMUNICATION_CONNECTION_STRING"]
    with (
        CommunicationIdentityClient.from_connection_string(connection_string) as client,
        trace.get_tracer("my-shop").start_as_current_span("order"),
    ):
        user = client.create_user()
        client.delete_user(user)


if __name__ == "__main__":
    main()
