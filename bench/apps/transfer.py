"""Ten megabytes each way: `/down` sends them in pieces of 64 KiB, `/up` reads what it is sent and tells how much it was."""

PIECE = b"0123456789abcde\n" * 4096
PIECES = 160


def app(environ, start_response):
    if environ["PATH_INFO"] == "/down":
        length = len(PIECE) * PIECES
        start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(length))])
        return (PIECE for _ in range(PIECES))
    left = int(environ.get("CONTENT_LENGTH") or 0)
    got = 0
    while left > 0:
        piece = environ["wsgi.input"].read(min(left, 65536))
        if not piece:
            break
        left -= len(piece)
        got += len(piece)
    text = str(got).encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
    return [text]
