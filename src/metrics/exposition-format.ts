/** Prometheus text format 0.0.4, or OpenMetrics 1.0.0. */
export type ExpositionFormat = "text" | "openmetrics";

/** The Content-Type of an exposition. */
export const EXPOSITION_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  text: "text/plain; version=0.0.4; charset=utf-8",
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
};

/**
 * The format for an Accept field (RFC 9110 §12.5.1): OpenMetrics for who asks for its version 1 by name and does not like the text
 * format better; the text format for everyone else, browsers and `curl` included.
 */
export function chooseFormat(accept: string | undefined): ExpositionFormat {
  if (accept === undefined) return "text";
  let openMetrics = 0;
  let text = 0;
  for (const range of accept.split(",")) {
    const [type, ...parameters] = range.split(";").map((part) => part.trim().toLowerCase());
    const values = new Map(parameters.map((parameter) => pairOf(parameter)));
    const q = qualityOf(values.get("q"));
    const version = values.get("version");
    if (type === "application/openmetrics-text") {
      if (version === undefined || version.startsWith("1.")) openMetrics = Math.max(openMetrics, q);
    } else if (type === "text/plain" && (version === undefined || version === "0.0.4")) text = Math.max(text, q);
  }
  return openMetrics > 0 && openMetrics >= text ? "openmetrics" : "text";
}

// --- internal ---

function pairOf(parameter: string): readonly [string, string] {
  const at = parameter.indexOf("=");
  if (at < 0) return [parameter, ""];
  return [parameter.slice(0, at).trim(), parameter.slice(at + 1).replace(/^\s*"?|"?\s*$/g, "")];
}

function qualityOf(text: string | undefined): number {
  const q = text === undefined ? 1 : Number(text);
  return q >= 0 && q <= 1 ? q : 0;
}
