"""What shows how a worker ends."""

import atexit
import sys

from answers import waits_for

atexit.register(print, "at exit")


def app(environ, start_response):
    if environ["PATH_INFO"] == "/path":
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [("%r\n%s" % (sys.path, sys.argv[0])).encode()]
    return waits_for(environ, start_response)
