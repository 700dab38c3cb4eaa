"""Starts a command as main wants it started, for what Node can't do: user and groups, umask, limits, parent-death signal.

    python3 -I -S propylon_launcher.py SETTINGS COMMAND [ARGUMENT ...]

SETTINGS is a JSON object, all keys optional: user, group (names or numbers), umask (int), directory, environment (an object of
text, added to ours), session (bool: a session of its own), death_signal (int, default SIGKILL; 0: none), limits {files, memory,
core, processes} (bytes; files, processes: counts), check_readable (list of paths that the user must be able to read, or enter if
folders), keep (names of variables that HOME, USER and LOGNAME of the user don't replace), output (an object: "1" and "2" are paths at which named pipes are made, opened for the command's stdout and stderr; "2" can be
"1", the same pipe), announce (bool). Failures are told on file descriptor 3 as one JSON line, {"failed": {"reason", "remedy"}}, where
that is open, else on stderr; the exit code is 3. With `announce` descriptor 3 is ours alone: the command does not get it, {"pipes": "1"}
on it says that the named pipe for 1 is there, to be opened by the reader, and {"running": true}, followed by its end, that the command runs.
"""

import grp
import json
import os
import pwd
import resource
import signal
import sys
import warnings  # noqa: F401  os.execvp() imports it, maybe when the user can't read our interpreter's library any more

try:
    import ctypes  # now, for the same reason
except ImportError:
    ctypes = None


class Failed(Exception):
    """Can't be started so; `remedy` says what to do."""

    def __init__(self, reason, remedy=""):
        super().__init__(reason)
        self.remedy = remedy


def main():
    parent = os.getppid()
    if len(sys.argv) < 3:
        sys.exit("usage: propylon_launcher.py SETTINGS COMMAND [ARGUMENT ...]")
    settings, command = json.loads(sys.argv[1]), sys.argv[2:]
    try:
        if settings.get("session"):
            lead_session()
        announce = settings.get("announce", False)
        if settings.get("output"):
            die_with_parent(settings.get("death_signal", int(signal.SIGKILL)), parent)  # while it waits for a reader
            pipe_output(settings["output"], settings.get("user"))
        limit(settings.get("limits") or {})
        user = become(settings.get("user"), settings.get("group"), settings.get("keep") or [])
        os.environ.update(settings.get("environment") or {})
        if settings.get("umask") is not None:
            os.umask(settings["umask"])
        die_with_parent(settings.get("death_signal", int(signal.SIGKILL)), parent)
        for path in settings.get("check_readable") or []:
            check_readable(path, user)
        enter(settings.get("directory"), user)
        run(command, announce)
    except Failed as failure:
        tell(str(failure), failure.remedy)
        sys.exit(3)


def lead_session():
    try:
        os.setsid()
    except PermissionError:
        pass  # it leads one already


def pipe_output(output, user):
    """Named pipes in place of stdout and stderr. Not sockets, since /dev/stdout can't be opened then; the user's, so that it may open it."""
    owner = find_user(user)[0] if user is not None and os.geteuid() == 0 else -1
    for number, path in sorted(output.items()):
        if path == "1":
            os.dup2(1, int(number))
            continue
        try:
            os.mkfifo(path, 0o600)
            os.chown(path, owner, -1)
            say({"pipes": number})
            pipe = os.open(path, os.O_WRONLY)  # returns when main has opened it
        except OSError as error:
            raise Failed("cannot make the pipe %s: %s" % (path, error.strerror), "make room in the runtime directory")
        os.dup2(pipe, int(number))
        os.close(pipe)


def limit(limits):
    """Resource limits, soft and hard alike; only root may go above the hard limit that we have."""
    kinds = {"files": resource.RLIMIT_NOFILE, "memory": resource.RLIMIT_AS, "core": resource.RLIMIT_CORE, "processes": resource.RLIMIT_NPROC}
    for name, value in limits.items():
        if value is None:
            continue
        try:
            resource.setrlimit(kinds[name], (value, value))
        except (ValueError, OSError) as error:
            hard = resource.getrlimit(kinds[name])[1]
            raise Failed("cannot set the limit of %s to %d: %s" % (name, value, error), "ask for at most %d, or start as root" % hard)


