"""The errors a user can cause and mend. The command line prints them as one line; any other is a defect of jamd's."""


class UserError(Exception):
    """Its text is one line that names what is wrong and the remedy."""


REFUSALS = {
    400: "malformed: no message, or no command, that jamd knows",
    401: "no token, or a wrong one",
    404: "no such chain, plugin, parameter, snapshot, mapping or file",
    409: "what is there does not allow it",
    413: "too much: a message beyond 1 MiB, a batch beyond 256 commands, or a rack that is full",
    422: "a value of the wrong kind or size, or a plugin that does not open",
    429: "too many requests under way",
    499: "cancelled by who asked",
    500: "a defect of jamd's",
    503: "the engine does not run",
    504: "late: the engine is busy, or the deadline has passed",
}
"""Why a command is refused, by number."""


class Refused(UserError):
    """A command that is not carried out."""

    def __init__(self, code: int, text: str) -> None:
        """`code` is one of REFUSALS."""
        super().__init__(text)
        self.code = code
