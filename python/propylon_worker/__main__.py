"""`python propylon_worker APP WORKER`: one worker process. Started by main, which tells the rest over file descriptor 3."""

import gc
import os
import sys
import time

if __package__ in (None, ""):
    # Run as a folder: make the package importable without putting our folder on the app's path.
    _here = os.path.dirname(os.path.abspath(__file__))
    if sys.path and os.path.abspath(sys.path[0]) == _here:
        del sys.path[0]
    import importlib.util

    _spec = importlib.util.spec_from_file_location("propylon_worker", os.path.join(_here, "__init__.py"), submodule_search_locations=[_here])
    _package = importlib.util.module_from_spec(_spec)
    sys.modules["propylon_worker"] = _package
    _spec.loader.exec_module(_package)
    __package__ = "propylon_worker"

from propylon_worker.control import Control
from propylon_worker.worker import Worker


def main():
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(line_buffering=True)
    control = Control()
    settings = control.settings()
    started = time.monotonic()
    worker = Worker(settings, control)
    if not worker.load():
        sys.exit(3)
    gc.collect()
    gc.freeze()
    worker.serve(started)


if __name__ == "__main__":
    main()
