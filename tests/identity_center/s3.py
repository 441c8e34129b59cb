"""S3, only as much as tools that speak nothing else need to show whose keys they have."""

from __future__ import annotations

import re

from . import signature
from .service import Members, Operation, Service, ServiceError, request_id, timestamp, xml_answer
from .state import Call, Keys, State
from .wire import Answer, Request

_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
_BUCKET = re.compile(r"/[\w.-]+/?", re.ASCII)
_FAILURES = {403: "AccessDenied", 503: "SlowDown"}


class ObjectStorage(Service):
    """Every account has one bucket, which is named after it."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._list_buckets = Operation("ListBuckets", self._answer_buckets)
        self._list_uploads = Operation("ListMultipartUploads", self._answer_uploads)

    def find(self, request: Request) -> Operation | None:
        if request.method != "GET":
            return None
        # STS has the same address: a request that names an action is for STS.
        if request.path == "/" and "Action" not in request.parameters:
            return self._list_buckets
        if _BUCKET.fullmatch(request.path) and "uploads" in request.parameters:
            return self._list_uploads
        return None

    def failure(self, status: int) -> ServiceError:
        return ServiceError(status, _FAILURES.get(status, "InternalError"), "told to fail")

    def refusal(self, error: ServiceError) -> Answer:
        members: Members = {"Code": error.code, "Message": error.message, "RequestId": request_id()}
        return xml_answer("Error", members, status=error.status)

    def _answer_buckets(self, request: Request, call: Call) -> Answer:
        caller = self._caller(request, call)
        owner: Members = {"ID": caller.principal_id, "DisplayName": caller.principal_id}
        bucket: Members = {"Name": bucket_of(caller.account), "CreationDate": timestamp(0)}
        members: Members = {"Owner": owner, "Buckets": {"Bucket": bucket}}
        return xml_answer("ListAllMyBucketsResult", members, _NAMESPACE)

    def _answer_uploads(self, request: Request, call: Call) -> Answer:
        caller = self._caller(request, call)
        bucket = request.path.strip("/")
        if bucket != bucket_of(caller.account):
            raise ServiceError(403, "AccessDenied", "Access Denied")
        members: Members = {"Bucket": bucket, "IsTruncated": "false"}
        return xml_answer("ListMultipartUploadsResult", members, _NAMESPACE)

    def _caller(self, request: Request, call: Call) -> Keys:
        keys = signature.authenticate(request, self._state.keys_of, "s3")
        call.details["access_key_id"] = keys.access_key_id
        call.details["arn"] = keys.arn
        self._state.answered_identity(keys.arn)
        return keys


def bucket_of(account: str) -> str:
    return f"bucket-of-{account}"
