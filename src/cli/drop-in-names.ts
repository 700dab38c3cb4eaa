const NAMES = ["nginx", "gunicorn", "gunicorn3", "uwsgi", "waitress-serve", "supervisord", "supervisorctl"] as const;

/** A verb that is the name of another program. */
export type DropInName = (typeof NAMES)[number];

export function isDropIn(verb: string | undefined): verb is DropInName {
  return NAMES.some((name) => name === verb);
}
