"""HTTP/1.1 requests over a socket, in plain or under TLS, also such as no library would send."""

import socket
import ssl

from deadline import PATIENCE, Deadline


class Response:
    """What the server answered."""

    def __init__(self, head, body):
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split(" ")[1])
        pairs = [line.partition(":") for line in lines[1:] if line]
        self.headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        self.body = body

    @property
    def text(self):
        return self.body.decode()


def trusting_tls(**changed):
    """TLS for a server whose certificate nobody vouches for. `changed` are attributes of the
    context, such as maximum_version."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["http/1.1"])
    for name, value in changed.items():
        setattr(context, name, value)
    return context


class Connection:
    """One TCP connection to a server, under TLS if `tls` is an SSLContext."""

    def __init__(self, port, *, source=None, receive_buffer=None, tls=None):
        self.socket = socket.socket()
        self.socket.settimeout(PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        if source:
            self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        if tls:
            self.socket = tls.wrap_socket(self.socket, server_hostname="localhost")
        self.received = bytearray()
        self.ended = None  # "FIN", "RST" or "alert" once the server's side is over

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        self.socket.settimeout(PATIENCE)
        self.socket.sendall(data)

    def read_some(self, deadline):
        """Adds to `received`; False when the server's side is over."""
        if self.ended:
            return False
        self.socket.settimeout(deadline.left("data from the server"))
        try:
            data = self.socket.recv(1 << 18)
        except TimeoutError:
            deadline.left("data from the server")
            return True
        except ConnectionResetError:
            self.ended = "RST"
            return False
        except ssl.SSLError:
            self.ended = "alert"
            return False
        if not data:
            self.ended = "FIN"
            return False
        self.received += data
        return True

    def read_end(self, within=PATIENCE):
        """Reads until the server's side is over; "FIN" or "RST"."""
        deadline = Deadline(within)
        while self.read_some(deadline):
            pass
        return self.ended

    def response(self, method="GET", within=PATIENCE):
        """The next response."""
        deadline = Deadline(within)
        while b"\r\n\r\n" not in self.received:
            if not self.read_some(deadline):
                raise AssertionError(
                    f"no answer before the end ({self.ended}): {bytes(self.received)!r}")
        head, _, rest = bytes(self.received).partition(b"\r\n\r\n")
        response = Response(head, b"")
        length = int(response.headers.get("content-length", 0))
        if method == "HEAD" or response.status == 101:
            length = 0
        while len(self.received) < len(head) + 4 + length:
            if not self.read_some(deadline):
                raise AssertionError("the body ends early")
        response.body = bytes(self.received[len(head) + 4 : len(head) + 4 + length])
        del self.received[: len(head) + 4 + length]
        return response


def request_bytes(target, method="GET", headers=None, version="HTTP/1.1"):
    """A request without a body."""
    fields = {"Host": "localhost", **(headers or {})}
    lines = [f"{method} {target} {version}"]
    lines += [f"{name}: {value}" for name, value in fields.items() if value is not None]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def request(port, target, method="GET", headers=None, version="HTTP/1.1", tls=None):
    """Asks on a connection of its own."""
    with Connection(port, tls=tls) as connection:
        connection.send(request_bytes(target, method, headers, version))
        return connection.response(method)
