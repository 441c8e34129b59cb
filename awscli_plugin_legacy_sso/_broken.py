"""The commands of an installation that does not work: they say what is wrong, and break nothing.

Like ``__init__.py`` this keeps to a syntax that old Pythons can read.
"""

from awscli.customizations.commands import BasicCommand
from awscli.customizations.exceptions import ConfigurationError

NAMES = ("refresh-legacy", "list-legacy", "remove-legacy")


def commands_that_say(error):
    """Return a command class for each of ours that exits 253 and says why."""
    reason = f"the plugin awscli_plugin_legacy_sso cannot be loaded: {error}"

    class Broken(BasicCommand):
        DESCRIPTION = reason

        def _run_main(self, parsed_args, parsed_globals):
            raise ConfigurationError(reason)

        def __call__(self, args, parsed_globals):
            # Whatever options follow, the one thing to say is what is wrong.
            if args == ["help"]:
                return super().__call__(args, parsed_globals)
            return self._run_main(None, parsed_globals)

    return [type("Broken", (Broken,), {"NAME": name}) for name in NAMES]
