// The parent site: any program that speaks HTTP. It stands for the Vapor app of a deployment, say.

import http from "node:http";

const port = Number(process.argv[2]);

http
  .createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://blog");
    const found = pathname === "/";
    response.writeHead(found ? 200 : 404, { "Content-Type": "text/html; charset=utf-8" });
    response.end(
      found
        ? `<!doctype html><title>Blog</title><link rel="stylesheet" href="/blog.css"><h1>Blog</h1><p>Seen from ${request.headers["x-forwarded-for"]} at ${request.headers.host}, by process ${process.pid}. <a href="/dash/">Dash</a></p>`
        : "<!doctype html><title>Blog</title><h1>No such page</h1>",
    );
  })
  .listen(port, "127.0.0.1");
