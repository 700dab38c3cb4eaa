import type { MetricFamily } from "../metrics/family.ts";
import type { ProgramInstance } from "./program-instance.ts";

type Value = (instance: ProgramInstance) => number | null;

/** The families of all programs: a few series for each instance, whatever it does. */
export function programFamilies(
  instances: readonly ProgramInstance[],
  memory: (pid: number | null) => number | null,
): MetricFamily[] {
  if (instances.length === 0) return [];
  const family = (type: "counter" | "gauge", name: string, help: string, value: Value): MetricFamily => ({
    name,
    help,
    type,
    samples: instances.flatMap((instance) => {
      const number = value(instance);
      return number === null ? [] : [{ name, labels: labelsOf(instance), value: number }];
    }),
  });
  return [
    family("gauge", "propylon_program_up", "1 while an instance of a program runs.", ({ state }) =>
      state === "running" ? 1 : 0,
    ),
    states(instances),
    family("gauge", "propylon_program_healthy", "1 while its last health check has passed.", ({ health }) =>
      health === null ? null : health === "healthy" ? 1 : 0,
    ),
    family(
      "counter",
      "propylon_program_restarts_total",
      "Starts of a program that nobody asked for.",
      (one) => one.counters().restarts,
    ),
    family(
      "gauge",
      "propylon_program_start_time_seconds",
      "When its process was started, seconds since 1970.",
      ({ started, pid }) => (started === null || pid === null ? null : started.getTime() / 1000),
    ),
    family("gauge", "propylon_program_last_exit_code", "Exit code of its last process; -N: ended by signal N.", (one) =>
      one.lastExitCode(),
    ),
    family("gauge", "propylon_program_resident_memory_bytes", "Resident memory of its process.", ({ pid }) =>
      memory(pid),
    ),
    family(
      "counter",
      "propylon_program_cpu_seconds_total",
      "CPU time of its processes and of their children that have ended, as far as it was seen.",
      (one) => one.counters().cpu,
    ),
    family(
      "counter",
      "propylon_program_output_dropped_lines_total",
      "Lines of its output that could not be written.",
      (one) => one.counters().lost,
    ),
  ];
}

/** How many instances are in which state: as many series as there are, since each is in one. */
function states(instances: readonly ProgramInstance[]): MetricFamily {
  const name = "propylon_program_state";
  return {
    name,
    help: "1 for the state that an instance of a program is in.",
    type: "gauge",
    samples: instances.map((instance) => ({
      name,
      labels: { ...labelsOf(instance), state: instance.state },
      value: 1,
    })),
  };
}

function labelsOf({ config, number }: ProgramInstance): Readonly<Record<string, string>> {
  return { program: config.name, number: String(number) };
}
