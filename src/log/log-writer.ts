/** Where lines of a log go. Nothing that happens there holds up whoever writes. */
export interface LogWriter {
  /** Lines lost because they could not be written. */
  readonly dropped: number;
  /** Throws a PropylonError when it can't be written to at all. */
  start(): void;
  /** `line`: latin-1, one character a byte, its line feed included. `severity`: of RFC 5424, for syslog. */
  write(line: string, severity?: number): void;
  /** After a rotation by others: opens the file's path anew. */
  reopen(): void;
  /** Writes what waits; resolves, soon, when that is done or given up, or certain to be done when the process exits. */
  stop(): Promise<void>;
}
