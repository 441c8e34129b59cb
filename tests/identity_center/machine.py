"""The credentials that a cloud machine offers: EC2 instance metadata and the ECS endpoint.

They are a trap: a client that uses them instead of the sign-in has the machine's role.
"""

from __future__ import annotations

from . import minting
from .service import Operation, Service, ServiceError, json_answer, timestamp
from .state import Call, State
from .wire import Answer, Request

ROLE = "machine-role"
ARN = f"arn:aws:sts::999999999999:assumed-role/{ROLE}/i-0"
CONTAINER_PATH = "/v2/credentials/machine"
_METADATA = "/latest/meta-data"
_TOKEN_HEADER = "x-aws-ec2-metadata-token"


class Machine(Service):
    def __init__(self, state: State) -> None:
        self._state = state
        self._token = minting.code()
        role = Operation("InstanceRole", self._role)
        zone = Operation("InstanceZone", self._zone)
        self.routes = {
            ("PUT", "/latest/api/token"): Operation("InstanceToken", self._session),
            ("GET", f"{_METADATA}/iam/security-credentials"): role,
            ("GET", f"{_METADATA}/iam/security-credentials/"): role,
            ("GET", f"{_METADATA}/iam/security-credentials/{ROLE}"): Operation(
                "InstanceCredentials", self._instance_credentials
            ),
            ("GET", f"{_METADATA}/placement/availability-zone"): zone,
            ("GET", f"{_METADATA}/placement/availability-zone/"): zone,
            ("GET", CONTAINER_PATH): Operation("ContainerCredentials", self._container_credentials),
        }

    def failure(self, status: int) -> ServiceError:
        return ServiceError(status, "Failure", "told to fail")

    def _session(self, request: Request, call: Call) -> Answer:
        ttl = request.headers.get(f"{_TOKEN_HEADER}-ttl-seconds")
        if ttl is None:
            raise ServiceError(400, "BadRequest", "a lifetime is required")
        return Answer(200, self._token.encode(), {f"{_TOKEN_HEADER}-ttl-seconds": ttl})

    def _role(self, request: Request, call: Call) -> Answer:
        self._check_token(request)
        return Answer(200, ROLE.encode(), {"Content-Type": "text/plain"})

    def _zone(self, request: Request, call: Call) -> Answer:
        self._check_token(request)
        return Answer(200, b"us-east-1a", {"Content-Type": "text/plain"})

    def _instance_credentials(self, request: Request, call: Call) -> Answer:
        self._check_token(request)
        return json_answer({"Code": "Success", "Type": "AWS-HMAC"} | self._credentials())

    def _container_credentials(self, request: Request, call: Call) -> Answer:
        return json_answer({"RoleArn": ARN} | self._credentials())

    def _check_token(self, request: Request) -> None:
        # Version 1 of the protocol sends no token; it is answered as on a machine that allows it.
        if request.headers.get(_TOKEN_HEADER, self._token) != self._token:
            raise ServiceError(401, "Unauthorized", "unknown metadata token")

    def _credentials(self) -> dict[str, str | None]:
        lifetime = 6 * 3600
        keys = self._state.issue_keys(ARN, f"{minting.principal_id()}:i-0", lifetime)
        return {
            "AccessKeyId": keys.access_key_id,
            "SecretAccessKey": keys.secret_access_key,
            "Token": keys.session_token,
            "Expiration": timestamp(keys.expires_at or 0),
        }
