"""A form with files as a browser sends it (RFC 7578), built in memory.

Always true: nothing of it touches a disk, as Werkzeug's own test client would let it.
"""

from collections.abc import Iterable, Mapping

BOUNDARY = "----a-boundary-of-the-tests"
KIND = f"multipart/form-data; boundary={BOUNDARY}"


def form_with(fields: Mapping[str, str], *files: tuple[str, str, bytes]) -> bytes:
    """``files``: field, file name, content. The type a browser would name is left to be lied about: image/jpeg."""
    return b"".join([*_parts(fields.items(), files), f"--{BOUNDARY}--\r\n".encode()])


def _parts(fields: Iterable[tuple[str, str]], files: Iterable[tuple[str, str, bytes]]) -> Iterable[bytes]:
    for name, value in fields:
        yield f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
    for name, filename, content in files:
        head = f'Content-Disposition: form-data; name="{name}"; filename="{filename}"\r\nContent-Type: image/jpeg'
        yield f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + content + b"\r\n"
