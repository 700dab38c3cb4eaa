import { readApache } from "./apache/read.ts";
import { readGunicorn } from "./gunicorn/read.ts";
import { readNginx } from "./nginx/read.ts";
import { readProcfile } from "./procfile/read.ts";
import type { ForeignKind, Reader } from "./reading.ts";
import { readSupervisor } from "./supervisor/read.ts";
import { readSystemd } from "./systemd/read.ts";
import { readUnit } from "./unit/read.ts";
import { readUwsgi } from "./uwsgi/read.ts";
import { readWaitress } from "./waitress/read.ts";

/** The reader of each kind. */
export const READERS: Readonly<Record<ForeignKind, Reader>> = {
  nginx: readNginx,
  uwsgi: readUwsgi,
  gunicorn: readGunicorn,
  waitress: readWaitress,
  supervisor: readSupervisor,
  apache: readApache,
  procfile: readProcfile,
  systemd: readSystemd,
  unit: readUnit,
};
