"""Loads the app: `module:attribute`, or a file such as a `.wsgi` script. Failures say what was wrong and what to do."""

import difflib
import importlib
import importlib.machinery
import importlib.util
import inspect
import os
import sys
import traceback

#: Names that apps go by, tried when nothing was said.
NAMES = ("application", "app", "create_app", "make_app")


class LoadFailed(Exception):
    """The app can't be loaded. `reason` and `remedy` are for people; `trace` is the traceback, or empty."""

    def __init__(self, reason, remedy="", trace=""):
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy
        self.trace = trace


def load_app(settings):
    """The WSGI callable that `settings` name, and warnings: a list of str."""
    for folder in reversed(settings.get("pythonpath") or []):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    directory = settings["directory"]
    if directory not in sys.path:
        sys.path.insert(0, directory)
    load = settings["load"]
    if load["kind"] == "script":
        module, names, where = _script(load["path"]), [load["attribute"]], load["path"]
    else:
        name, _, attribute = load["target"].partition(":")
        module, names, where = _module(name), [attribute] if attribute else NAMES, name
    return _callable(module, names, where, settings.get("factory"))


def _module(name):
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing == name or name.startswith(missing + "."):
            raise LoadFailed(
                "no module named %r in %s" % (missing, sys.path[0]), _near_module(missing) or "name it as MODULE:CALLABLE, seen from the app's directory"
            ) from error
        raise LoadFailed(
            "%s needs the module %r, which is not installed" % (name, missing), "install it with: %s -m pip install %s" % (sys.executable, missing.partition(".")[0]), _trace()
        ) from error
    except BaseException as error:
        raise LoadFailed("importing %s failed: %s: %s" % (name, type(error).__name__, error), "", _trace()) from error


def _script(path):
    name = os.path.splitext(os.path.basename(path))[0].replace("-", "_").replace(".", "_")
    folder = os.path.dirname(path)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    loader = importlib.machinery.SourceFileLoader("_wsgi_" + name, path)
    spec = importlib.util.spec_from_loader(loader.name, loader, origin=path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[loader.name] = module
    try:
        loader.exec_module(module)
    except FileNotFoundError as error:
        if error.filename == path:
            raise LoadFailed("no file %s" % path, "name an existing WSGI script") from error
        raise LoadFailed("running %s failed: %s" % (path, error), "", _trace()) from error
    except PermissionError as error:
        raise LoadFailed("cannot read %s" % (error.filename or path), "make it readable for the app's user", _trace()) from error
    except BaseException as error:
        raise LoadFailed("running %s failed: %s: %s" % (path, type(error).__name__, error), "", _trace()) from error
    return module


def _callable(module, names, where, factory):
    for name in names:
        found = _attribute(module, name)
        if found is None:
            continue
        called = name.endswith("()")
        if not callable(found):
            raise LoadFailed("%s in %s is not callable but %s" % (name, where, type(found).__name__), "name the WSGI application")
        if called or factory or (factory is None and _is_factory(found)):
            return _made(found, name, where), ([] if called or factory else ["%s in %s takes no arguments: it was called as a factory" % (name, where)])
        return found, []
    if names is NAMES:
        raise LoadFailed("no %s in %s" % (", ".join(names), where), "name it: %s:CALLABLE" % where)
    near = difflib.get_close_matches(names[0], [n for n in vars(module) if not n.startswith("__")], 1) or [n for n in NAMES if hasattr(module, n)][:1]
    raise LoadFailed("no %r in %s" % (names[0], where), "did you mean %r?" % near[0] if near else "name the WSGI application that it defines")


def _attribute(module, name):
    found = module
    for part in name[:-2].split(".") if name.endswith("()") else name.split("."):
        found = getattr(found, part, None)
        if found is None:
            return None
    return found


def _is_factory(found):
    """A plain function without parameters can't be a WSGI app, which takes two."""
    if not inspect.isfunction(found):
        return False
    try:
        inspect.signature(found).bind(None, None)
        return False
    except TypeError:
        pass
    try:
        inspect.signature(found).bind()
        return True
    except TypeError:
        return False


def _made(factory, name, where):
    try:
        app = factory()
    except BaseException as error:
        raise LoadFailed("calling %s of %s failed: %s: %s" % (name, where, type(error).__name__, error), "", _trace()) from error
    if not callable(app):
        raise LoadFailed("%s of %s returned %s, not a WSGI application" % (name, where, type(app).__name__), "return the app from it")
    return app


def _near_module(name):
    here = [os.path.splitext(entry)[0] for entry in os.listdir(sys.path[0]) if entry.endswith(".py") or os.path.isdir(os.path.join(sys.path[0], entry))]
    near = difflib.get_close_matches(name.partition(".")[0], here, 1)
    return "did you mean %r?" % near[0] if near else ""


def _trace():
    """The traceback without our own frames: it begins where the app's code does."""
    kind, error, trace = sys.exc_info()
    ours = os.path.dirname(os.path.abspath(__file__))
    while trace is not None and (trace.tb_frame.f_code.co_filename.startswith(ours) or "importlib" in trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return "".join(traceback.format_exception(kind, error, trace))
