"""Tells ASGI apps from WSGI apps, and picks the event loop."""

import functools
import inspect


class LoopMissing(Exception):
    """The event loop that was asked for is not installed."""


def interface_of(app, wanted):
    """("asgi" or "wsgi", why). `wanted`: the `interface` setting; `auto` looks at the app.

    What ASGI 3 asks for: a callable of (scope, receive, send) that returns an awaitable. A coroutine function is one by its
    looks, and so is an object whose class has such a `__call__`; a WSGI app is never either.
    """
    if wanted in ("asgi", "wsgi"):
        return wanted, "as configured"
    inner = app
    while isinstance(inner, functools.partial):
        inner = inner.func
    if _awaits(inner):
        return "asgi", "it is a coroutine function"
    call = getattr(type(inner), "__call__", None)  # not of the instance: Python calls the class's
    if not inspect.isclass(inner) and _awaits(call):
        return "asgi", "%s.__call__ is a coroutine function" % type(inner).__name__
    if _looks_asgi(inner) or (not inspect.isclass(inner) and not inspect.isfunction(inner) and _looks_asgi(call)):
        return "asgi", "its parameters are scope, receive, send"
    return "wsgi", "it is no coroutine function"


def new_loop(wanted):
    """(event loop, what it is). `wanted`: `auto`, `asyncio` or `uvloop`. Raises LoopMissing."""
    if wanted != "asyncio":
        try:
            import uvloop

            return uvloop.new_event_loop(), "uvloop %s" % uvloop.__version__
        except ImportError as error:
            if wanted == "uvloop":
                raise LoopMissing("uvloop can't be imported: %s" % error) from error
    import asyncio  # here, and uvloop above: WSGI workers do without their memory

    return asyncio.new_event_loop(), "asyncio"


# --- internal ---


def _awaits(function):
    # Until Python 3.12 had inspect.markcoroutinefunction(), libraries marked such functions by this attribute, as asyncio did.
    return inspect.iscoroutinefunction(function) or getattr(function, "_is_coroutine", None) is not None


def _looks_asgi(function):
    """A plain function that returns the awaitable of another: its parameters go by the specification's names."""
    try:
        names = [name for name in inspect.signature(function).parameters if name != "self"]
    except (TypeError, ValueError):
        return False
    return names[:3] == ["scope", "receive", "send"]
