"""What the engine answers when it will not or cannot: ClickHouse's error codes, names and HTTP statuses.

Every refusal of ours and every failure of the engine becomes one ``EngineError``, so that a client sees the same
typed exception that a ClickHouse server would have sent.

    EngineError                code, name, message, HTTP status
    ├── AccessDeniedError      497: the reader's gate, a wrong Host or Origin
    ├── ReadOnlyError          164: a statement or setting the reader may not use
    ├── AuthenticationError    516: unknown user or wrong password
    ├── BadArgumentsError      36: the request itself cannot be understood
    ├── TooLargeError          307: a body above the limit
    └── TooBusyError           202: all slots and the queue before them are taken
"""

import re
from typing import ClassVar, Final

_ENGINE_TEXT = re.compile(r"Code: (\d+)\.\s*DB::Exception: (.*)", re.DOTALL)
_TRAILING_NAME = re.compile(r"\(([A-Z][A-Z0-9_]+)\)[\s.]*$")
_VERSION_NOTE = re.compile(r"\s*\(version [^)]*\)")

# ClickHouse's own mapping of codes to statuses, for the codes our statements can meet. The client library retries
# 429, 503 and 504 only, so nothing that may have had an effect is mapped to those.
_STATUS: Final = {
    **dict.fromkeys((6, 26, 27, 36, 38, 41, 53, 62, 69, 70, 72, 117, 456, 457), 400),
    **dict.fromkeys((164, 497, 516), 403),
    **dict.fromkeys((16, 46, 47, 50, 60, 81, 115), 404),
    159: 408,
    307: 413,
    202: 503,
}


class EngineError(Exception):
    """A failed request, as ClickHouse would report it.

    Attributes:
        code: ClickHouse's error code.
        name: its symbolic name, for example ``UNKNOWN_TABLE``.
        message: what was expected, what came, what to do.
        status: the HTTP status it travels with.
    """

    def __init__(self, code: int, name: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.name = name
        self.message = message
        self.status = _STATUS.get(code, 500)

    def body(self) -> str:
        """The text of the answer, in the shape every ClickHouse client parses."""
        return f"Code: {self.code}. DB::Exception: {self.message} ({self.name})\n"

    @classmethod
    def from_engine(cls, error: BaseException) -> "EngineError":
        """Reads code and name out of the text of a chDB exception; an unreadable one is 1002, UNKNOWN_EXCEPTION."""
        text = str(error)
        found = _ENGINE_TEXT.search(text)
        if found is None:
            return cls(1002, "UNKNOWN_EXCEPTION", text.strip() or type(error).__name__)
        message = _VERSION_NOTE.sub("", found[2]).strip()
        name = _TRAILING_NAME.search(message)
        if name is None:
            return cls(int(found[1]), "UNKNOWN_EXCEPTION", message)
        return cls(int(found[1]), name[1], message[: name.start()].strip())


class _TypedError(EngineError):
    typed: ClassVar[tuple[int, str]]

    def __init__(self, message: str) -> None:
        super().__init__(*self.typed, message)


class AccessDeniedError(_TypedError):
    """The caller is known, but this is not theirs to do."""

    typed = (497, "ACCESS_DENIED")


class ReadOnlyError(_TypedError):
    """The reader tried to change something."""

    typed = (164, "READONLY")


class AuthenticationError(_TypedError):
    """No credential, or a wrong one."""

    typed = (516, "AUTHENTICATION_FAILED")


class BadArgumentsError(_TypedError):
    """The request is not one this interface understands."""

    typed = (36, "BAD_ARGUMENTS")


class TooLargeError(_TypedError):
    """The body is above the limit."""

    typed = (307, "TOO_MANY_BYTES")


class TooBusyError(_TypedError):
    """Every slot is taken, and so is the queue; nothing was executed."""

    typed = (202, "TOO_MANY_SIMULTANEOUS_QUERIES")
