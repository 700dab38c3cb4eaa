import { parseSize } from "../../base/units.ts";

const TRUE = ["yes", "true", "on", "1"];
const FALSE = ["no", "false", "off", "0"];
const SIGNALS: Readonly<Record<string, string>> = {
  1: "HUP",
  2: "INT",
  3: "QUIT",
  9: "KILL",
  10: "USR1",
  12: "USR2",
  15: "TERM",
};
const KNOWN_SIGNALS = new Set(Object.values(SIGNALS));

/** supervisor's booleans; null: it would refuse this. */
export function readBoolean(text: string): boolean | null {
  const word = text.trim().toLowerCase();
  if (TRUE.includes(word)) return true;
  return FALSE.includes(word) ? false : null;
}

/** A whole number, or null. */
export function readInteger(text: string): number | null {
  return /^\s*[+-]?\d+\s*$/.test(text) ? Number(text) : null;
}

/** Bytes of `50MB`, `1KB`, `1GB` or a plain number (units of 1024), or null. */
export function readBytes(text: string): number | null {
  return /^\s*\d+\s*(?:KB|MB|GB)?\s*$/i.test(text) ? parseSize(text.trim()) : null;
}

/** `0,2` as numbers, or null. */
export function readExitCodes(text: string): readonly number[] | null {
  const codes = text
    .split(",")
    .map((code) => code.trim())
    .filter((code) => code !== "")
    .map(readInteger);
  return codes.every((code) => code !== null && code >= 0 && code <= 255) ? (codes as readonly number[]) : null;
}

/** `TERM` of `TERM`, `sigterm` or `15`; `known` says whether we can send it. */
export function readSignal(text: string): { readonly name: string; readonly known: boolean } {
  const word = text.trim().toUpperCase();
  const name = SIGNALS[word] ?? word.replace(/^SIG/, "");
  return { name, known: KNOWN_SIGNALS.has(name) };
}
