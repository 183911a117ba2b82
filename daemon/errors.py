"""The errors a user can cause and mend. The command line prints them as one line; any other is a defect of jamd's."""


class UserError(Exception):
    """Its text is one line that names what is wrong and the remedy."""
