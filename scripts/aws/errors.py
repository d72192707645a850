"""What can go wrong while operating, in two kinds; the message is for the person at the terminal."""


class OperatingError(Exception):
    """AWS did not do what it was asked for. ``exit_code`` is the process's, as ``loom``'s are: 1 the user can mend it, 2 not."""

    exit_code = 2

    def __init__(self, message: str, exit_code: int | None = None) -> None:
        super().__init__(message)
        self.exit_code = exit_code or self.exit_code


class Refused(OperatingError):
    """Nothing was changed: something is missing, too dangerous, or was not agreed to."""

    exit_code = 1
