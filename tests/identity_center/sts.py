"""STS: the identity of a caller, and keys of other roles. Query requests, XML answers."""

from __future__ import annotations

import re

from . import minting, signature
from .service import (
    Members,
    Operation,
    Service,
    ServiceError,
    request_id,
    timestamp,
    xml_answer,
)
from .state import Call, Keys, State, Trust
from .wire import Answer, Request

_NAMESPACE = "https://sts.amazonaws.com/doc/2011-06-15/"
_ROLE = re.compile(r"arn:(?P<partition>aws[\w-]*):iam::(?P<account>\d{12}):role/(?P<path>[\S]+)")
_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_SHORTEST, _LONGEST, _LONGEST_CHAINED = 900, 43200, 3600
_FAILURES = {400: "ValidationError", 403: "AccessDenied", 429: "Throttling"}


class SecurityTokenService(Service):
    def __init__(self, state: State) -> None:
        self._state = state
        self._operations = {
            operation.name: operation
            for operation in (
                Operation("GetCallerIdentity", self._get_caller_identity),
                Operation("AssumeRole", self._assume_role),
                Operation("AssumeRoleWithWebIdentity", self._assume_role_with_web_identity),
            )
        }

    def find(self, request: Request) -> Operation | None:
        if request.path != "/" or request.method not in ("GET", "POST"):
            return None
        return self._operations.get(request.parameters.get("Action", ""))

    def failure(self, status: int) -> ServiceError:
        return ServiceError(status, _FAILURES.get(status, "InternalFailure"), "told to fail")

    def refusal(self, error: ServiceError) -> Answer:
        kind = "Sender" if error.status < 500 else "Receiver"
        members: Members = {
            "Error": {"Type": kind, "Code": error.code, "Message": error.message},
            "RequestId": request_id(),
        }
        return xml_answer("ErrorResponse", members, _NAMESPACE, error.status)

    def _get_caller_identity(self, request: Request, call: Call) -> Answer:
        keys = self._caller(request, call)
        call.details["arn"] = keys.arn
        self._state.answered_identity(keys.arn)
        return _result(
            "GetCallerIdentity",
            {"Arn": keys.arn, "UserId": keys.principal_id, "Account": keys.account},
        )

    def _assume_role(self, request: Request, call: Call) -> Answer:
        caller = self._caller(request, call)
        call.details["caller"] = caller.arn
        asked = request.parameters
        self._check_trust(asked)
        chained = caller.session_token is not None
        return self._hand_out("AssumeRole", asked, _LONGEST_CHAINED if chained else _LONGEST)

    def _assume_role_with_web_identity(self, request: Request, call: Call) -> Answer:
        asked = request.parameters
        if len(asked.get("WebIdentityToken", "")) < 4:
            raise ServiceError(400, "InvalidIdentityToken", "The ID Token provided is not valid")
        return self._hand_out("AssumeRoleWithWebIdentity", asked, _LONGEST)

    def _caller(self, request: Request, call: Call) -> Keys:
        keys = signature.authenticate(request, self._state.keys_of, "sts")
        call.details["access_key_id"] = keys.access_key_id
        return keys

    def _check_trust(self, asked: dict[str, str]) -> None:
        trust = self._state.trust.get(asked.get("RoleArn", ""), Trust())
        if trust.external_id is not None and trust.external_id != asked.get("ExternalId"):
            raise _denied(asked, "the external id is not the one the role asks for")
        serial, code = asked.get("SerialNumber"), asked.get("TokenCode")
        if (serial is None) != (code is None) or (code and not re.fullmatch(r"\d{6}", code)):
            raise _invalid("SerialNumber and a TokenCode of six digits belong together")
        if trust.mfa_serial is not None and (trust.mfa_serial, trust.mfa_code) != (serial, code):
            raise _denied(asked, "MultiFactorAuthentication failed")

    def _hand_out(self, operation: str, asked: dict[str, str], longest: int) -> Answer:
        role = _ROLE.fullmatch(asked.get("RoleArn", ""))
        name = asked.get("RoleSessionName", "")
        if role is None or not _SESSION_NAME.fullmatch(name):
            raise _invalid("RoleArn or RoleSessionName is not well formed")
        role_name = role["path"].rpartition("/")[2]
        if (role["account"], role_name) in self._state.behaviour.forbidden:
            raise _denied(asked, "not authorized to perform: sts:AssumeRole")

        lifetime = self._lifetime(asked, longest)
        arn = f"arn:{role['partition']}:sts::{role['account']}:assumed-role/{role_name}/{name}"
        keys = self._state.issue_keys(arn, f"{minting.principal_id()}:{name}", lifetime)
        return _result(
            operation,
            {
                "Credentials": {
                    "AccessKeyId": keys.access_key_id,
                    "SecretAccessKey": keys.secret_access_key,
                    "SessionToken": keys.session_token or "",
                    "Expiration": timestamp(keys.expires_at or 0),
                },
                "AssumedRoleUser": {"AssumedRoleId": keys.principal_id, "Arn": arn},
            },
        )

    def _lifetime(self, asked: dict[str, str], longest: int) -> int:
        if "DurationSeconds" not in asked:
            return self._state.behaviour.role_lifetime
        seconds = asked["DurationSeconds"]
        if not seconds.isdecimal() or not _SHORTEST <= int(seconds) <= longest:
            raise _invalid(f"DurationSeconds must be between {_SHORTEST} and {longest} here")
        return int(seconds)


def _denied(asked: dict[str, str], reason: str) -> ServiceError:
    return ServiceError(403, "AccessDenied", f"{asked.get('RoleArn', '')}: {reason}")


def _invalid(message: str) -> ServiceError:
    return ServiceError(400, "ValidationError", message)


def _result(operation: str, members: Members) -> Answer:
    return xml_answer(
        f"{operation}Response",
        {f"{operation}Result": members, "ResponseMetadata": {"RequestId": request_id()}},
        _NAMESPACE,
    )
