import type { AccessLogConfig } from "../../src/config/route-model.ts";
import type { Client, Exchange } from "../../src/http/exchange.ts";
import { AccessLogs } from "../../src/log/access-logs.ts";
import { TemplateCompiler } from "../../src/template/template.ts";

/** One access log, opened, as an edge has it. */
export interface OpenLog {
  readonly dropped: number;
  ended(exchange: Exchange, status: number, bytes: number): void;
  refused(client: Client, status: number, reason: string, line: string): void;
  reopen(): void;
  stop(): Promise<void>;
}

/** What a test says of a log; the rest: a file in the combined format that is never rotated. */
export interface LogFacts {
  readonly path?: string;
  readonly rotateSize?: number;
  readonly rotateAge?: number;
  readonly rotateKeep?: number;
  readonly destination?: AccessLogConfig["destination"];
  readonly format?: AccessLogConfig["format"];
}

export function openLog(facts: LogFacts, warn: (message: string) => void, journal?: string): OpenLog {
  const { path = "-", rotateSize = 0, rotateAge = 0, rotateKeep = 3, format = { kind: "combined" } } = facts;
  const destination = facts.destination ?? { kind: "file", path, rotateSize, rotateAge, rotateKeep };
  const logs = new AccessLogs(journal === undefined ? { warn } : { warn, journal });
  const draft = logs.draft();
  const log = draft.make([{ destination, format, conditions: [] }], {
    templates: new TemplateCompiler(),
    condition: () => () => true,
  });
  logs.use(draft);
  return {
    get dropped() {
      return logs.dropped;
    },
    ended: (...told) => log.ended(...told),
    refused: (...told) => log.refused(...told),
    reopen: () => logs.reopen(),
    stop: () => logs.close(),
  };
}
