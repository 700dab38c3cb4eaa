/**
 * A pattern of the configuration, ready for text with one character a byte: letters beyond ASCII stand for their UTF-8 bytes,
 * as paths hold them. Throws a SyntaxError for what is no regular expression; `check` has told it before.
 */
export function compilePattern(pattern: string, ignoreCase: boolean): RegExp {
  return new RegExp(Buffer.from(pattern).latin1Slice(), ignoreCase ? "i" : "");
}
