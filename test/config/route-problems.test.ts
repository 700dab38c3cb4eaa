import { refuses } from "./refuses.ts";

refuses({
  "a location that the schema refused, without an echo": [
    "sites: [{order: nginx, routes: [{prefix: /, respond: x}, {prefix: a, respond: x}]}]",
    ['1:67: sites[0].routes[1].prefix: expected a URL path such as /static/ (with a slash in front), got "a"'],
  ],
  "a variable that nothing resembles": [
    'sites: [{routes: [{respond: "{zzzzzz}"}]}]',
    ["1:29: sites[0].routes[0].respond: there is no variable {zzzzzz}\n  write {{zzzzzz}} for the text {zzzzzz}"],
  ],
  "a capture without a regex": [
    'sites: [{routes: [{path: /a, respond: "{1}"}]}]',
    [
      "1:39: sites[0].routes[0].respond: no regular expression gives {1} a value\n  use a group (...) of a regex, or write {{1}} for the text {1}",
    ],
  ],
  "a capture too many": [
    'sites: [{routes: [{regex: "^/(a)", respond: "{2}"}]}]',
    [
      "1:45: sites[0].routes[0].respond: there is no capture {2}: the regular expressions have 1 group at most\n  use a group (...) of a regex, or write {{2}} for the text {2}",
    ],
  ],
  "a variable in a header": [
    'sites: [{routes: [{respond: x, response_headers: {set: {X: "{nope}"}}}]}]',
    [
      "1:60: sites[0].routes[0].response_headers.set.X: there is no variable {nope}\n  write {{nope}} for the text {nope}",
    ],
  ],
  "a group that hides a variable": [
    'sites: [{routes: [{regex: "(?<host>a)", respond: x}]}]',
    [
      '1:27: sites[0].routes[0].regex: the group "host" would hide the request\'s own variable {host}\n  give the group another name',
    ],
  ],
  "a goto to a missing name": [
    'sites: [{routes: [{name: login, goto: "@logn"}]}]',
    ['1:39: sites[0].routes[0].goto: there is no route named "logn" in this site\n  did you mean "login"?'],
  ],
  "a goto without its @": [
    "sites: [{routes: [{name: login, goto: login}]}]",
    [
      '1:39: sites[0].routes[0].goto: "login" is neither a path nor the name of a route\n  write "@login" for the route of that name',
    ],
  ],
  "an error page that is a missing route": [
    "sites: [{errors: {403: {route: x}}, routes: [{respond: x}]}]",
    ['1:32: sites[0].errors.403.route: there is no route named "x" in this site\n  no route of this site has a name'],
  ],
  "an error page that is not there": [
    "sites: [{errors: {404: /404.html}, routes: [{respond: x}]}]",
    ["1:24: sites[0].errors.404: there is no file /404.html\n  for a path of the site write {path: /404.html}"],
  ],
  "an error page that is a URL": [
    "sites: [{errors: {404: 'https://a/'}, routes: [{respond: x}]}]",
    ['1:24: sites[0].errors.404: "https://a/" is a URL, not a file\n  write {redirect: "https://a/"}'],
  ],
  "an error page that is a route": [
    "sites: [{errors: {404: '@a'}, routes: [{respond: x}]}]",
    ['1:24: sites[0].errors.404: "@a" is a route, not a file\n  write {route: a}'],
  ],
  "an error page with two answers": [
    "sites: [{errors: {404: {path: /a, redirect: /b}}, routes: [{respond: x}]}]",
    [
      "1:19: sites[0].errors.404: path and redirect exclude each other\n  give it one of file, path, route and redirect",
    ],
  ],
  "a status with two answers": [
    "sites: [{errors: {404: {path: /a}, '403 404': {path: /b}}, routes: [{respond: x}]}]",
    ['1:36: sites[0].errors."403 404": 404 has two answers'],
  ],
  "a status that is no error": [
    "sites: [{errors: {200: {path: /a}}, routes: [{respond: x}]}]",
    [
      '1:19: sites[0].errors.200: "200" is not a status such as 404, a class such as 5xx, or several with spaces between',
    ],
  ],
  "a name given twice": [
    "sites: [{routes: [{name: a, path: /a, respond: x}, {name: '@a', respond: x}]}]",
    ['1:59: sites[0].routes[1].name: the name "a" is given twice\n  the first is at propylon.yaml:1:26'],
  ],
  "a hidden route without a name": [
    "sites: [{routes: [{named_only: true, respond: x}]}]",
    ["1:20: sites[0].routes[0].named_only: the route has no name to be found by\n  give it a name"],
  ],
  "a hidden route with a path": [
    "sites: [{routes: [{named_only: true, name: a, path: /a, respond: x}]}]",
    ["1:20: sites[0].routes[0].named_only: a route that is found by its name alone has no path"],
  ],
  "final in the written order": [
    "sites: [{routes: [{prefix: /a, final: true, respond: x}]}]",
    [
      "1:32: sites[0].routes[0].final: only a prefix with order: nginx can be final\n  put the route before those with a regex",
    ],
  ],
  "nested routes in the written order": [
    "sites: [{routes: [{path: /a, respond: x, routes: [{respond: y}]}]}]",
    [
      "1:42: sites[0].routes[0].routes: routes in routes are for order: nginx\n  write them beside this one, the narrower first",
    ],
  ],
  "ignore_case without a regex": [
    "sites: [{routes: [{path: /a, ignore_case: true, respond: x}]}]",
    ["1:30: sites[0].routes[0].ignore_case: only a regex has ignore_case"],
  ],
  "two handlers, one of them try": [
    "sites: [{routes: [{respond: x, try: [{static: .}]}]}]",
    ["1:32: sites[0].routes[0].try: a route has one handler, this one has respond and try\n  make two routes of it"],
  ],
  "a handler in the middle of try": [
    "sites: [{routes: [{try: [{respond: x}, {static: .}]}]}]",
    [
      "1:26: sites[0].routes[0].try[0]: only the last of try may be something else than files\n  put static and file first; what stands behind this would never be reached",
    ],
  ],
  "a step that tries two things": [
    "sites: [{routes: [{try: [{static: ., respond: x}]}]}]",
    [
      "1:38: sites[0].routes[0].try[0].respond: a step tries one thing, this one static and respond\n  make two steps of it",
    ],
  ],
  "a step that tries nothing": [
    "sites: [{routes: [{try: [{static: .}, {}]}]}]",
    [
      "1:39: sites[0].routes[0].try[1]: this step tries nothing\n  give it one of app, static, proxy, cgi, redirect, respond, fail, goto, file",
    ],
  ],
  "a try of nothing": [
    "sites: [{routes: [{try: []}]}]",
    ["1:25: sites[0].routes[0].try: an empty list tries nothing\n  write {static: ./public}"],
  ],
  "a file without a folder": [
    'sites: [{routes: [{try: [{file: "{uri}"}, {fail: 404}]}]}]',
    [
      "1:33: sites[0].routes[0].try[0].file: there is no folder to look in\n  write root beside file, or a static step before it",
    ],
  ],
  "files in several folders": [
    "sites: [{routes: [{try: [{file: a, root: .}, {file: b, root: ..}, {fail: 404}]}]}]",
    [
      "1:62: sites[0].routes[0].try[1].root: the files of one try are in one folder, here DIR\n  write {static: FOLDER} for another",
    ],
  ],
  "try_files with two answers": [
    'sites: [{routes: [{try: {root: ., files: "{uri}", else: {fail: 404, respond: x}}}]}]',
    [
      "1:58: sites[0].routes[0].try.else.fail: one thing answers, not respond and fail\n  give it one of app, static, proxy, cgi, redirect, respond, fail, goto",
    ],
  ],
  "a condition about nothing": [
    "sites: [{routes: [{when: {matches: a}, respond: x}]}]",
    [
      "1:20: sites[0].routes[0].when: this condition looks at nothing\n  give it one of value, header, query, client, file, directory, exists, executable",
    ],
  ],
  "a condition about two things": [
    "sites: [{routes: [{when: [{header: A, query: b}], respond: x}]}]",
    [
      "1:39: sites[0].routes[0].when[0].query: header and query exclude each other\n  give it one of value, header, query, client, file, directory, exists, executable",
    ],
  ],
  "a condition that compares twice": [
    "sites: [{routes: [{when: {header: A, equals: a, matches: a}, respond: x}]}]",
    ["1:38: sites[0].routes[0].when.equals: matches and equals exclude each other\n  keep one of them"],
  ],
  "a pattern of a file": [
    "sites: [{routes: [{when: {file: /a, matches: a}, respond: x}]}]",
    ["1:37: sites[0].routes[0].when.matches: only value, header and query have matches"],
  ],
  "a client that is no address": [
    "sites: [{routes: [{when: {client: example.org}, respond: x}]}]",
    [
      '1:35: sites[0].routes[0].when.client: "example.org" is not an address or a network\n  write 10.0.0.0/8, 192.0.2.1, 2001:db8::/32 or unix:',
    ],
  ],
  "a regex of a condition": [
    "sites: [{routes: [{when: {header: A, matches: '('}, respond: x}]}]",
    ['1:47: sites[0].routes[0].when.matches: "(" is not a regular expression: Unterminated group'],
  ],
  "a rule that does nothing": [
    "sites: [{routes: [{rules: [{to: /a}], respond: x}]}]",
    ["1:28: sites[0].routes[0].rules[0]: this rule does nothing\n  give it one of rewrite, set, when, return, break"],
  ],
  "a rule that does two things": [
    "sites: [{routes: [{rules: [{set: a, to: b, break: true}], respond: x}]}]",
    [
      "1:44: sites[0].routes[0].rules[0].break: set and break exclude each other\n  give it one of rewrite, set, when, return, break",
    ],
  ],
  "a key of another rule": [
    "sites: [{routes: [{rules: [{set: a, to: b, flag: last}], respond: x}]}]",
    ["1:44: sites[0].routes[0].rules[0].flag: a rule with set has no flag"],
  ],
  "a rewrite to nowhere": [
    "sites: [{routes: [{rules: [{rewrite: a}], respond: x}]}]",
    ["1:28: sites[0].routes[0].rules[0].to: missing: expected what the path becomes"],
  ],
  "a capture that the rewrite lacks": [
    'sites: [{routes: [{rules: [{rewrite: "^/(a)", to: "/{2}"}], respond: x}]}]',
    [
      "1:51: sites[0].routes[0].rules[0].to: there is no capture {2}: the regular expressions have 1 group at most\n  use a group (...) of a regex, or write {{2}} for the text {2}",
    ],
  ],
  "a variable of the request that is set": [
    "sites: [{routes: [{rules: [{set: uri, to: /a}], respond: x}]}]",
    [
      "1:34: sites[0].routes[0].rules[0].set: {uri} is the request's own variable and can't be set\n  choose another name; only args can be changed",
    ],
  ],
  "a redirect of a rule to nowhere": [
    "sites: [{routes: [{rules: [{return: 301}], respond: x}]}]",
    ["1:28: sites[0].routes[0].rules[0].to: missing: expected where a 301 leads"],
  ],
  "a body of a redirect": [
    "sites: [{routes: [{rules: [{return: 301, to: /, body: x}], respond: x}]}]",
    ["1:49: sites[0].routes[0].rules[0].body: an answer with status 301 has to in place of body"],
  ],
  "a rule with a condition alone": [
    "sites: [{routes: [{rules: [{when: {query: a}}], respond: x}]}]",
    ["1:28: sites[0].routes[0].rules[0]: nothing is done when this holds\n  give it rules or a route"],
  ],
  "a route in a site's rule": [
    "sites: [{rules: [{when: {query: a}, route: {respond: y}}], routes: [{respond: x}]}]",
    [
      "1:37: sites[0].rules[0].route: rules of a site stand in no route that could be replaced\n  move the rule into a route, or rewrite with flag: last",
    ],
  ],
  "a rule's route that matches": [
    "sites: [{routes: [{rules: [{when: {query: a}, route: {path: /, respond: y}}], respond: x}]}]",
    ["1:55: sites[0].routes[0].rules[0].route.path: the route of a rule has no path: the rule says when it answers"],
  ],
  "an entry that allows and denies": [
    "sites: [{access: [{allow: all, deny: all}], routes: [{respond: x}]}]",
    ["1:19: sites[0].access[0]: an entry either allows or denies\n  write {allow: 10.0.0.0/8} or {deny: all}"],
  ],
  "a network with too long a prefix": [
    "sites: [{access: [{allow: 10.0.0.0/64}], routes: [{respond: x}]}]",
    [
      '1:27: sites[0].access[0].allow: "10.0.0.0/64" has a prefix length that is not 0 to 32\n  write 10.0.0.0/8, 192.0.2.1, 2001:db8::/32, unix: or all',
    ],
  ],
  "a header that the server writes, in a request": [
    "sites: [{routes: [{respond: x, request_headers: {set: {Connection: upgrade}}}]}]",
    [
      "1:56: sites[0].routes[0].request_headers.set.Connection: the server writes this field itself\n  leave it out: upgrades (WebSocket) are passed on as they are",
    ],
  ],
  "a request without Host": [
    "sites: [{routes: [{respond: x, request_headers: {remove: [Host]}}]}]",
    [
      "1:58: sites[0].routes[0].request_headers.remove: a request needs its Host field\n  set it to another value, or leave it as it is",
    ],
  ],
  "a header name with a space": [
    "sites: [{routes: [{respond: x, response_headers: {set: {'A B': x}}}]}]",
    ['1:57: sites[0].routes[0].response_headers.set."A B": "A B" is not a header name'],
  ],
  "a fallback outside": [
    "sites: [{routes: [{static: {root: ., fallback: ../x}}]}]",
    ['1:48: sites[0].routes[0].static.fallback: "../x" leads out of the folder'],
  ],
  "strip with a regex": [
    "sites: [{routes: [{regex: a, static: {root: ., strip: true}}]}]",
    [
      "1:55: sites[0].routes[0].static.strip: a route without a fixed path has nothing to remove\n  use path or prefix in place of regex",
    ],
  ],
  "an environ without an app": [
    "sites: [{routes: [{respond: x, environ: {A: b}}]}]",
    ["1:32: sites[0].routes[0].environ: only an app has an environ"],
  ],
  "an expiry that is none": [
    "sites: [{routes: [{static: {root: ., expires: soon}}]}]",
    ['1:47: sites[0].routes[0].static.expires: expected a duration such as 1d, -1, max or epoch, got "soon"'],
  ],
  "a folder with variables, which is not looked for": ['sites: [{routes: [{static: "./gone/{host}"}]}]', []],
  "uwsgi as a key": [
    "sites: [{routes: [{uwsgi: 'unix:/x', respond: x}]}]",
    ["1:20: sites[0].routes[0].uwsgi: unknown key\n  write proxy: uwsgi://127.0.0.1:9000"],
  ],
});
