"""The decorators of uWSGI's `uwsgidecorators`, as far as they need nothing but the worker: `postfork`, `lock`, `thread`.

The others need uWSGI itself: to use one raises an AttributeError that says so, while the app is imported.
"""

import functools as _functools
import threading as _threading

import uwsgi as _uwsgi

postfork_chain = []


def postfork(function):
    """Called in each worker once the app is there, before its first request; in the order of the definitions. `postfork(2)`: in worker 2 alone."""
    if callable(function):
        postfork_chain.append(function)
        return function

    def of_one_worker(wanted):
        postfork_chain.append(lambda: wanted() if _uwsgi.worker_id() == function else None)
        return wanted

    return of_one_worker


def lock(function):
    """One call at a time, of all workers: with lock 0."""

    @_functools.wraps(function)
    def locked(*arguments, **named):
        _uwsgi.lock()
        try:
            return function(*arguments, **named)
        finally:
            _uwsgi.unlock()

    return locked


class thread:
    """Each call runs in a thread of its own."""

    def __init__(self, function):
        _functools.update_wrapper(self, function)
        self._function = function

    def __call__(self, *arguments, **named):
        started = _threading.Thread(target=self._function, args=arguments, kwargs=named, daemon=True)
        started.start()
        return self._function


def _call_postfork():
    for function in postfork_chain:
        function()


_uwsgi.post_fork_hook = _call_postfork

_INSTEAD = {
    "harakiri": "a deadline: set `deadline` of the app or the route",
    "rpc": "remote calls: ask the other app over HTTP",
    "erlang": "remote calls: ask the other app over HTTP",
}


def __getattr__(name):
    if name.startswith("__"):
        raise AttributeError(name)
    instead = _INSTEAD.get(name, "tasks beside requests: run them as a program of their own, or from cron")
    raise AttributeError("uwsgidecorators.%s needs uWSGI itself; %s" % (name, instead))
