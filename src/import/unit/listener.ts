import { join } from "node:path";
import { approximated, ignored, type Ledger, mapped, type Outcome, undecided } from "../ledger.ts";
import type { ReadContext } from "../reading.ts";
import type { Plain } from "../tree.ts";
import type { JsonNode } from "./json.ts";

/** What one of Unit's listeners becomes: keys of our listener and of its site. */
export interface ListenerDraft {
  readonly listener: Plain;
  readonly site: Plain;
}

/**
 * Reads what stands beside `pass` in a listener. Unit keeps certificates by name: a bundle of certificates and key, which is looked
 * for beside the configuration and where Unit keeps its own.
 */
export function readListener(
  node: JsonNode,
  at: string,
  base: string,
  context: ReadContext,
  ledger: Ledger,
): ListenerDraft {
  const draft: ListenerDraft = { listener: {}, site: {} };
  for (const [key, child] of node.entries) {
    const say = (name: string, place: JsonNode, outcome: Outcome): void =>
      ledger.say(place.place, `${at}.${key}${name}`, outcome);
    if (key === "pass") say("", child, mapped());
    else if (key === "tls") readTls(child, base, context, draft, say);
    else if (key === "forwarded" || key === "client_ip") readTrust(key, child, draft, say);
    else if (key === "backlog") say("", child, approximated("it is the largest that the system allows"));
    else say("", child, undecided("it is no option that we know"));
  }
  return draft;
}

// --- internal ---

type Say = (name: string, node: JsonNode, outcome: Outcome) => void;

/** Folders in which Unit keeps its certificates, by how it was installed. */
const STATES = [
  "/var/lib/unit/certs",
  "/var/lib/unit/state/certs",
  "/usr/local/var/lib/unit/certs",
  "/opt/unit/state/certs",
];

function readTls(node: JsonNode, base: string, context: ReadContext, { listener }: ListenerDraft, say: Say): void {
  say("", node, mapped());
  for (const [key, child] of node.entries) {
    if (key === "certificate") {
      const names = (child.items.length > 0 ? child.items : [child]).map((item) => String(item.value));
      const found = names.map((name) => bundleOf(name, base, context));
      const files = found.map((file, index) => file ?? join(base, `${names[index]}.pem`));
      const bundles = files.map((file) => ({ certificate: file, key: file }));
      listener["tls"] = bundles.length === 1 ? bundles[0] : { certificates: bundles };
      const missing = files.filter((_, index) => found[index] === null);
      say(
        ".certificate",
        child,
        missing.length === 0
          ? mapped(`it is ${files.join(", ")}`)
          : undecided(
              `Unit keeps its certificates itself: put the bundle at ${missing.join(", ")}, or name the files in \`tls\``,
            ),
      );
    } else if (key === "session")
      say(".session", child, approximated("sessions are resumed as our own listeners do it"));
    else
      say(
        `.${key}`,
        child,
        undecided("what of it is wanted is for `minimum` and `ciphers` of the listener's `tls` to say"),
      );
  }
}

/** Certificates and key in one file, under the name that they were uploaded by. */
function bundleOf(name: string, base: string, context: ReadContext): string | null {
  const folders = [base, join(base, "certs"), "/docker-entrypoint.d", ...STATES];
  const files = folders.flatMap((folder) => [join(folder, `${name}.pem`), join(folder, name)]);
  return files.find((file) => context.isFile(file)) ?? null;
}

/** `forwarded` and, as it was called before, `client_ip` with a `header`. */
function readTrust(key: string, node: JsonNode, { site }: ListenerDraft, say: Say): void {
  const child = (name: string): JsonNode | undefined => node.entries.get(name);
  const address = child(key === "client_ip" ? "header" : "client_ip");
  const protocol = child("protocol");
  const source = child("source");
  const sources =
    source === undefined ? [] : (source.items.length > 0 ? source.items : [source]).map((item) => String(item.value));
  const outcome = sources.some((range) => /^!|:\*$|:\d+$|-/.test(range.replace(/^\[[^\]]*\]/, "")))
    ? undecided("only addresses and networks are taken: write `from` of `trusted_proxies`")
    : mapped("it is `from` of `trusted_proxies`");
  say("", node, mapped("it is `trusted_proxies` of the site"));
  for (const [name, entry] of node.entries)
    say(
      `.${name}`,
      entry,
      name === "source"
        ? outcome
        : /^(?:header|client_ip|protocol|recursive)$/.test(name)
          ? name === "protocol" && !/^x-forwarded-proto$/i.test(String(entry.value))
            ? undecided("only X-Forwarded-Proto says the scheme: write `secure_fields` of `trusted_proxies`")
            : mapped()
          : ignored("Unit knows no such option"),
    );
  if (outcome.verdict !== "mapped") return;
  const take = [...(address === undefined ? [] : ["address"]), ...(protocol === undefined ? [] : ["scheme"])];
  site["trusted_proxies"] = {
    from: sources,
    take,
    fields: "x-forwarded",
    ...(address === undefined ? {} : { address_field: String(address.value) }),
    recursive: child("recursive")?.value === true,
    strip: false,
  };
}
