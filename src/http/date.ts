let second = -1;
let text = "";

/** The Date field's line with its CRLF (RFC 9110 §6.6.1), made anew once a second: the same string object until then. */
export function dateLine(): string {
  const now = Date.now();
  const current = Math.floor(now / 1000);
  if (current !== second) {
    second = current;
    text = `Date: ${new Date(now).toUTCString()}\r\n`;
  }
  return text;
}
