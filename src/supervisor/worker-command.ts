import type { AppConfig } from "../config/model.ts";
import { launcherCommand, PYTHON_FOLDER } from "../process/launcher.ts";

/** The command line of a worker of this app, or of its forerunner: through the launcher, which brings about user, limits and the rest. */
export function workerCommand(app: AppConfig, python: string, name: string): readonly [string, ...string[]] {
  return launcherCommand(
    python,
    {
      user: app.user,
      group: app.group,
      umask: app.umask,
      directory: app.directory,
      limits: app.limits,
      // As another user much may be out of reach that root reads; as ourselves the import error says it better.
      readable: app.user === null ? [] : whatIsRead(app),
    },
    [python, `${PYTHON_FOLDER}/propylon_worker`, app.name, name],
  );
}

export function workerEnvironment(app: AppConfig, profile: string): Readonly<Record<string, string | undefined>> {
  const profileVariable = profile === "" ? {} : { PROPYLON_PROFILE: profile };
  return { ...process.env, ...profileVariable, ...app.environment };
}

/** What a worker and a forerunner are both told of their app on their control channels (docs/worker-protocol.md). */
export function appSettings(app: AppConfig, profile: string): Readonly<Record<string, unknown>> {
  return {
    app: app.name,
    lanes: app.threads,
    load: app.load,
    factory: app.factory,
    interface: app.interface,
    concurrency: app.concurrency,
    loop: app.loop,
    lifespan: app.lifespan,
    directory: app.directory,
    pythonpath: app.pythonpath,
    tracebacks: app.tracebacks,
    profile,
  };
}

function whatIsRead(app: AppConfig): readonly string[] {
  const script = app.load.kind === "script" ? [app.load.path] : [];
  return [PYTHON_FOLDER, app.directory, ...script, ...app.pythonpath];
}
