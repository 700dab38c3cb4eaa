import assert from "node:assert/strict";
import { test } from "node:test";
import { topLevelBindings } from "./python-source.ts";

/** `name:line:kind:value` of each. */
function read(source: string): string[] {
  return topLevelBindings(source).map(({ name, line, kind, value }) => `${name}:${line}:${kind}:${value}`);
}

const CASES: readonly [promise: string, source: string, expected: readonly string[]][] = [
  ["an assignment binds its name", "app = Flask(__name__)\n", ["app:1:assigned:Flask(__name__)"]],
  ["an annotated assignment binds its name", "app: Flask = make()\n", ["app:1:assigned:make()"]],
  [
    "a chained assignment binds each",
    "app = application = f()\n",
    ["app:1:assigned:f()", "application:1:assigned:f()"],
  ],
  ["a comparison, an attribute and a call bind nothing", "app == 1\napp.x = 2\nrun(app=3)\n", []],
  [
    "an import binds its names",
    "from shop import app as application, db\n",
    ["application:1:imported:shop:app", "db:1:imported:shop:db"],
  ],
  [
    "an import over several lines is one statement",
    "from shop import (\n    app,\n)\nx = 1\n",
    ["app:1:imported:shop:app", "x:4:assigned:1"],
  ],
  [
    "a call over several lines is one statement",
    "app = Flask(\n  name,\n  app = 2,\n)\n",
    ["app:1:assigned:Flask( name, app = 2, )"],
  ],
  ["what stands in a docstring binds nothing", "\"\"\"\napp = Flask()\n\"\"\"\n'''\nserver = 1\n'''\n", []],
  [
    "what stands in a comment binds nothing, an apostrophe there least of all",
    "# don't\n# app = 1\nx = 1  # it's\n",
    ["x:3:assigned:1"],
  ],
  ["brackets in strings and comments carry no line on", "a = '('  # (\nb = 1\n", ['a:1:assigned:"', "b:2:assigned:1"]],
  [
    "functions and classes hide what is inside",
    "def f():\n    app = 1\nclass C:\n    app = 2\n",
    ["f:1:function:", "C:3:class:"],
  ],
  [
    "blocks of the module show what is inside",
    "try:\n    app = 1\nexcept E:\n    app = 2\nif x:\n    if y:\n        z = 3\n",
    ["app:2:assigned:1", "app:4:assigned:2", "z:7:assigned:3"],
  ],
  [
    "functions inside of blocks hide what is inside",
    "try:\n    def f():\n        app = 1\n    b = 2\nexcept E: pass\n",
    ["f:2:function:", "b:4:assigned:2"],
  ],
  [
    "what runs as a program only is hidden, what follows is not",
    'if __name__ == "__main__":\n    app = 1\nb = 2\n',
    ["b:3:assigned:2"],
  ],
  [
    "a module that does not compile is read as well",
    "app = Flask(\ndef view(:\n  return (\nimport x\nb = 2\n",
    ["app:1:assigned:Flask(", "view:2:function:", "b:5:assigned:2"],
  ],
  ["line ends of other systems count as one", "x = 1\r\napp = 2\r\n", ["x:1:assigned:1", "app:2:assigned:2"]],
];

for (const [promise, source, expected] of CASES) test(promise, () => assert.deepEqual(read(source), expected));

test("the parameters that a call must give are told from the others", () => {
  const required = (signature: string) => topLevelBindings(`def f(${signature}:\n    pass\n`)[0]!.required;
  assert.deepEqual(required(")"), []);
  assert.deepEqual(required("config=None, *args, **options)"), []);
  assert.deepEqual(required("config: dict[str, int], debug=False) -> Flask"), ["config"]);
  assert.deepEqual(required("a, /, b=(1, 2), *, c)"), ["a", "c"]);
});
