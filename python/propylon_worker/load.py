"""Loads the app: `module:attribute`, or a file such as a `.wsgi` script. Failures say what was wrong and what to do."""

import difflib
import importlib
import inspect
import os
import sys
import traceback
import types

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
    directory = settings["directory"]
    folders = [directory, *(settings.get("pythonpath") or [])]
    load = settings["load"]
    if load["kind"] == "script":
        folders.insert(0, os.path.dirname(load["path"]))
    sys.path[:0] = [folder for at, folder in enumerate(folders) if folder not in sys.path and folder not in folders[:at]]
    if load["kind"] == "script":
        module, names, where = _script(load["path"]), [load["attribute"]], load["path"]
    else:
        name, _, attribute = load["target"].partition(":")
        module, names, where = _module(name, directory), [attribute] if attribute else NAMES, name
    return _callable(module, names, where, settings.get("factory"))


# --- internal ---


def _module(name, directory):
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if missing == name or name.startswith(missing + "."):
            near = _near_module(missing, directory)
            raise LoadFailed(
                "no module named %r in %s" % (missing, directory), near or "name it as MODULE:CALLABLE, seen from the app's directory"
            ) from error
        raise LoadFailed(
            "%s needs the module %r, which is not installed" % (name, missing), "install it with: %s -m pip install %s" % (sys.executable, missing.partition(".")[0]), _trace()
        ) from error
    except BaseException as error:
        raise _failure("importing %s" % name, error) from error


def _script(path):
    """Runs the file as a module of its own. Compiled here: an import would share `x.py`'s compiled file with `x.wsgi`."""
    name = "_wsgi_" + os.path.splitext(os.path.basename(path))[0].replace("-", "_").replace(".", "_")
    try:
        with open(path, "rb") as file:
            source = file.read()
    except FileNotFoundError as error:
        raise LoadFailed("no file %s" % path, "name an existing WSGI script") from error
    except OSError as error:
        raise LoadFailed("cannot read %s: %s" % (path, error.strerror), "make it readable for the app's user") from error
    module = types.ModuleType(name)
    module.__file__ = path
    sys.modules[name] = module
    try:
        exec(compile(source, path, "exec", dont_inherit=True), module.__dict__)
    except BaseException as error:
        raise _failure("running %s" % path, error) from error
    return module


def _failure(doing, error):
    """What to say of an exception out of the app's own code."""
    if isinstance(error, PermissionError):
        return LoadFailed("%s failed: cannot read %s" % (doing, error.filename), "make it readable for the app's user", _trace())
    if isinstance(error, SystemExit):
        return LoadFailed("%s failed: it called sys.exit(%r)" % (doing, error.code), "run only under `if __name__ == \"__main__\":` what starts a program", _trace())
    return LoadFailed("%s failed: %s: %s" % (doing, type(error).__name__, error), "", _trace())


def _callable(module, names, where, factory):
    for name in names:
        found, holder = _attribute(module, name)
        if found is None:
            if names is NAMES:
                continue
            raise LoadFailed("no %r in %s" % (name, where), _near_name(name, holder))
        called = name.endswith("()")
        if not callable(found):
            raise LoadFailed("%s in %s is not callable but %s" % (name, where, type(found).__name__), _near_callable(module))
        if called or factory or (factory is None and _is_factory(found)):
            return _made(found, name, where), ([] if called or factory else ["%s in %s takes no arguments: it was called as a factory" % (name, where)])
        return found, []
    raise LoadFailed("no %s in %s" % (", ".join(names), where), "name it: %s:CALLABLE" % where)


def _attribute(module, name):
    """What the dotted name leads to, or None; and the last object on the way to it."""
    holder, found = module, module
    for part in (name[:-2] if name.endswith("()") else name).split("."):
        holder, found = found, getattr(found, part, None)
        if found is None:
            break
    return found, holder


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
        raise _failure("calling %s of %s" % (name, where), error) from error
    if not callable(app):
        raise LoadFailed("%s of %s returned %s, not a WSGI application" % (name, where, type(app).__name__), "return the app from it")
    return app


def _near_module(missing, directory):
    """`did you mean`, among the modules beside the one that is missing."""
    package, _, last = missing.rpartition(".")
    folders = getattr(sys.modules.get(package), "__path__", []) if package else [directory]
    here = set()
    for folder in folders:
        for entry in os.listdir(folder) if os.path.isdir(folder) else []:
            base, extension = os.path.splitext(entry)
            if extension == ".py" or (extension == "" and os.path.isdir(os.path.join(folder, entry))):
                here.add(base)
    near = difflib.get_close_matches(last, sorted(here), 1)
    return "did you mean %r?" % ((package + "." if package else "") + near[0]) if near else ""


def _near_name(name, holder):
    last = name.rpartition(".")[2]
    near = difflib.get_close_matches(last, [n for n in dir(holder) if not n.startswith("__")], 1) or [n for n in NAMES if hasattr(holder, n)][:1]
    return "did you mean %r?" % near[0] if near else "name the WSGI application that it defines"


def _near_callable(module):
    near = [name for name in NAMES if callable(getattr(module, name, None))]
    return "did you mean %r?" % near[0] if near else "name the WSGI application"


def _trace():
    """The traceback without our own frames: it begins where the app's code does."""
    kind, error, trace = sys.exc_info()
    ours = os.path.dirname(os.path.abspath(__file__))
    while trace is not None and (trace.tb_frame.f_code.co_filename.startswith(ours) or "importlib" in trace.tb_frame.f_code.co_filename):
        trace = trace.tb_next
    return "".join(traceback.format_exception(kind, error, trace))
