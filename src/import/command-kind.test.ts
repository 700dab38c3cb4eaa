import assert from "node:assert/strict";
import { test } from "node:test";
import { serverCommand } from "./command-kind.ts";

for (const [command, words] of [
  ["poetry run gunicorn app:app", ["app:app"]],
  ["pipenv --python /usr/bin/python3 run gunicorn app:app", ["app:app"]],
  ["uv run --frozen --no-dev gunicorn -w 2 app:app", ["-w", "2", "app:app"]],
  ["/root/.local/bin/uv run --python 3.12 -- gunicorn app:app", ["app:app"]],
  ["env A=1 exec gunicorn app:app", ["app:app"]],
  ["uv run --env-file .env gunicorn app:app", null],
  ["uv run python manage.py", null],
  ["poetry install gunicorn", null],
  ["newrelic-admin run-program gunicorn app:app", null],
  ["uv run", null],
] as const)
  test(`\`${command}\` ${words === null ? "starts no server that we stand in for" : "starts gunicorn"}`, () => {
    const found = serverCommand(command.split(" "));
    assert.deepEqual(found?.words ?? null, words);
  });
