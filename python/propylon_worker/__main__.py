"""`python propylon_worker APP WORKER`: one worker process, or with `forerunner` in place of its number the one that forks them. Started by main, which tells the rest over file descriptor 3."""

import importlib.util
import os
import signal
import sys

if __package__ in (None, ""):
    # Run as a folder: make the package importable without putting our folder on the app's path.
    _here = os.path.dirname(os.path.abspath(__file__))
    if sys.path and os.path.abspath(sys.path[0]) == _here:
        del sys.path[0]
    _spec = importlib.util.spec_from_file_location("propylon_worker", os.path.join(_here, "__init__.py"), submodule_search_locations=[_here])
    _package = importlib.util.module_from_spec(_spec)
    sys.modules["propylon_worker"] = _package
    _spec.loader.exec_module(_package)
    __package__ = "propylon_worker"

from propylon_worker.control import Control
from propylon_worker.forerunner import Forerunner
from propylon_worker.recorder import record
from propylon_worker.worker import Worker


def main():
    # The log is UTF-8 whatever the locale, and a character that isn't must not fail the request that prints it.
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace", line_buffering=True)
    try:
        control = Control()
    except OSError:
        sys.exit("propylon_worker is started by propylon, with its control channel on file descriptor 3")
    settings = control.settings()
    # Ctrl-C in a terminal is main's to handle: it would raise KeyboardInterrupt in whatever exchange runs. Not SIG_IGN,
    # which programs that the app starts would inherit.
    signal.signal(signal.SIGINT, lambda number, frame: None)
    # Apps that look at the command line are to find theirs, which is empty.
    del sys.argv[1:]
    if settings.get("profile"):
        os.environ["PROPYLON_PROFILE"] = settings["profile"]
    if "PROPYLON_UWSGI" in os.environ:
        # An app that was uWSGI's may import its module. Last on the path, so that ours hides nothing.
        sys.path.append(os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "propylon_shims"))
        # Before anything forks: a forked worker's parent is its forerunner.
        os.environ["PROPYLON_MAIN"] = str(os.getppid())
    app = None
    if "door" in settings:
        app, control, settings = Forerunner(settings, control).run()
    if "PROPYLON_UWSGI" in os.environ:
        os.environ["PROPYLON_WORKER"] = str(settings["worker"])
    if settings.get("stacks"):
        control.say({"recording": record(settings["stacks"])})
    code = Worker(settings, control, app).run()
    if code != 0:
        # At once: a half-imported app may have left threads that never end.
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
