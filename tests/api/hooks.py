"""Teaches schemathesis CBOR, and to send a list of rows as it is."""

import cbor2
import schemathesis


@schemathesis.serializer("application/cbor")
def write(context, value):
    return cbor2.dumps(value)


@schemathesis.deserializer("application/cbor")
def read(context, response):
    return cbor2.loads(response.content)


@schemathesis.serializer("application/x-ndjson", "text/csv")
def lines(context, value):
    return str(value).encode()
