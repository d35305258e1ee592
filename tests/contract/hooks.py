"""What schemathesis changes in the requests that it draws."""

import schemathesis


@schemathesis.hook
def map_body(context, body):
    """Writes whole numbers without a fraction.

    In JSON Schema 3.0 is an integer too. The server reads whole numbers only as 3, and refuses 3.0 with
    the field's name.
    """
    return whole(body)


def whole(value):
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list):
        return [whole(item) for item in value]
    if isinstance(value, dict):
        return {name: whole(item) for name, item in value.items()}
    return value
