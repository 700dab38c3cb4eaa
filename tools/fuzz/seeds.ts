import { corpora, corpusCases, steps, withHost } from "../../test/http/corpora.ts";
import { OWN_CASES } from "../../test/http/own-cases.ts";

/** The messages that mutations begin with: our own cases, and where they are present those of the corpora. */
export function seeds(): string[] {
  const own = OWN_CASES.map(({ message }) => message);
  if (corpora === null) return own;
  const foreign = ["llhttp", "h11", "waitress", "h1spec-plain"].flatMap((name) =>
    corpusCases(name).map((one) => withHost(steps(one).join(""))),
  );
  const lines = corpusCases("smuggler-te-mutations").map(
    (one) => `POST / HTTP/1.1\r\nHost: a\r\n${steps(one)[0]}\r\nContent-Length: 5\r\n\r\n0\r\n\r\n`,
  );
  return [...own, ...foreign, ...lines];
}
