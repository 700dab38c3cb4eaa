/** What a peer serves and with how much. */
export interface Task {
  /** A module of bench/apps, its app being `app`; or null: files only. */
  readonly module: string | null;
  readonly processes: number;
  /** Of each process. */
  readonly threads: number;
}

/** Where a peer runs. */
export interface Place {
  /** A folder of its own for its configuration, sockets and logs. */
  readonly folder: string;
  /** 127.0.0.1 and this port are where clients come. */
  readonly port: number;
  /** The folder of the Python modules. */
  readonly apps: string;
  /** The folder of the static files. */
  readonly files: string;
  /** The interpreter for everything Python. */
  readonly python: string;
}

export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/** One way to serve the task: writes its configuration and says which programs are to be run, each in the foreground. */
export interface Peer {
  readonly name: string;
  /** Names its version and how it is tuned, for the report. */
  readonly versions: () => string;
  /** It speaks TLS. */
  readonly secure?: boolean;
  prepare(task: Task, place: Place): readonly Program[];
}
