import type { RequestNote, RunningRequest } from "../app/request-note.ts";
import type { TallyFigures } from "../app/worker-tally.ts";
import type { CacheOrder, CacheReport } from "../cache/orders.ts";
import type { ClientCertificates, Config } from "../config/model.ts";
import type { MetricFamily } from "../metrics/family.ts";
import type { TargetChange, UpstreamStatus } from "../proxy/target-change.ts";
import type { CertificatePair } from "../tls/certificate-pair.ts";

/** Main's stderr, as an edge has it: its own goes to main, which makes records of it. */
export const STDERR = 4;

/** What a listener needs to speak TLS. It comes from main, which alone may read the keys. */
export interface SecureSettings {
  readonly pairs: readonly CertificatePair[];
  readonly minimum: "TLSv1.2" | "TLSv1.3";
  /** Suites of TLS 1.2 in OpenSSL's spelling; null: Node's, which are those of TLS 1.3 and ECDHE with AES-GCM or ChaCha20. */
  readonly ciphers: string | null;
  /** PEM of the authorities whose clients are let in; null: clients show no certificate. */
  readonly clientAuthorities: string | null;
  readonly clients: ClientCertificates;
  /** PEM of revoked certificates, or null. */
  readonly clientRevocations: string | null;
  /** Handshakes for a host that no certificate is for fail. */
  readonly refuseUnknown: boolean;
  /** Base64 of 48 bytes that session tickets are sealed with: the same for all edges, and for the next one (RFC 5077). */
  readonly ticketKeys: string;
}

/** What main says to an edge over the IPC channel. Listening handles travel beside `listen` and `app-socket`. */
export type ToEdge =
  /** Compose this configuration and swap it in; answered by `configured`. `runtime` is the runtime directory. */
  | {
      readonly type: "configure";
      readonly id: number;
      readonly config: Config;
      readonly runtime: string;
      /** Of the listeners that speak TLS, by address. */
      readonly secure: Readonly<Record<string, SecureSettings>>;
    }
  /** Accept clients on the handle sent along. `key` is the listener's address. */
  | { readonly type: "listen"; readonly key: string }
  /** Other certificates for this listener's next handshakes. */
  | { readonly type: "certificates"; readonly key: string; readonly secure: SecureSettings }
  /** Answers of ACME's http-01 challenges from now on, by token; on every listener that speaks HTTP without TLS. */
  | { readonly type: "challenges"; readonly answers: Readonly<Record<string, string>> }
  | { readonly type: "unlisten"; readonly key: string }
  /** Accept workers of this app on the handle sent along. */
  | { readonly type: "app-socket"; readonly app: string }
  /** Workers that may be given exchanges; a worker absent from the list is given no more (and drained, then `worker-idle`). */
  | {
      readonly type: "workers";
      readonly app: string;
      readonly active: readonly number[];
      readonly pages: Readonly<Record<number, string>>;
    }
  /** Ask this worker alone for a path, with GET; answered by `probed`. */
  | {
      readonly type: "probe";
      readonly app: string;
      readonly worker: number;
      readonly id: number;
      readonly path: string;
      readonly host: string;
    }
  /** This worker's process has ended; its page can be read. */
  | { readonly type: "worker-exited"; readonly app: string; readonly worker: number; readonly reason: string }
  /** The app can't run at present; exchanges get 503 at once with this reason (shown in development). null: it can again. */
  | { readonly type: "app-broken"; readonly app: string; readonly reason: string | null }
  /** Stop accepting, finish what is in flight within `timeout` ms, then exit 0. */
  | { readonly type: "drain"; readonly timeout: number }
  /** `running`: tell of each request that workers have too. */
  | { readonly type: "metrics"; readonly id: number; readonly running: boolean }
  | { readonly type: "cache"; readonly id: number; readonly order: CacheOrder }
  /** Change the targets of an upstream, or change nothing; answered by `upstreams`. */
  | {
      readonly type: "upstreams";
      readonly id: number;
      readonly asked: { readonly upstream: string; readonly change: TargetChange } | null;
    }
  | { readonly type: "reopen-logs" };

/** Why a change was refused, or null; and all upstreams as they are then. */
export interface UpstreamsAnswer {
  readonly error: string | null;
  readonly upstreams: readonly UpstreamStatus[];
}

/** What an edge says to main. */
export type FromEdge =
  | ({ readonly type: "upstreams"; readonly id: number } & UpstreamsAnswer)
  | { readonly type: "started" }
  /** `user`: the error is one of the configuration, or of what it names. */
  | { readonly type: "configured"; readonly id: number; readonly error: string | null; readonly user?: boolean }
  | { readonly type: "listening"; readonly key: string; readonly error: string | null }
  /** All connections of this worker are open. */
  | { readonly type: "worker-connected"; readonly app: string; readonly worker: number }
  /** A worker left out of `workers` has no exchange left. */
  | { readonly type: "worker-idle"; readonly app: string; readonly worker: number }
  /** `status` null: the worker did not answer. */
  | { readonly type: "probed"; readonly app: string; readonly id: number; readonly status: number | null }
  /** Something in this worker is past its hard deadline: it is to be killed. */
  | { readonly type: "worker-overdue"; readonly app: string; readonly worker: number; readonly why: string }
  /** What was with a worker that has ended, and what became of it. */
  | {
      readonly type: "worker-lost";
      readonly app: string;
      readonly worker: number;
      readonly requests: readonly RequestNote[];
    }
  | { readonly type: "metrics"; readonly id: number; readonly snapshot: EdgeSnapshot }
  | { readonly type: "cached"; readonly id: number; readonly report: CacheReport }
  | {
      readonly type: "log";
      readonly level: "debug" | "info" | "warn" | "error";
      readonly message: string;
      readonly fields?: Record<string, unknown>;
    };

/** One worker, as an edge sees it. */
export interface WorkerSnapshot extends TallyFigures {
  readonly requests: number;
  readonly open: number;
  /** What it was given and has not answered yet; only where it was asked for. */
  readonly running?: readonly RunningRequest[];
}

/** The edge's figures at one moment: plain counters that only grow, and gauges. */
export interface EdgeSnapshot {
  readonly families: readonly MetricFamily[];
  /** Requests since the edge started, for `status`. */
  readonly requests: number;
  readonly connections: number;
  readonly apps: Readonly<
    Record<
      string,
      {
        readonly inFlight: number;
        readonly queued: number;
        readonly workers: Readonly<Record<number, WorkerSnapshot>>;
      }
    >
  >;
}
