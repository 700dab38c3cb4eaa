import type { ForeignSource, ReadContext } from "./reading.ts";

/**
 * The source with the values of the environment in place of what a template's maker would fill in: `{{ name }}` (Jinja and its kin),
 * `__NAME__`, and in Python `${NAME}` (envsubst). What is not set stays as it is. NGINX's and Apache's readers know such placeholders
 * themselves.
 */
export function fillPlaceholders(source: ForeignSource, environment: ReadContext["environment"]): ForeignSource {
  if (source.form !== "file" || source.kind === "nginx" || source.kind === "apache") return source;
  const pattern = source.kind === "gunicorn" && source.path.endsWith(".py") ? OF_PYTHON : PLACEHOLDER;
  if (!source.text.match(pattern)) return source;
  const fill = (written: string, ...names: (string | undefined)[]): string =>
    environment[names.slice(0, 3).find((name) => name !== undefined && name !== "") ?? ""] ?? written;
  return { ...source, text: source.text.replace(pattern, fill) };
}

// --- internal ---

const PLACEHOLDER = /\{\{\s*([A-Za-z_]\w*)\s*\}\}|(?<![\w])__([A-Z][A-Z0-9_]*[A-Z0-9])__(?!\w)/g;
const OF_PYTHON = new RegExp(`${PLACEHOLDER.source}|\\$\\{([A-Za-z_]\\w*)\\}`, "g");
