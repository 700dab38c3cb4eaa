"""Changes its environ, as middlewares do."""


def app(environ, start_response):
    seen = "dirty" if "changed" in environ or environ["SERVER_NAME"] == "changed" else "clean"
    environ["changed"] = True
    environ["SERVER_NAME"] = "changed"
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [seen.encode()]
