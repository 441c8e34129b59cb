"""Asking a person for MFA codes, at the terminal."""

from __future__ import annotations

import getpass
import sys

from ..errors import UnansweredError


class Questions:
    """Asks for MFA codes, until Ctrl-C at one: from then on nobody is asked any more.

    What needs no answer is done all the same. A Ctrl-C at any other moment ends everything.
    """

    def __init__(self) -> None:
        self._is_over = False

    def ask(self, prompt: str) -> str:
        """Return what a person answers.

        Raises:
            UnansweredError: at Ctrl-C, and at each question after that.
            EOFError: there is nobody to ask.
        """
        if not self._is_over:
            try:
                return getpass.getpass(prompt)
            except KeyboardInterrupt:
                self._is_over = True
                sys.stderr.write("\n")  # the question ends its line as any other output does
        raise UnansweredError("no MFA code was given; to be asked again, run this again")
