"""What an error says."""

from collections.abc import Callable

import pytest


def catch_message(kind: type[Exception], action: Callable[[], object]) -> str:
    """The message, which must be one line, of the error of this kind that an action raises."""
    with pytest.raises(kind) as failure:
        action()
    message = str(failure.value)
    assert "\n" not in message
    return message
