"""The stand-in keeps to the wire: botocore is its client here, and botocore's models its judge."""

from __future__ import annotations

import base64
import hashlib
import http.client
import itertools
import json
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit
from xml.etree import ElementTree

import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import ContainerProvider, Credentials
from botocore.exceptions import ClientError, ConnectionClosedError, ConnectionError, SSLError
from botocore.utils import InstanceMetadataFetcher
from botocore.validate import ParamValidator
from identity_center import Behaviour, IdentityCenter, Trust

ACCOUNT, ROLE = "111122223333", "Developer"
ROLE_ARN = "arn:aws:iam::444455556666:role/team/Deploy"
START_URL = "https://d-0123456789.awsapps.com/start"
REDIRECT_URI = "http://127.0.0.1:5000/oauth/callback"
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"
MACHINE = "arn:aws:sts::999999999999:assumed-role/machine-role/i-0"
SESSION = botocore.session.Session()


# Clients


def client(service: str, center: IdentityCenter, **options: Any) -> Any:
    """Return a real client, whose every answer is compared with botocore's model of the service."""
    options.setdefault("config", Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}))
    made: Any = SESSION.create_client(service, "us-east-1", endpoint_url=center.url, **options)
    model = made.meta.service_model

    def check(event_name: str, response_dict: dict[str, Any], **_: Any) -> None:
        body, status = response_dict["body"], response_dict["status_code"]
        if status >= 500:
            return
        if service == "sts":
            assert_answers_model_in_xml(model, event_name.split(".")[-1], status, body)
        else:
            assert_answers_model_in_json(model, event_name.split(".")[-1], response_dict)

    made.meta.events.register("response-received", check)
    return made


def sts(center: IdentityCenter, access_key: str, secret_key: str, token: str | None = None) -> Any:
    return client(
        "sts",
        center,
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}),
    )


def assert_answers_model_in_json(model: Any, operation: str, response: dict[str, Any]) -> None:
    document = json.loads(response["body"])
    if response["status_code"] < 300:
        shape = model.operation_model(operation).output_shape
        assert_in_shape(shape, document)
        if shape is not None:
            ParamValidator().validate(document, shape).report = None
    else:
        shape = model.shape_for_error_code(response["headers"]["x-amzn-ErrorType"])
        assert shape.metadata["error"]["httpStatusCode"] == response["status_code"]
        assert_in_shape(shape, document)


def assert_in_shape(shape: Any, document: Any) -> None:
    if shape is None:
        assert document == {}
    elif shape.type_name == "structure":
        assert document.keys() <= shape.members.keys()
        assert set(shape.required_members) <= document.keys()
        for name, value in document.items():
            assert_in_shape(shape.members[name], value)
    else:
        types = {"string": str, "integer": int, "long": int}
        assert isinstance(document, types[shape.type_name])
