/**
 * `node:http` as `require` gives it. An import statement reads every export, WebSocket's getter among them, and so loads Node's whole
 * fetch: 11 MB and 60 ms that a main which serves for months, or `propylon status`, has no use for.
 */
export const http = process.getBuiltinModule("node:http");
