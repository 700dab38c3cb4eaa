import net from "node:net";
import { acceptWorker } from "../app/app-socket.ts";
import { Pool } from "../app/pool.ts";
import type { PoolSettings } from "../app/pool-parts.ts";
import { probeRequest } from "../app/probe.ts";
import { PropylonError } from "../base/errors.ts";
import { createLog, type Log } from "../base/log.ts";
import { CacheStores } from "../cache/stores.ts";
import type { AppConfig, Config } from "../config/model.ts";
import type { ExchangeObserver, Handler } from "../http/exchange.ts";
import type { Http1Settings } from "../http/settings.ts";
import { DEFAULT_HTTP2_LIMITS, type Http2Limits } from "../http2/http2-options.ts";
import { FamilySources } from "../metrics/family-sources.ts";
import { ListenerMetrics } from "../metrics/listener-metrics.ts";
import { CounterBase } from "../metrics/merge.ts";
import { ProcessMetrics } from "../metrics/process-metrics.ts";
import { Limits } from "../middleware/limits.ts";
import { PasswordChecker } from "../middleware/password-checker.ts";
import { UpstreamRegistry } from "../proxy/registry.ts";
import { StaticCache } from "../static/cache.ts";
import { ChallengeAnswers } from "./challenge-answers.ts";
import { ClientCount } from "./client-count.ts";
import { type ClientConnection, ClientListener, type ListenerMode } from "./client-listener.ts";
import { compose, engineBodyLimit } from "./compose.ts";
import { connectionFigures } from "./connection-figures.ts";
import { EdgeObservers } from "./edge-observers.ts";
import type { FromEdge, SecureSettings, ToEdge } from "./messages.ts";
import { poolFamilies, snapshot } from "./snapshot.ts";
import { answerOf } from "./upstreams-answer.ts";

/** Looks at the connections this often while draining, ms. */
const DRAIN_LOOK = 20;

/** One edge: owns the clients' connections and the pools, does what main says (messages.ts). */
export class Edge {
  readonly #send: (message: FromEdge) => void;
  readonly #pools = new Map<string, Pool>();
  readonly #appServers = new Map<string, net.Server>();
  readonly #listeners = new Map<string, ClientListener>();
  readonly #connections = new Set<ClientConnection>();
  readonly #observers: EdgeObservers;
  readonly #log: Log;
  readonly #upstreams: UpstreamRegistry;
  readonly #caches = new CacheStores();
  readonly #limits: Limits;
  readonly #passwords = new PasswordChecker();
  /** All that is told in `/metrics`. */
  readonly #figures = new FamilySources();
  readonly #listened = this.#figures.add(new ListenerMetrics());
  /** What was counted of apps that are no longer configured. */
  readonly #removed = new CounterBase();
  #cache: StaticCache | null = null;
  #modes: ReadonlyMap<string, ListenerMode> = new Map();
  #handler: Handler = { handle: (exchange) => exchange.fail(503, "The server is starting") };
  readonly #challenges = new ChallengeAnswers(() => this.#handler);
  #settings: Http1Settings | null = null;
  #http2: Http2Limits = DEFAULT_HTTP2_LIMITS;
  #connectionLimit = 0;
  readonly #clients = new ClientCount();
  #draining = false;

