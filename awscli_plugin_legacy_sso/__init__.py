"""AWS CLI v2 plugin that copies temporary SSO credentials to profiles that old AWS tools can use.

The AWS CLI imports this module for every ``aws`` command. So it imports nothing at the top, and its
syntax is that of Python 3.7. If the rest of the package cannot be loaded, our commands say so, and
all other commands work.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .python_function import refresh_legacy_sso

__version__ = "0.1.0"
__all__ = ["awscli_initialize", "refresh_legacy_sso"]


def awscli_initialize(event_emitter):
    """Register the commands; the AWS CLI calls this after it has imported the plugin."""
    # Last, and for the event of all tables: only then the table has the built-in commands, which
    # CLI 2.35.5 and newer add late, and the person's aliases, which our commands replace.
    event_emitter.register_last("building-command-table", _add_commands)


def _add_commands(command_table, session, event_name, **kwargs):
    if event_name == "building-command-table.sso":
        for command in _commands():
            command_table[command.NAME] = command(session)


def _commands():
    import sys

    write_bytecode = sys.dont_write_bytecode
    # The official CLI writes no .pyc files, so each start would compile our modules again.
    sys.dont_write_bytecode = False
    try:
        if sys.version_info < (3, 11):
            raise ImportError(
                "it needs Python 3.11 or newer, as AWS CLI 2.11 and newer bring it, and this is "
                "Python {}.{}; update the AWS CLI".format(*sys.version_info)
            )
        from .cli import commands
    except Exception as error:  # noqa: BLE001  # `aws sso login` has to work anyway
        return _commands_that_say(error)
    finally:
        sys.dont_write_bytecode = write_bytecode
    return commands.COMMANDS


def _commands_that_say(error):
    """Return commands with our names that say what is wrong; all other modules may be missing."""
    from awscli.customizations.commands import BasicCommand
    from awscli.customizations.exceptions import ConfigurationError

    reason = f"the plugin awscli_plugin_legacy_sso cannot be loaded: {error}"

    class Broken(BasicCommand):
        DESCRIPTION = reason

        def __call__(self, args, parsed_globals):
            if args == ["help"]:
                return super().__call__(args, parsed_globals)
            raise ConfigurationError(reason)

    names = ("refresh-legacy", "list-legacy", "remove-legacy")
    return [type("Broken", (Broken,), {"NAME": name}) for name in names]


def __getattr__(name):
    if name == "refresh_legacy_sso":
        from .python_function import refresh_legacy_sso

        return refresh_legacy_sso
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
