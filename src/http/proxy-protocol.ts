import { isIP } from "node:net";
import { canonicalAddress } from "./canonical-address.ts";

/** What a PROXY protocol header says of a connection (haproxy.org, "The PROXY protocol", versions 1 and 2). */
export interface ProxiedConnection {
  readonly address: string;
  readonly port: number;
  readonly localAddress: string;
  readonly localPort: number;
  /** The proxy spoke TLS with the client (version 2, PP2_TYPE_SSL). */
  readonly secure: boolean;
}

/**
 * The header at the beginning of what came: `incomplete`; `malformed`; or its length, and what it says. `connection` null: the
 * proxy speaks for itself (LOCAL, UNKNOWN and families without addresses), as its health checks do.
 */
export type ProxyHeader =
  | "incomplete"
  | "malformed"
  | { readonly length: number; readonly connection: ProxiedConnection | null };

/** "The longest possible line", CRLF included. */
const LONGEST_LINE = 107;
const SIGNATURE = Buffer.from("\r\n\r\n\0\r\nQUIT\n", "latin1");
/** Addresses and type-length-values of version 2; a proxy's are some hundred bytes. */
const LONGEST_BLOCK = 4096;

export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  const known = Math.min(bytes.length, SIGNATURE.length);
  if (bytes.subarray(0, known).equals(SIGNATURE.subarray(0, known)))
    return bytes.length < 16 ? "incomplete" : parseBinary(bytes);
  const start = bytes.latin1Slice(0, Math.min(bytes.length, 6));
  if (!"PROXY ".startsWith(start)) return "malformed";
  const line = bytes.latin1Slice(0, Math.min(bytes.length, LONGEST_LINE));
  const end = line.indexOf("\r\n");
  if (end < 0) return line.length >= LONGEST_LINE ? "malformed" : "incomplete";
  return parseLine(line.slice(0, end), end + 2);
}

// --- internal ---

const LINE = /^PROXY TCP([46]) ([0-9A-Fa-f:.]{2,39}) ([0-9A-Fa-f:.]{2,39}) (\d{1,5}) (\d{1,5})$/;

function parseLine(line: string, length: number): ProxyHeader {
  if (/^PROXY UNKNOWN(?: [\x20-\x7e]*)?$/.test(line)) return { length, connection: null };
  const match = LINE.exec(line);
  if (match === null) return "malformed";
  const [, family, address, localAddress, port, localPort] = match;
  const is = (text: string): boolean => isIP(text) === Number(family);
  const inRange = (text: string): boolean => Number(text) <= 65535 && (text === "0" || !text.startsWith("0"));
  if (!is(address!) || !is(localAddress!) || !inRange(port!) || !inRange(localPort!)) return "malformed";
  const connection = {
    address: canonicalAddress(address!),
    port: Number(port),
    localAddress: canonicalAddress(localAddress!),
    localPort: Number(localPort),
    secure: false,
  };
  return { length, connection };
}

function parseBinary(bytes: Buffer): ProxyHeader {
  const version = bytes[12]! >> 4;
  const command = bytes[12]! & 15;
  const size = bytes.readUInt16BE(14);
  if (version !== 2 || command > 1 || size > LONGEST_BLOCK) return "malformed";
  const length = 16 + size;
  if (bytes.length < length) return "incomplete";
  const family = bytes[13]! >> 4;
  const transport = bytes[13]! & 15;
  if (family > 3 || transport > 2) return "malformed";
  if (command === 0 || transport !== 1 || family === 0 || family === 3) return { length, connection: null };
  const width = family === 1 ? 4 : 16;
  if (size < 2 * width + 4) return "malformed";
  const text = family === 1 ? ipv4 : ipv6;
  const secure = secureIn(bytes.subarray(16 + 2 * width + 4, length));
  if (secure === null) return "malformed";
  const connection = {
    address: canonicalAddress(text(bytes, 16)),
    port: bytes.readUInt16BE(16 + 2 * width),
    localAddress: canonicalAddress(text(bytes, 16 + width)),
    localPort: bytes.readUInt16BE(16 + 2 * width + 2),
    secure,
  };
  return { length, connection };
}

const TYPE_SSL = 0x20;
const CLIENT_SSL = 0x01;

/** Whether a type-length-value says that the client spoke TLS; null: they are cut short. */
function secureIn(values: Buffer): boolean | null {
  let secure = false;
  let at = 0;
  while (at < values.length) {
    if (at + 3 > values.length) return null;
    const size = values.readUInt16BE(at + 1);
    if (at + 3 + size > values.length) return null;
    if (values[at] === TYPE_SSL && size >= 5) secure = (values[at + 3]! & CLIENT_SSL) !== 0;
    at += 3 + size;
  }
  return secure;
}

function ipv4(bytes: Buffer, at: number): string {
  return [...bytes.subarray(at, at + 4)].join(".");
}

function ipv6(bytes: Buffer, at: number): string {
  const groups = Array.from({ length: 8 }, (_, i) => bytes.readUInt16BE(at + 2 * i));
  return groups.map((group) => group.toString(16)).join(":");
}
