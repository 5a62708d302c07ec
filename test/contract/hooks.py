"""Takes away what would hide the rest of a request: what is refused before anybody looks at it."""

import datetime
import hashlib
import os

import schemathesis
from schemathesis.core.parameters import ParameterLocation
from schemathesis.generation.modes import GenerationMode


@schemathesis.hook
def before_call(context, case, kwargs):
    if case.meta is None:
        return
    positive = case.meta.generation.mode is GenerationMode.POSITIVE
    # Whoever edits the headers of a case that is about a missing header makes it another case.
    if not positive and getattr(case.meta.phase.data, "parameter_location", None) == ParameterLocation.HEADER:
        return
    # Any text is a tenant, and any but the key's own is 403; the tests of the routes try that.
    case.headers.pop("tenant_id", None)
    headers = case.meta.components.get(ParameterLocation.HEADER)
    if headers is None or headers.mode is GenerationMode.POSITIVE:
        act_for_somebody_there_is(case)
    if not positive:
        return
    # A key that came with another request is 422: each request gets its own, and the same one the same.
    if "Idempotency-Key" in case.headers:
        request = f"{case.formatted_path} {case.body!r}"
        case.headers["Idempotency-Key"] = hashlib.sha256(request.encode("utf8", "replace")).hexdigest()
    # Any other version than that of the moment is 412; the tests of ETags try that.
    if "If-Match" in case.headers:
        case.headers["If-Match"] = "*"
    if isinstance(case.body, dict):
        case.body.pop("tenant_id", None)
        if case.operation.path == "/delegations":
            delegate_to_somebody_there_is(case.body)
    # A page token can only be one that was answered.
    case.query.pop("page_token", None)


def act_for_somebody_there_is(case):
    """Anybody else is 403. People act for nobody, and in the routes of approvals the caller is one."""
    if "Runtimeai-On-Behalf-Of" not in case.headers:
        return
    if "Approvals" in (case.operation.tags or ()):
        del case.headers["Runtimeai-On-Behalf-Of"]
    else:
        case.headers["Runtimeai-On-Behalf-Of"] = os.environ["FUZZ_OWNER"]


def delegate_to_somebody_there_is(body):
    """Anybody else is 422, and so is a time that has passed or is years away."""
    body["to"] = os.environ["FUZZ_OWNER"]
    body.pop("from", None)
    tomorrow = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(days=1)
    body["until"] = tomorrow.isoformat()
