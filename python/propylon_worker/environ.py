"""The environ of PEP 3333: what is the same for all exchanges of a worker, for those with the same header fields, and for one."""

import sys

from .file_wrapper import FileWrapper


def base_environ(lanes, app_name):
    """The keys that are the same for every exchange of this worker."""
    return {
        "wsgi.version": (1, 0),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": lanes > 1,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        "wsgi.file_wrapper": FileWrapper,
        "propylon.app": app_name,
    }


def fill(environ, head):
    """Adds what is in a REQUEST's head (docs/worker-protocol.md); returns the method."""
    method, path, query, address, port, target = head.decode("latin-1").split("\0")
    environ["REQUEST_METHOD"] = method
    environ["PATH_INFO"] = path
    environ["QUERY_STRING"] = query
    environ["REMOTE_ADDR"] = address
    environ["REMOTE_PORT"] = port
    environ["REQUEST_URI"] = target or (environ["SCRIPT_NAME"] + path + ("?" + query if query else ""))
    return method
