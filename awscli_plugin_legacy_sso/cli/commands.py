"""Our commands, for ``__init__.py`` to add to ``aws sso``."""

from __future__ import annotations

from .list_legacy import ListLegacyCommand
from .refresh_legacy import RefreshLegacyCommand
from .remove_legacy import RemoveLegacyCommand

COMMANDS = (RefreshLegacyCommand, ListLegacyCommand, RemoveLegacyCommand)
