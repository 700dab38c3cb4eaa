import type { ConditionConfig } from "../config/condition-model.ts";
import type { Exchange } from "../http/exchange.ts";
import { comparable, parseNetwork } from "../template/networks.ts";
import { compilePattern } from "../template/pattern.ts";
import { setCaptures } from "../template/request-state.ts";
import type { CompiledTemplate } from "../template/template.ts";
import type { FileFacts, FileLooker } from "./file-facts.ts";

export type Condition = (exchange: Exchange) => boolean;

export interface ConditionParts {
  readonly compile: (text: string) => CompiledTemplate;
  readonly files: FileLooker;
}

/** A condition as a function; a `matches` that holds leaves its captures. */
export function compileCondition(config: ConditionConfig, parts: ConditionParts): Condition {
  const holds = compileTest(config, parts);
  return config.not ? (exchange) => !holds(exchange) : holds;
}

// --- internal ---

function compileTest(config: ConditionConfig, { compile, files }: ConditionParts): Condition {
  switch (config.kind) {
    case "true": {
      const value = compile(config.value);
      return (exchange) => !FALSE.has(value.evaluate(exchange));
    }
    case "equals": {
      const value = compile(config.value);
      const to = compile(config.to);
      return (exchange) => value.evaluate(exchange) === to.evaluate(exchange);
    }
    case "matches": {
      const value = compile(config.value);
      const pattern = compilePattern(config.pattern, config.ignoreCase);
      return (exchange) => {
        const match = pattern.exec(value.evaluate(exchange));
        if (match === null) return false;
        if (match.length > 1) setCaptures(exchange, match);
        return true;
      };
    }
    case "client": {
      const networks = config.ranges.map(parseNetwork);
      return (exchange) => {
        const address = comparable(exchange.client.address);
        return networks.some((network) => network.contains(address));
      };
    }
    default: {
      const path = compile(config.path);
      const is = FILE_TESTS[config.kind];
      return (exchange) => is(files.look(path.evaluate(exchange)));
    }
  }
}

const FALSE = new Set(["", "0"]);

const FILE_TESTS: Readonly<Record<"file" | "directory" | "exists" | "executable", (facts: FileFacts) => boolean>> = {
  file: ({ kind }) => kind === "file",
  directory: ({ kind }) => kind === "directory",
  exists: ({ kind }) => kind !== "none",
  executable: ({ executable }) => executable,
};
