"""How a session is refused and how it ends, whatever its transport."""

from deadline import PATIENCE, Deadline


class Refused(Exception):
    """The server answered the handshake with a status instead of a session."""

    def __init__(self, response):
        super().__init__(f"{response.status} {response.text}")
        self.response = response


class Ended(Exception):
    """The server ended the session; `code` is None when it gave none."""

    def __init__(self, code, reason, how):
        super().__init__(f"code {code} '{reason}' ({how})")
        self.code = code
        self.reason = reason
        self.how = how


def read_to_end(receive, within=PATIENCE):
    """Receives until the session has ended, and answers how: an Ended."""
    deadline = Deadline(within)
    while True:
        try:
            receive(deadline.left("the end of the session"))
        except Ended as end:
            return end
