"""The one family of errors that a user sees."""


class LoaderError(Exception):
    """Something a user can act on.

    Args:
        message: What is wrong and where, in one sentence.
        hint: What to do next, in one sentence.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        """Keep message and hint apart, so that each output can lay them out its own way."""
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        """Return message and hint as running text."""
        return f"{self.message} {self.hint}".strip()


class ContractError(LoaderError):
    """The sources files of dbt do not make a contract."""


class DatabaseError(LoaderError):
    """The database can't be reached, or refuses what the loader needs."""


class FileRefusedError(LoaderError):
    """A file can't be loaded as a whole; nothing of it is in."""
