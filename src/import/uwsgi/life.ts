import { approximated, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Plain } from "../tree.ts";

/** When workers are replaced and the app is reloaded, as an instance says it. */
export interface Life {
  requests: number | null;
  /** Seconds. */
  age: number | null;
  /** MB of resident memory. */
  memory: number | null;
  oneByOne: boolean;
  readonly touch: string[];
}

export const newLife = (): Life => ({ requests: null, age: null, memory: null, oneByOne: false, touch: [] });

interface Living {
  readonly life: Life;
}

type Limit = "requests" | "age" | "memory";

const LOOKED_AT = "looked at each second at least, less up to 10 % for each worker";
const GENTLE = "the worker finishes what it runs and is not killed in the midst of it";
const FOLDER = "a touch replaces the workers when the new ones are ready, and keeps the old ones when they are not";

/** The options that say so. */
export const LIFE: Readonly<Record<string, (value: string, instance: Living) => Outcome>> = {
  "max-requests": limit("requests", mapped(`it is \`recycle.requests\`, ${LOOKED_AT}`)),
  "max-requests-delta": () => approximated("`recycle.jitter` spreads them: 10 % unless you say otherwise"),
  "max-worker-lifetime": limit("age", mapped(`it is \`recycle.age\`, less up to 10 % for each worker`)),
  "max-worker-lifetime-delta": () => approximated("`recycle.jitter` spreads them: 10 % unless you say otherwise"),
  "min-worker-lifetime": () =>
    approximated("a worker is replaced as soon as it reaches a limit; each is at least a second old"),
  "reload-on-rss": limit("memory", mapped(`it is \`recycle.memory\`, ${LOOKED_AT}`)),
  "evil-reload-on-rss": limit("memory", approximated(`it is \`recycle.memory\`; ${GENTLE}`)),
  "touch-reload": touch(mapped(`it is \`touch_reload\`: ${FOLDER}`)),
  "touch-workers-reload": touch(mapped(`it is \`touch_reload\`: ${FOLDER}`)),
  "touch-chain-reload": (value, instance) => {
    instance.life.oneByOne = true;
    instance.life.touch.push(value);
    return mapped("it is `touch_reload` with `reload_mode: one-by-one`");
  },
};

/** The settings of the app. */
export function lifeSettings({ life }: Living, path: (written: string) => string): Plain {
  const recycle = {
    ...(life.requests === null ? {} : { requests: life.requests }),
    ...(life.age === null ? {} : { age: `${life.age}s` }),
    ...(life.memory === null ? {} : { memory: `${life.memory}MB` }),
  };
  return {
    ...(Object.keys(recycle).length === 0 ? {} : { recycle }),
    ...(life.oneByOne ? { reload_mode: "one-by-one" } : {}),
    ...(life.touch.length === 0 ? {} : { touch_reload: [...new Set(life.touch.map(path))] }),
  };
}

/** 0 is uWSGI's word for never; of two limits the lower one counts. */
function limit(name: Limit, outcome: Outcome): (value: string, instance: Living) => Outcome {
  return (value, { life }) => {
    // As C's atoi reads it: what follows the digits is passed over.
    const number = Number.parseInt(value, 10);
    if (Number.isNaN(number) || number < 0) return undecided(`"${value}" is no number`);
    if (number === 0) return mapped("it is off");
    life[name] = Math.min(life[name] ?? number, number);
    return outcome;
  };
}

function touch(outcome: Outcome): (value: string, instance: Living) => Outcome {
  return (value, { life }) => {
    if (value === "") return undecided("it names no file");
    life.touch.push(value);
    return outcome;
  };
}
