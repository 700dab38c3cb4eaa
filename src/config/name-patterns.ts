import { pattern } from "./kinds.ts";

/** A header field's name or a method: RFC 9110 §5.6.2, token. */
export const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Names of upstreams become hosts in URLs (`http://blog/`) and labels of metrics. */
export const UPSTREAM_NAME = /^[A-Za-z0-9_][\w.-]{0,99}$/;

/** Names of variables, written in templates with braces around them. */
export const VARIABLE_NAME = /^[A-Za-z_]\w{0,99}$/;

/** What a path is compared with is decoded, so it may hold a space; a query is never part of it. */
export const urlPath = pattern("URL path", "/static/ (with a slash in front)", /^\/[^?#\x00-\x1f\x7f]*$/);

export const headerName = pattern("header name", "X-Frame-Options", TOKEN);

/** Where `goto: "@name"` leads; written with or without the `@`. */
export const routeName = pattern("name for a route", "login", /^@?[\w.:-]+$/);
