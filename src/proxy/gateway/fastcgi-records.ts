/** Record types of FastCGI 1.0 that a responder and its front use. */
export const BEGIN_REQUEST = 1;
export const END_REQUEST = 3;
export const PARAMS = 4;
export const STDIN = 5;
export const STDOUT = 6;
export const STDERR = 7;

export const VERSION = 1;
export const RECORD_HEAD = 8;
/** The one request on a connection; 0 means the connection itself. */
export const REQUEST_ID = 1;

/** The eight bytes before a record's content. */
export function recordHead(type: number, length: number, padding: number): Buffer {
  return Buffer.from([VERSION, type, 0, REQUEST_ID, length >> 8, length & 0xff, padding, 0]);
}
