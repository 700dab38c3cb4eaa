"""What the worker itself says to the log, in whole lines."""

import os
import sys


def log(message, trace=""):
    """A line on stderr, and a traceback below it. The app may have replaced or closed sys.stderr: then on descriptor 2."""
    text = "propylon: %s\n%s" % (message, trace)
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except Exception:
        try:
            os.write(2, text.encode("utf-8", "backslashreplace"))
        except OSError:
            pass  # nobody reads the log any more
