"""From a botocore session to temporary credentials, many at a time."""
