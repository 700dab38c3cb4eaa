import type { Pool } from "../app/pool.ts";
import type { Exchange, Handler } from "../http/exchange.ts";
import { ResponseHead } from "../http/response-head.ts";

/** In development: while the app can't be loaded, shows why in the browser, and looks again each second. */
export class BrokenAppPage implements Handler {
  readonly #pool: Pool;
  readonly #next: Handler;

  constructor(pool: Pool, next: Handler) {
    this.#pool = pool;
    this.#next = next;
  }

  handle(exchange: Exchange): void {
    const reason = this.#pool.broken;
    if (reason === null) return this.#next.handle(exchange);
    exchange.app = this.#pool.name;
    exchange.respond(HEAD, Buffer.from(page(this.#pool.name, reason)));
  }
}

const HEAD = new ResponseHead(500, [
  ["Content-Type", "text/html; charset=utf-8"],
  ["Cache-Control", "no-store"],
]);

function page(app: string, reason: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(app)} can't start</title>
<style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 3rem auto; padding: 0 1rem }
h1 { font-size: 1.4rem } pre { overflow: auto; padding: 1rem; border-radius: .5rem; background: #8882; font-size: .85rem }
</style></head>
<body><h1>The app <em>${escapeHtml(app)}</em> can't start</h1>
<pre>${escapeHtml(reason)}</pre>
<p>Save a change and this page shows the app again.</p>
<script>setInterval(() => fetch(location.href, { method: "HEAD" }).then((r) => { if (r.status !== 500) location.reload() }, () => {}), 1000)</script>
</body></html>
`;
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
}
