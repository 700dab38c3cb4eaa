"""The connection scope of ASGI 3: what repeats from exchange to exchange, and what is of one ("HTTP Connection Scope", "WebSocket Connection Scope")."""

from urllib.parse import quote_from_bytes, unquote_to_bytes

#: The version of the HTTP & WebSocket message specification that we keep to. With 2.3 frameworks watch receive() for a client
#: that leaves while they stream; with 2.4 they would learn it from their next send() only.
ASGI = {"version": "3.0", "spec_version": "2.3"}
_KNOWN = frozenset(("SERVER_PROTOCOL", "SERVER_NAME", "SERVER_PORT", "SCRIPT_NAME", "wsgi.url_scheme", "HTTPS"))
_VERSIONS = {"HTTP/1.0": "1.0", "HTTP/1.1": "1.1", "HTTP/2.0": "2"}
_TRAILERS = "http.response.trailers"
_DENIAL = "websocket.http.response"


class ScopeBlock:
    """What a REQUEST's block says, ready to be copied."""

    __slots__ = ("_template", "_headers", "_root", "_extra", "_state")

    def __init__(self, block, state):
        parts = block.split(b"\0")
        variables = {}
        at = 0
        while at < len(parts) and parts[at]:
            variables[parts[at].decode("latin-1")] = parts[at + 1].decode("latin-1")
            at += 2
        self._headers = list(zip(parts[at + 2 :: 2], parts[at + 3 :: 2]))
        self._root = variables["SCRIPT_NAME"].encode("latin-1")
        self._state = state
        extra = {key: value for key, value in variables.items() if key not in _KNOWN}
        self._extra = {"propylon.environ": {"environ": extra}} if extra else {}
        port = variables["SERVER_PORT"]
        self._template = {
            "type": "http",
            "http_version": _VERSIONS.get(variables["SERVER_PROTOCOL"], "1.1"),
            "server": (variables["SERVER_NAME"], int(port) if port.isdigit() and port != "0" else None),
            "scheme": variables["wsgi.url_scheme"],
            "root_path": self._root.decode("utf-8", "replace"),
        }

    def http(self, head):
        """The scope of one request with this head (docs/worker-protocol.md)."""
        method, path, query, address, port, target = head.split(b"\0")
        scope = self._template.copy()
        scope["asgi"] = ASGI.copy()
        scope["method"] = method.decode("latin-1").upper()
        if self._root:
            path = self._root + path
        scope["path"] = path.decode("utf-8", "replace")
        scope["raw_path"] = _raw(target, path)
        scope["query_string"] = query
        scope["client"] = (address.decode("latin-1"), int(port or 0)) if address else None
        scope["headers"] = self._headers.copy()  # an app may add to it
        scope["extensions"] = {_TRAILERS: {}, **self._extra} if self._extra else {_TRAILERS: {}}
        if self._state is not None:
            scope["state"] = self._state.copy()
        return scope

    def websocket(self, head):
        """The scope of a request that asks for a WebSocket."""
        scope = self.http(head)
        del scope["method"]
        scope["type"] = "websocket"
        scope["scheme"] = "wss" if scope["scheme"] == "https" else "ws"
        offered = b",".join(value for name, value in self._headers if name == b"sec-websocket-protocol").decode("latin-1")
        scope["subprotocols"] = [name.strip() for name in offered.split(",") if name.strip()]
        scope["extensions"] = {_DENIAL: {}, **self._extra}
        return scope


def _raw(target, path):
    """The path as the client wrote it; where a rule has put another in its place, that one, encoded."""
    if not target:
        return path
    raw = target.partition(b"?")[0]
    return raw if unquote_to_bytes(raw) == path else quote_from_bytes(path).encode("ascii")