  constructor(number: string, send: (message: FromEdge) => void) {
    this.#send = send;
    this.#observers = new EdgeObservers((level, message) => send({ type: "log", level, message }));
    this.#log = createLog("edge", ({ level, message, fields }) =>
      send({ type: "log", level, message, ...(fields && { fields }) }),
    );
    this.#upstreams = new UpstreamRegistry(this.#log);
    this.#limits = new Limits(this.#log);
    this.#figures.add(this.#observers);
    this.#figures.add(this.#upstreams);
    this.#figures.add(this.#caches);
    this.#figures.add(this.#limits);
    this.#figures.add({ families: () => this.#removed.with([poolFamilies(this.#pools)]) });
    this.#figures.add(new ProcessMetrics(`edge ${number}`)).start();
  }

  receive(message: ToEdge, handle: unknown): void {
    switch (message.type) {
      case "configure":
        return this.#configure(message.id, message.config, message.secure);
      case "listen":
        return this.#listen(message.key, handle);
      case "certificates":
        this.#listeners.get(message.key)?.renew(message.secure);
        return;
      case "challenges":
        return this.#challenges.set(message.answers);
      case "unlisten":
        this.#listeners.get(message.key)?.stop();
        this.#listeners.delete(message.key);
        return;
      case "app-socket":
        return this.#acceptWorkers(message.app, handle);
      case "workers":
        this.#pools.get(message.app)?.setActive(message.active, message.pages);
        return;
      case "probe":
        return this.#probe(message);
      case "worker-exited":
        this.#pools.get(message.app)?.workerExited(message.worker);
        return;
      case "app-broken":
        this.#pools.get(message.app)?.setBroken(message.reason);
        return;
      case "drain":
        return this.#drain(message.timeout);
      case "metrics":
        this.#send({
          type: "metrics",
          id: message.id,
          snapshot: snapshot(
            this.#figures,
            this.#pools,
            this.#connections.size,
            this.#observers.metrics.requests,
            message.running,
          ),
        });
        return;
      case "cache":
        this.#send({ type: "cached", id: message.id, report: this.#caches.obey(message.order) });
        return;
      case "upstreams":
        this.#send({ type: "upstreams", id: message.id, ...answerOf(this.#upstreams, message.asked) });
        return;
      case "reopen-logs":
        this.#observers.reopenLogs();
    }
  }

  // Builds everything new before it touches anything old: a configuration that can't be composed changes nothing.
  #configure(id: number, config: Config, secure: Readonly<Record<string, SecureSettings>>): void {
    const logs = this.#observers.draftLogs();
    try {
      const pools = new Map<string, Pool>();
      for (const app of Object.values(config.apps))
        pools.set(app.name, this.#pools.get(app.name) ?? this.#newPool(app, config));
      this.#cache ??= new StaticCache(config.static);
      const parts = {
        pools,
        cache: this.#cache,
        upstreams: this.#upstreams,
        caches: this.#caches,
        limits: this.#limits,
        passwords: this.#passwords,
        log: this.#log,
        logs,
        figures: connectionFigures(this.#connections, this.#listened, () => this.#observers.metrics.requests),
      };
      const handler = compose(config, parts);
      this.#observers.useLogs(logs);
      this.#adopt(config, pools, handler);
      this.#modes = modes(config, secure);
      for (const [key, listener] of this.#listeners) listener.configure(this.#modes.get(key) ?? PLAIN);
      this.#send({ type: "configured", id, error: null });
    } catch (error) {
      logs.discard();
      const user = error instanceof PropylonError && error.kind !== "internal";
      this.#send({ type: "configured", id, error: error instanceof Error ? error.message : String(error), user });
    }
  }

  #adopt(config: Config, pools: ReadonlyMap<string, Pool>, handler: Handler): void {
    for (const [name, pool] of this.#pools) {
      if (pools.has(name)) continue;
      pool.close();
      this.#removed.add(poolFamilies(new Map([[name, pool]])));
      this.#appServers.get(name)?.close();
      this.#appServers.delete(name);
    }
    this.#pools.clear();
    for (const [name, pool] of pools) {
      pool.configure(poolSettings(config.apps[name]!, config));
      this.#pools.set(name, pool);
    }
    this.#cache?.configure(config.static);
    this.#upstreams.configure(config.upstreams);
    this.#caches.configure(config.caches);
    this.#limits.configure(config.rateLimits, config.concurrencyLimits);
    this.#connectionLimit = config.limits.connections;
    this.#clients.configure(config.limits.connectionsPerClient, config.trustedProxies.ranges);
    const limits = { ...config.limits, body: engineBodyLimit(config) };
    this.#http2 = config.limits.http2;
    this.#settings = { limits, timeouts: config.timeouts, serverName: null };
    this.#handler = handler;
  }

  #newPool(app: AppConfig, config: Config): Pool {
    return new Pool(poolSettings(app, config), {
      workerConnected: (worker) => this.#send({ type: "worker-connected", app: app.name, worker }),
      workerIdle: (worker) => this.#send({ type: "worker-idle", app: app.name, worker }),
      workerOverdue: (worker, why) => this.#send({ type: "worker-overdue", app: app.name, worker, why }),
      workerLost: (worker, requests) => this.#send({ type: "worker-lost", app: app.name, worker, requests }),
      warn: (message) => this.#send({ type: "log", level: "warn", message: `app ${app.name}: ${message}` }),
    });
  }

  #listen(key: string, handle: unknown): void {
    const observer: ExchangeObserver = this.#observers;
    const listener = new ClientListener(key, {
      handler: () => (this.#challenges.waiting ? this.#challenges : this.#handler),
      settings: () => this.#settings!,
      http2: () => this.#http2,
      limit: () => this.#connectionLimit,
      clients: this.#clients,
      observer,
      connections: this.#connections,
      counts: this.#listened.listener(key),
    });
    listener.configure(this.#modes.get(key) ?? PLAIN);
    listener.start(handle, (error) => this.#send({ type: "listening", key, error: error.message }));
    this.#listeners.set(key, listener);
    this.#send({ type: "listening", key, error: null });
  }

  #probe({ app, worker, id, path, host }: Extract<ToEdge, { type: "probe" }>): void {
    const answered = (status: number | null): void => this.#send({ type: "probed", app, id, status });
    if (this.#pools.get(app)?.probe(worker, probeRequest(path, host, answered)) !== true) answered(null);
  }

  #acceptWorkers(app: string, handle: unknown): void {
    const server = net.createServer((socket) => {
      const pool = this.#pools.get(app);
      if (pool === undefined) socket.destroy();
      else acceptWorker(socket, pool);
    });
    server.on("error", (error) =>
      this.#send({ type: "log", level: "error", message: `app ${app}: accept workers: ${error.message}` }),
    );
    server.listen(handle as net.ListenOptions);
    this.#appServers.set(app, server);
  }

  #drain(timeout: number): void {
    if (this.#draining) return;
    this.#draining = true;
    for (const listener of this.#listeners.values()) listener.stop();
    for (const connection of this.#connections) connection.shutdown();
    for (const pool of this.#pools.values()) pool.goAway();
    const end = performance.now() + timeout;
    const timer = setInterval(() => {
      if (this.#connections.size > 0 && performance.now() < end) return;
      clearInterval(timer);
      const cut = this.#connections.size;
      for (const connection of this.#connections) connection.destroy();
      if (cut > 0)
        this.#send({ type: "log", level: "warn", message: `${cut} connections were cut after the drain time` });
      // Lets the logs' last lines and this message leave.
      void this.#observers.close().then(() => setImmediate(() => process.exit(0)));
    }, DRAIN_LOOK);
  }
}

/** What is spoken on each listener. */
function modes(config: Config, secure: Readonly<Record<string, SecureSettings>>): ReadonlyMap<string, ListenerMode> {
  return new Map(
    config.listeners.map(({ address, protocol, http2, proxyProtocol }) => [
      address,
      { protocol, http2, secure: secure[address] ?? null, proxyProtocol },
    ]),
  );
}

const PLAIN: ListenerMode = { protocol: "http", http2: true, secure: null, proxyProtocol: null };

function poolSettings(app: AppConfig, config: Config): PoolSettings {
  return {
    name: app.name,
    queueSize: app.queueSize,
    queueTimeout: app.queueTimeout,
    deadline: app.deadline,
    memoryLimit: config.limits.spoolMemory,
    fileLimit: config.limits.spoolFile,
    webSocket: app.webSocket,
  };
}
