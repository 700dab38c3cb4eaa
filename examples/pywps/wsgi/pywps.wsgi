"""The WPS service: what Apache's mod_wsgi, or Propylon's `script`, runs as it is."""

import fcntl

from pywps import dblog
from pywps.app.Service import Service

from processes.distance import Distance
from processes.grid import Grid

application = Service([Distance(), Grid()], ["pywps.cfg"])

# PyWPS makes its tables at the first request. Several workers would do so at once, and all but one fail.
with open("work/lock", "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    dblog.get_session().close()
