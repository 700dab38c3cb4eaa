import assert from "node:assert/strict";
import { test } from "node:test";
import type { ProxyConfig } from "../../src/config/proxy-model.ts";
import { talk } from "../http/client.ts";
import { NGINX, startNginx } from "./programs.ts";
import { proxyStage, scripted, targetAt } from "./stage.ts";

const CLOSE = "Connection: close\r\n";
const skip = NGINX === undefined ? "nginx is not installed" : false;

interface Way {
  /** The location, and the URI after `proxy_pass http://up`. */
  readonly location: string;
  readonly uri: string;
  readonly path: ProxyConfig["path"];
}

const WAYS: readonly Way[] = [
  { location: "/plain/", uri: "", path: null },
  { location: "/old/", uri: "/new/", path: { strip: "/old/", to: "/new/" } },
  { location: "/bare", uri: "/", path: { strip: "/bare", to: "/" } },
  { location: "/cut/", uri: "/", path: { strip: "/cut/", to: "/" } },
  { location: "/join/", uri: "/to", path: { strip: "/join/", to: "/to" } },
];

const RESTS = [
  "",
  "a/b",
  "a%20b",
  "%C3%A9/ü".replace("ü", "%C3%BC"),
  "a%3Fb?c=%3F&d",
  "a%25b",
  "a+b;c=d,e",
  "a/../b",
  "a/./b/",
  "?x",
  "%7Ea",
  "a@b:c",
];

test("targets of proxy_pass are those that nginx makes", { skip }, async () => {
  await using target = await scripted((socket) => socket.end("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"));
  const locations = WAYS.map(({ location, uri }) => `location ${location} { proxy_pass http://up${uri}; }`).join("\n");
  await using nginx = await startNginx(locations, { http: `upstream up { server 127.0.0.1:${target.port}; }` });
  const sent = async (port: number, request: string): Promise<string> => {
    await talk(port, [`GET ${request} HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`], { end: false });
    return target.received.at(-1)!.split(" ")[1]!;
  };
  for (const way of WAYS) {
    await using front = await proxyStage({ targets: [targetAt(target.port)], proxy: { path: way.path } });
    for (const rest of RESTS) {
      const request = way.location + rest;
      // Steps lead out of this location: NGINX has no other, and asks nobody.
      if (request === "/barea/../b") continue;
      // NGINX passes steps on as they came where its proxy_pass has no URI; here they are taken.
      const theirs = await sent(nginx.port, request);
      const wanted = way.path === null ? new URL(theirs, "http://up").href.slice("http://up".length) : theirs;
      assert.equal(decoded(await sent(front.port, request)), decoded(wanted), request);
    }
  }
});

/** Both may encode more or less than they must; what it means is the same. A `%2F` or `%3F` stays what it is. */
function decoded(target: string): string {
  return target.replace(/%([0-9a-f]{2})/gi, (whole, digits: string) => {
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    return /[?#%/\s]/.test(character) ? whole.toUpperCase() : character;
  });
}

const FIELDS = [
  "Location: http://up/new/a?b=c",
  "Location: http://up/other",
  "Location: /new/a",
  "Location: https://up/new/a",
  "Refresh: 3; url=http://up/new/a",
  "Set-Cookie: a=b; path=/in/x; HttpOnly",
  "Set-Cookie: a=b; Domain=.in.example; Path=/",
  "Set-Cookie: a=b",
];

test("Location, Refresh and cookies are rewritten as nginx rewrites them", { skip }, async () => {
  let answer = "";
  await using target = await scripted((socket) =>
    socket.end(`HTTP/1.1 302 Found\r\nConnection: close\r\n${answer}\r\n\r\n`),
  );
  const cookies = "proxy_cookie_path /in/ /out/; proxy_cookie_domain in.example out.example;";
  await using nginx = await startNginx(
    `absolute_redirect off; location /old/ { proxy_pass http://up/new/; ${cookies} }`,
    {
      http: `upstream up { server 127.0.0.1:${target.port}; }`,
    },
  );
  await using front = await proxyStage({
    targets: [targetAt(target.port)],
    proxy: {
      path: { strip: "/old/", to: "/new/" },
      cookiePaths: [{ from: "/in/", to: "/out/" }],
      cookieDomains: [{ from: "in.example", to: "out.example" }],
    },
  });
  for (answer of FIELDS) {
    const got = async (port: number) => {
      const { responses } = await talk(port, [`GET /old/x HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`], { end: false });
      return responses[0]!.headers.find(([name]) => answer.toLowerCase().startsWith(name))?.[1];
    };
    assert.equal(await got(front.port), await got(nginx.port), answer);
  }
});
