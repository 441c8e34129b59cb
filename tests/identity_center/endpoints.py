"""An ``endpoints.json`` that sends every AWS CLI and SDK on botocore to the stand-in.

It is the only way that works in all versions: ``AWS_ENDPOINT_URL_*`` came with AWS CLI 2.13.
"""

from __future__ import annotations

from typing import Any

_PARTITIONS = {
    "aws": ("us-east-1", "amazonaws.com", r"^(us|eu|ap|sa|ca|me|af|il|mx)\-\w+\-\d+$"),
    "aws-cn": ("cn-north-1", "amazonaws.com.cn", r"^cn\-\w+\-\d+$"),
    "aws-us-gov": ("us-gov-west-1", "amazonaws.com", r"^us\-gov\-\w+\-\d+$"),
}
# The endpoint prefixes of the three services, and the plain names that some versions look up.
_SERVICES = ("portal.sso", "sso", "oidc", "sso-oidc", "sts")


def endpoints_document(url: str) -> dict[str, Any]:
    scheme, _, host = url.partition("://")
    return {
        "version": 3,
        "partitions": [
            _partition(name, *facts, {"hostname": host, "protocols": [scheme]})
            for name, facts in _PARTITIONS.items()
        ],
    }


def _partition(
    name: str, region: str, suffix: str, pattern: str, here: dict[str, Any]
) -> dict[str, Any]:
    return {
        "partition": name,
        "partitionName": name,
        "dnsSuffix": suffix,
        "regionRegex": pattern,
        "regions": {region: {"description": region}},
        "defaults": {
            "hostname": "{service}.{region}.{dnsSuffix}",
            "protocols": ["https"],
            "signatureVersions": ["v4"],
        },
        "services": {service: {"defaults": here, "endpoints": {}} for service in _SERVICES},
    }
