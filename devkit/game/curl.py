"""A stand-in for curl where there is none: just the options that roundhook.lua's sender uses.

It is run as a program of its own, so it imports nothing but the standard library.
"""

import http.client
import json
import sys
import urllib.parse
import uuid
from pathlib import Path

CANNOT_CONNECT, TIMED_OUT, BROKEN = 7, 28, 56
_FLAGS = {"-q", "-sS", "-g"}
_VALUES = {"-K", "-o", "-w", "-F", "--connect-timeout", "--max-time"}


def main(arguments: list[str]) -> int:
    """Send one multipart form; print what ``-w`` asks for; return curl's exit status."""
    options, forms = _read(arguments)
    url = _url(options["-K"])
    boundary = uuid.uuid4().hex
    body = b"".join(_part(form, boundary) for form in forms) + f"--{boundary}--\r\n".encode()
    status, code = _send(url, body, boundary, float(options.get("--max-time", "20")), options.get("-o"))
    sys.stdout.write(options.get("-w", "").replace("%{http_code}", f"{status:03d}"))
    return code


def _read(arguments: list[str]) -> tuple[dict[str, str], list[str]]:
    options: dict[str, str] = {}
    forms: list[str] = []
    left = iter(arguments)
    for argument in left:
        if argument == "-F":
            forms.append(next(left))
        elif argument in _VALUES:
            options[argument] = next(left)
        elif argument not in _FLAGS:
            raise SystemExit(f"the curl of the devkit does not know {argument}; install curl")
    return options, forms


def _url(config: str) -> str:
    _, _, value = Path(config).read_text(encoding="utf-8").partition("=")
    return str(json.loads(value.strip()))


def _part(form: str, boundary: str) -> bytes:
    """Return one part: ``name=<file;type=…`` is a field, ``name=@file;filename=…;type=…`` a file."""
    name, _, value = form.partition("=")
    path, *settings = value[1:].split(";")
    given = dict(setting.split("=", 1) for setting in settings)
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'
    if value.startswith("@"):
        head += f'; filename="{given.get("filename", path)}"'
    head += f"\r\nContent-Type: {given.get('type', 'application/octet-stream')}\r\n\r\n"
    return head.encode() + Path(path).read_bytes() + b"\r\n"


def _send(url: str, body: bytes, boundary: str, timeout: float, answer: str | None) -> tuple[int, int]:
    parts = urllib.parse.urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=timeout)
    try:
        connection.request(
            "POST",
            urllib.parse.urlunsplit(("", "", parts.path, parts.query, "")),
            body,
            {"Content-Type": f"multipart/form-data; boundary={boundary}", "User-Agent": "curl/devkit"},
        )
        response = connection.getresponse()
        text = response.read()
    except TimeoutError:
        return 0, TIMED_OUT
    except ConnectionRefusedError:
        return 0, CANNOT_CONNECT
    except (OSError, http.client.HTTPException):
        return 0, BROKEN
    finally:
        connection.close()
    if answer is not None:
        Path(answer).write_bytes(text)
    return response.status, 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
