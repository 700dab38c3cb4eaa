import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

/** The folder of the corpora, or null where it is absent. */
export const corpora: string | null = find();

/** One case of a corpus, as its README describes it; each corpus has some of these fields. */
export interface CorpusCase {
  readonly id: string;
  readonly title?: string;
  readonly type?: string;
  readonly kind?: string;
  readonly level?: string;
  readonly expect: string;
  readonly raw_base64?: string;
  readonly steps_base64?: readonly string[];
  readonly te_header_base64?: string;
  readonly status_sequence?: readonly number[];
  readonly messages_complete?: number;
}

export function corpusCases(name: string): readonly CorpusCase[] {
  return JSON.parse(readFileSync(resolve(corpora!, name, "cases.json"), "utf8")) as CorpusCase[];
}

/** The bytes of a case, latin-1, each step for itself. */
export function steps(one: CorpusCase): string[] {
  const encoded = one.steps_base64 ?? [one.raw_base64 ?? one.te_header_base64 ?? ""];
  return encoded.map((text) => Buffer.from(text, "base64").latin1Slice());
}

/** Gives requests of HTTP/1.1 the Host field that tests of bare parsers leave out. */
export function withHost(raw: string): string {
  const requests = raw.split(/(?<=\r\n\r\n|[A-Z]\r\n(?=[A-Z]+ \/))/);
  return requests.map(addHost).join("");
}

function addHost(request: string): string {
  return /^host[ \t]*:/im.test(request)
    ? request
    : request.replace(/^((?:\r\n)?[A-Z-]+ [^ \r\n]+ HTTP\/1\.1\r\n)/, "$1Host: a\r\n");
}

function find(): string | null {
  const folder = process.env["PROPYLON_CORPORA"] ?? resolve(import.meta.dirname, "../../../shared/corpora");
  return existsSync(folder) ? folder : null;
}
