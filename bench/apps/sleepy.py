"""Waits as long as the path says, in milliseconds (`/0.3`), as an app does that asks a database; `/busy/5` computes so long, in pure
Python, and holds the interpreter's lock."""
import time


def app(environ, start_response):
    wait = environ["PATH_INFO"][1:]
    if wait.startswith("busy/"):
        end = time.perf_counter() + float(wait[5:]) / 1000
        while time.perf_counter() < end:
            pass
    elif wait:
        time.sleep(float(wait) / 1000)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "13")])
    return [b"Hello, World!"]
