"""Starts a command as main wants it started, for what Node can't do: user and groups, umask, limits, parent-death signal.

    python3 -I -S propylon_launcher.py SETTINGS COMMAND [ARGUMENT ...]

SETTINGS is a JSON object, all keys optional: user, group, umask (int), directory, session (bool: a session of its own),
death_signal (int, default SIGKILL; 0: none), limits {files, memory, core} (bytes; files: a count), check_readable (list of
paths that the user must be able to read, or enter if folders). Failures are told on file descriptor 3 as one JSON
line, {"failed": {"reason", "remedy"}}, where that is open, else on stderr; the exit code is 3.
"""

import json
import os
import signal
import sys
import warnings  # noqa: F401  os.execvp() imports it, maybe when the user can't read our interpreter's library any more


class Failed(Exception):
    """Can't be started so; `remedy` says what to do."""

    def __init__(self, reason, remedy=""):
        super().__init__(reason)
        self.remedy = remedy


def main():
    settings, command = json.loads(sys.argv[1]), sys.argv[2:]
    parent = os.getppid()
    try:
        if settings.get("session"):
            os.setsid()
        limit(settings.get("limits") or {})
        user = become(settings.get("user"), settings.get("group"))
        if settings.get("umask") is not None:
            os.umask(settings["umask"])
        die_with_parent(settings.get("death_signal", int(signal.SIGKILL)), parent)
        for path in settings.get("check_readable") or []:
            check_readable(path, user)
        enter(settings.get("directory"), user)
        run(command)
    except Failed as failure:
        tell(str(failure), failure.remedy)
        sys.exit(3)


def limit(limits):
    """Resource limits, soft and hard alike, never above the hard limit that we have."""
    import resource

    kinds = {"files": resource.RLIMIT_NOFILE, "memory": resource.RLIMIT_AS, "core": resource.RLIMIT_CORE}
    for name, value in limits.items():
        if value is None:
            continue
        hard = resource.getrlimit(kinds[name])[1]
        try:
            resource.setrlimit(kinds[name], (value, value if hard == resource.RLIM_INFINITY or value <= hard or os.geteuid() == 0 else hard))
        except (ValueError, OSError) as error:
            raise Failed("cannot set the limit of %s to %d: %s" % (name, value, error), "ask for at most %d, or start as root" % hard)


def become(user, group):
    """Changes to the user and groups; returns the user's name for messages."""
    import grp
    import pwd

    current = os.geteuid()
    if user is None and group is None:
        return name_of(current)
    try:
        entry = pwd.getpwnam(user) if user is not None else pwd.getpwuid(current)
    except KeyError:
        raise Failed("no user %r on this machine" % user, "create it, or name another with `user:`")
    try:
        gid = grp.getgrnam(group).gr_gid if group is not None else entry.pw_gid
    except KeyError:
        raise Failed("no group %r on this machine" % group, "create it, or name another with `group:`")
    if current == entry.pw_uid and (group is None or os.getegid() == gid):
        return entry.pw_name
    if current != 0:
        raise Failed("only root can start a process as user %r" % entry.pw_name, "start propylon as root, or leave out `user:` and `group:`")
    os.initgroups(entry.pw_name, gid)
    os.setgid(gid)
    os.setuid(entry.pw_uid)
    os.environ.update(HOME=entry.pw_dir, USER=entry.pw_name, LOGNAME=entry.pw_name)
    return entry.pw_name


def die_with_parent(number, parent):
    """The kernel sends `number` to this process when its parent ends. After setuid(), which resets it (prctl(2))."""
    if not number or not sys.platform.startswith("linux"):
        return
    try:
        import ctypes

        ctypes.CDLL(None).prctl(1, number)  # PR_SET_PDEATHSIG
    except (ImportError, OSError, AttributeError):
        return  # an interpreter without ctypes: the control channel's end still ends a worker
    if os.getppid() != parent:
        os._exit(3)  # it died in between


def check_readable(path, user):
    """Names the first folder or file on the way to `path` that this user can't enter or read."""
    walked = "/"
    for part in os.path.abspath(path).split("/")[1:]:
        if not os.access(walked, os.X_OK):
            raise Failed(
                "the app's user %r cannot read %s: no entry to %s" % (user, path, walked), "run: chmod o+x %s (or give %s access by its group)" % (walked, user)
            )
        walked = os.path.join(walked, part)
    if not os.path.exists(path):
        raise Failed("no file or folder %s" % path, "check the path")
    need = os.R_OK | os.X_OK if os.path.isdir(path) else os.R_OK
    if not os.access(path, need):
        raise Failed("the app's user %r cannot read %s" % (user, path), "run: chmod -R o+rX %s (or give %s access by its group)" % (path, user))


def enter(directory, user):
    if directory is None:
        return
    try:
        os.chdir(directory)
    except OSError as error:
        raise Failed("user %r cannot enter the directory %s: %s" % (user, directory, error.strerror), "make it exist and give the user access")


def run(command):
    try:
        os.execvp(command[0], command)
    except FileNotFoundError:
        raise Failed("no command %r" % command[0], "check its path")
    except OSError as error:
        raise Failed("cannot run %r: %s" % (command[0], error.strerror), "check its permissions and its first line")


def name_of(uid):
    import pwd

    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def tell(reason, remedy):
    line = json.dumps({"failed": {"reason": reason, "remedy": remedy}}) + "\n"
    try:
        os.write(3, line.encode())
    except OSError:
        sys.stderr.write("propylon: %s%s\n" % (reason, "\n  " + remedy if remedy else ""))


if __name__ == "__main__":
    main()
