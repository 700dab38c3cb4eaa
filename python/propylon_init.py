"""A minimal init: runs a command as its child, passes signals on, collects orphans, and ends as the command ended.

    python3 -I -S propylon_init.py COMMAND [ARGUMENT ...]

For process 1 of a container, where nobody else collects orphans, and for the main process of a systemd service of Type=notify: systemd
takes notifications from the main process alone, and Node can't send to a datagram socket, so the command writes them to a pipe (its
number in PROPYLON_NOTIFY_FD), a datagram a line with NUL in place of newline, and they are sent from here. Passed sockets (LISTEN_FDS) and the watchdog's
process are the command's. Exit code: the command's, or 128 and the number of the signal that ended it.
"""

import os
import select
import signal
import socket
import sys

# What is not passed on: what tells of children, what can't be caught, and what the kernel sends for a fault of our own.
OURS = {"SIGCHLD", "SIGKILL", "SIGSTOP", "SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL", "SIGTRAP", "SIGABRT", "SIGSYS", "SIGTTIN", "SIGTTOU", "SIGPIPE"}


def main():
    command = sys.argv[1:]
    if not command:
        sys.exit("usage: propylon_init.py COMMAND [ARGUMENT ...]")
    passed = {number for number in signal.Signals if number.name not in OURS}
    wake, woken = os.pipe()
    os.set_blocking(woken, False)
    for number in passed:
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    for number in (signal.SIGTTIN, signal.SIGTTOU, signal.SIGPIPE):
        signal.signal(number, signal.SIG_IGN)
    signal.set_wakeup_fd(woken, warn_on_full_buffer=False)
    notices, told = os.pipe() if "NOTIFY_SOCKET" in os.environ else (None, None)
    child = start(command, passed, told)
    if told is not None:
        os.close(told)
    sys.exit(follow(child, passed, wake, notices))


def start(command, passed, told):
    child = os.fork()
    if child:
        return child
    # A group of its own: the terminal's Ctrl-C comes to us, and from us once.
    os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    for number in set(passed) | {signal.SIGCHLD, signal.SIGTTIN, signal.SIGTTOU, signal.SIGPIPE, signal.SIGXFSZ}:
        signal.signal(number, signal.SIG_DFL)
    for name in ("LISTEN_PID", "WATCHDOG_PID"):
        if os.environ.get(name) == str(os.getppid()):
            os.environ[name] = str(os.getpid())
    if told is not None:
        os.set_inheritable(told, True)
        os.environ["PROPYLON_NOTIFY_FD"] = str(told)
    try:
        os.execvp(command[0], command)
    except OSError as error:
        sys.stderr.write("propylon: cannot run %r: %s\n" % (command[0], error.strerror))
        sys.stderr.flush()
        os._exit(127)


def follow(child, passed, wake, notices):
    """Until the child ends; returns the exit code."""
    unfinished = b""
    while True:
        ready, _, _ = select.select([wake] + ([notices] if notices is not None else []), [], [])
        if notices in ready:
            data = os.read(notices, 65536)
            lines = (unfinished + data).split(b"\n")
            unfinished = lines.pop()
            for line in lines:
                send(line.replace(b"\0", b"\n"))
            if not data:
                notices = None
        if wake in ready:
            for number in os.read(wake, 4096):
                if number in passed:
                    pass_on(child, number)
            code = collect(child)
            if code is not None:
                return code


def pass_on(child, number):
    try:
        os.kill(child, number)
    except ProcessLookupError:
        pass


def collect(child):
    """Collects all that have ended; the exit code when the child is among them."""
    code = None
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return code
        if pid == 0:
            return code
        if pid == child:
            code = os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status)


def send(message):
    address = os.environ["NOTIFY_SOCKET"]
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as there:
        try:
            there.sendto(message, address)
        except OSError as error:
            sys.stderr.write("propylon: cannot notify %s: %s\n" % (os.environ["NOTIFY_SOCKET"], error.strerror))


if __name__ == "__main__":
    main()