def become(user, group, keep):
    """Changes to the user and groups, HOME, USER and LOGNAME too (those of `keep` stay); returns the user's name for messages."""
    current = os.geteuid()
    if user is None and group is None:
        return name_of(current)
    uid, name, home, gid = find_user(current if user is None else user)
    if group is not None:
        gid = find_group(group)
    if (current, os.getegid()) == (uid, gid) or (current == uid and group is None):
        return name
    if current != 0:
        wanted = "user %r" % name if current != uid else "group %r" % group
        raise Failed("only root can start a process as %s" % wanted, "start propylon as root, or leave out `user:` and `group:`")
    try:
        if home is None:
            os.setgroups([gid])  # a number that nobody has: it is in no group
        else:
            os.initgroups(name, gid)
        os.setgid(gid)
        os.setuid(uid)
    except OSError as error:
        raise Failed("cannot become user %r: %s" % (name, error.strerror), "give this container or service CAP_SETUID and CAP_SETGID, or leave out `user:`")
    if home is not None:
        own = {"HOME": home, "USER": name, "LOGNAME": name}
        os.environ.update({key: value for key, value in own.items() if key not in keep})
    return name


def find_user(user):
    """(uid, name, home, gid) of a name or a number; home None for a number that the machine does not know."""
    number = int(user) if str(user).isdigit() else None
    try:
        entry = pwd.getpwuid(number) if number is not None else pwd.getpwnam(user)
    except KeyError:
        if number is not None:
            return number, str(number), None, number
        raise Failed("no user %r on this machine" % user, "create it, or name another with `user:`")
    return entry.pw_uid, entry.pw_name, entry.pw_dir, entry.pw_gid


def find_group(group):
    if str(group).isdigit():
        return int(group)
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        raise Failed("no group %r on this machine" % group, "create it, or name another with `group:`")


def die_with_parent(number, parent):
    """The kernel sends `number` to this process when its parent ends. After setuid(), which resets it (prctl(2))."""
    if not number or not sys.platform.startswith("linux") or ctypes is None:
        return  # the control channel's end still ends a worker
    try:
        ctypes.CDLL(None).prctl(1, number)  # PR_SET_PDEATHSIG
    except (OSError, AttributeError):
        return  # a C library without it
    if os.getppid() != parent:
        os._exit(3)  # it died in between


def check_readable(path, user):
    """Names the first folder or file on the way to `path` that this user can't enter or read."""
    check_way(os.path.abspath(path), path, user)
    try:
        os.stat(path)
    except PermissionError:
        check_way(os.path.realpath(path), path, user)  # a link on the way leads through a closed folder
    except OSError:
        raise Failed("no file or folder %s" % path, "check the path")
    need = os.R_OK | os.X_OK if os.path.isdir(path) else os.R_OK
    if not os.access(path, need):
        raise Failed("the app's user %r cannot read %s" % (user, path), "run: chmod -R o+rX %s (or give %s access by its group)" % (path, user))


def check_way(way, path, user):
    walked = "/"
    for part in way.split("/")[1:]:
        if not os.path.exists(walked):
            raise Failed("no file or folder %s" % path, "check the path: there is no %s" % walked)
        if not os.access(walked, os.X_OK):
            raise Failed(
                "the app's user %r cannot read %s: no entry to %s" % (user, path, walked), "run: chmod o+x %s (or give %s access by its group)" % (walked, user)
            )
        walked = os.path.join(walked, part)


def enter(directory, user):
    if directory is None:
        return
    try:
        os.chdir(directory)
    except OSError as error:
        raise Failed("user %r cannot enter the directory %s: %s" % (user, directory, error.strerror), "make it exist and give the user access")


def run(command, announce):
    # Python ignores these, and a command would inherit that: a pipeline in a shell script relies on SIGPIPE.
    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    if announce:
        say({"running": True})
        os.set_inheritable(3, False)  # closed when the command runs
    try:
        os.execvp(command[0], command)
    except FileNotFoundError:
        if os.path.exists(command[0]):
            raise Failed("cannot run %r: the interpreter in its first line does not exist" % command[0], "correct its first line")
        raise Failed("no command %r" % command[0], "check its path")
    except OSError as error:
        raise Failed("cannot run %r: %s" % (command[0], error.strerror), "check its permissions and its first line")


def name_of(uid):
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def say(message):
    os.write(3, (json.dumps(message) + "\n").encode())


def tell(reason, remedy):
    try:
        say({"failed": {"reason": reason, "remedy": remedy}})
    except OSError:
        sys.stderr.write("propylon: %s%s\n" % (reason, "\n  " + remedy if remedy else ""))


if __name__ == "__main__":
    main()
