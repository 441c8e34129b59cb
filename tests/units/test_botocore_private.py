"""A future botocore may rename its private attributes: then only time is lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import botocore.session
import pytest
from botocore.credentials import Credentials, RefreshableCredentials

from awscli_plugin_legacy_sso.fetch import botocore_private


class Public:
    """What is left of botocore's credentials when the private names are gone."""

    def __init__(self, credentials: RefreshableCredentials) -> None:
        self.get_frozen_credentials = credentials.get_frozen_credentials
        self.refresh_needed = credentials.refresh_needed


@pytest.mark.parametrize("seconds", [30, 59, 3600, 86399, 90 * 24 * 3600])
def test_the_expiry_is_found_by_public_questions_too(seconds: int) -> None:
    """To the second, as services name it."""
    expiry = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=seconds)
    credentials = RefreshableCredentials("a", "s", "t", expiry, dict, "test")
    found = botocore_private.expiration(Public(credentials))

    assert botocore_private.expiration(credentials) == expiry
    assert found == expiry


def test_keys_that_do_not_expire_have_no_expiry() -> None:
    """Neither asked in private nor in public."""
    assert botocore_private.expiration(Credentials("a", "s", "t")) is None


def test_a_session_that_cannot_borrow_the_configuration_parses_it_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the private attribute nothing is lent, and nothing is missing."""
    (tmp_path / "config").write_text("[profile dev]\nregion = eu-west-1\n")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    lender, borrower = botocore.session.Session(), botocore.session.Session(profile="dev")
    del borrower._config
    botocore_private.lend_parsed_files(lender, borrower)

    assert not hasattr(borrower, "_config")

    borrower._config = None
    botocore_private.lend_parsed_files(lender, borrower)

    assert borrower._config is lender.full_config
    assert botocore.session.Session(profile="dev").get_scoped_config() == {"region": "eu-west-1"}
