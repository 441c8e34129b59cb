"""AWS CLI v2 plugin that copies temporary SSO credentials to profiles every old AWS tool can use.

The AWS CLI imports this module for every ``aws`` command. So it imports nothing, keeps to a syntax
that old Pythons can read, and whatever is wrong with the rest of the package is said by the
commands it adds, and breaks no other.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .api import refresh_legacy_sso

__all__ = ["awscli_initialize", "refresh_legacy_sso"]


def awscli_initialize(event_emitter):
    """Register the commands: the AWS CLI calls this once it has imported the plugin."""
    # Last: from CLI 2.35.5 on, the built-in commands would otherwise be added after ours.
    event_emitter.register_last("building-command-table.sso", _add_commands)


def _add_commands(command_table, session, **kwargs):
    import sys

    write_bytecode = sys.dont_write_bytecode
    # The official CLI never writes .pyc files, so our modules would be compiled at each start.
    sys.dont_write_bytecode = False
    try:
        if sys.version_info < (3, 11):
            raise ImportError(
                "it needs Python 3.11 or newer, as AWS CLI 2.11 and newer bring it, and this is "
                "Python {}.{}; update the AWS CLI".format(*sys.version_info)
            )
        from . import commands

        classes = commands.COMMANDS
    except Exception as error:  # noqa: BLE001  # whatever it is, `aws sso login` has to work
        from ._broken import commands_that_say

        classes = commands_that_say(error)
    finally:
        sys.dont_write_bytecode = write_bytecode
    for command in classes:
        command_table[command.NAME] = command(session)


def __getattr__(name):
    if name == "refresh_legacy_sso":
        from .api import refresh_legacy_sso

        return refresh_legacy_sso
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
