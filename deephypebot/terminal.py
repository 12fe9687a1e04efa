"""The person at the terminal: what they are told, and what they are asked."""

import sys
from getpass import getpass

from deephypebot.errors import CommandError

YES, NO = {"", "y", "yes"}, {"n", "no"}


class AbandonedError(Exception):
    """The person would rather not go on."""


class Terminal:
    """Answers may be piped in, a line each; `otherwise` says what to do where none comes."""

    def say(self, text: str) -> None:
        print(text, flush=True)

    def ask(self, question: str, otherwise: str) -> str:
        """Raises AbandonedError for an empty answer."""
        return self._answer(f"{question}: ", otherwise)

    def ask_secret(self, question: str, otherwise: str) -> str:
        """The same, and what is typed is not shown."""
        return self._answer(f"{question} (not shown): ", otherwise, secret=True)

    def agrees(self, question: str, otherwise: str) -> bool:
        """Yes unless the person says no."""
        while True:
            answer = self._line(f"{question} [Y/n] ", otherwise).casefold()
            if answer in YES | NO:
                return answer in YES

    def _answer(self, prompt: str, otherwise: str, *, secret: bool = False) -> str:
        answer = self._line(prompt, otherwise, secret=secret)
        if not answer:
            raise AbandonedError
        return answer

    def _line(self, prompt: str, otherwise: str, *, secret: bool = False) -> str:
        at_keyboard = sys.stdin.isatty()
        try:
            answer = getpass(prompt) if secret and at_keyboard else input(prompt)
        except EOFError:
            print(flush=True)
            if at_keyboard:
                raise AbandonedError from None
            raise CommandError(f"There is nobody to ask: {otherwise}.") from None
        if not at_keyboard:
            print(flush=True)  # nobody has ended the line of the question
        return answer.strip()


def printable(text: str) -> str:
    """What a vendor says, without what would move the cursor."""
    return "".join(letter for letter in text if letter.isprintable())
