import { refuses } from "./refuses.ts";

refuses({
  "an unknown variable": [
    'sites: [{routes: [{respond: "{remote_adr}"}]}]',
    ["1:29: sites[0].routes[0].respond: there is no variable {remote_adr}\n  did you mean {remote_addr}?"],
  ],
  "an unknown upstream": [
    "upstreams: {blog: {targets: ['a:1']}}\nsites: [{routes: [{proxy: blgo}]}]",
    ['2:27: sites[0].routes[0].proxy: there is no upstream "blgo"\n  did you mean "blog"?'],
  ],
  "an upstream where there is none": [
    "sites: [{routes: [{proxy: localhost}]}]",
    [
      '1:27: sites[0].routes[0].proxy: there is no upstream "localhost"\n  write http://localhost for a server of that name',
    ],
  ],
  "a server without its scheme": [
    "sites: [{routes: [{proxy: '127.0.0.1:80'}]}]",
    [
      '1:27: sites[0].routes[0].proxy: "127.0.0.1:80" is neither the name of an upstream nor a URL\n  write http://127.0.0.1:80',
    ],
  ],
  "a scheme that nothing speaks": [
    "sites: [{routes: [{proxy: 'ftp://a'}]}]",
    ["1:27: sites[0].routes[0].proxy: nothing here speaks ftp\n  use one of http, https, uwsgi, puwsgi, fastcgi, scgi"],
  ],
  "a gateway without its port": [
    "sites: [{routes: [{proxy: 'uwsgi://a'}]}]",
    ["1:27: sites[0].routes[0].proxy: a uwsgi server has no usual port\n  write uwsgi://a:PORT"],
  ],
  "a puwsgi server without a measure": [
    "sites: [{routes: [{proxy: 'puwsgi://a:1'}]}]",
    [
      "1:27: sites[0].routes[0].proxy: a puwsgi server is named under upstreams, with max_connections\n  write the name of an upstream; max_connections: as many as uWSGI has processes times threads",
    ],
  ],
  "a puwsgi target without a measure": [
    "upstreams: {u: {targets: ['puwsgi://a:1']}}\nsites: [{routes: [{proxy: u}]}]",
    [
      "1:27: upstreams.u.targets[0]: a puwsgi target needs max_connections\n  write as many as uWSGI has processes times threads: each holds one connection, and those beyond wait unheard",
    ],
  ],
  "an upstream of another protocol": [
    "upstreams: {u: {targets: ['uwsgi://a:1']}}\nsites: [{routes: [{proxy: 'http://u'}]}]",
    ['2:27: sites[0].routes[0].proxy: the targets of "u" speak uwsgi, not http\n  write u alone, or uwsgi://u'],
  ],
  "targets of several protocols": [
    "upstreams: {u: {targets: ['uwsgi://a:1', 'http://b']}}\nsites: [{routes: [{proxy: u}]}]",
    ["1:42: upstreams.u.targets[1]: targets of one upstream speak one protocol, not uwsgi and http"],
  ],
  "a target with a path": [
    "upstreams: {u: {targets: ['http://b/x']}}\nsites: [{routes: [{proxy: u}]}]",
    [
      '1:27: upstreams.u.targets[0]: a target has no path, "http://b/x" has one\n  write it at the route\'s proxy, as path',
    ],
  ],
  "no target": [
    "upstreams: {u: {targets: []}}\nsites: [{routes: [{proxy: u}]}]",
    ["1:26: upstreams.u.targets: an upstream needs a target"],
  ],
  "backups alone": [
    "upstreams: {u: {targets: [{address: 'a:1', backup: true}]}}\nsites: [{routes: [{proxy: u}]}]",
    ["1:26: upstreams.u.targets: every target is a backup, so there is none that it stands in for"],
  ],
  "a key that nothing asks for": [
    "upstreams: {u: {targets: ['a:1'], key: x}}\nsites: [{routes: [{proxy: u}]}]",
    ["1:35: upstreams.u.key: balance: round-robin has no key\n  write balance: hash or sticky"],
  ],
  "an upstream that the schema refused, without an echo": [
    "upstreams: {u: {targets: x}}\nsites: [{routes: [{proxy: u}]}]",
    ['1:26: upstreams.u.targets: expected a list, got "x"'],
  ],
  "two paths of a proxy": [
    "sites: [{routes: [{path: /o/, proxy: {to: 'http://a/x', path: /y}}]}]",
    ['1:57: sites[0].routes[0].proxy.path: the URL "http://a/x" has a path already\n  keep one of them'],
  ],
  "a path of a gateway": [
    "sites: [{routes: [{path: /o/, proxy: 'uwsgi://a:1/x'}]}]",
    [
      "1:38: sites[0].routes[0].proxy: a uwsgi request has parameters in place of a path\n  change the path by a rewrite rule, or parameters",
    ],
  ],
  "strip without a path": [
    "sites: [{routes: [{path: /o/, proxy: {to: 'http://a', strip: /o}}]}]",
    ["1:55: sites[0].routes[0].proxy.strip: nothing takes the place of what is removed\n  write path: / too"],
  ],
  "parameters of HTTP": [
    "sites: [{routes: [{proxy: {to: 'http://a', parameters: {A: b}}}]}]",
    ["1:44: sites[0].routes[0].proxy.parameters: a proxy to http has no parameters\n  write request_headers"],
  ],
  "TLS without https": [
    "sites: [{routes: [{proxy: {to: 'http://a', tls: {verify: false}}}]}]",
    ["1:44: sites[0].routes[0].proxy.tls: a proxy to http has no TLS\n  write https:// in to"],
  ],
  "a certificate that is not there": [
    "sites: [{routes: [{proxy: {to: 'https://a', tls: {ca: gone.pem}}}]}]",
    ["1:55: sites[0].routes[0].proxy.tls.ca: there is no file DIR/gone.pem"],
  ],
  "half a key pair": [
    "sites: [{routes: [{proxy: {to: 'https://a', tls: {key: here.pem}}}]}]",
    ["1:45: sites[0].routes[0].proxy.tls: certificate and key belong together\n  write both"],
  ],
  "an unknown reason to retry": [
    "sites: [{routes: [{proxy: {to: 'http://a', retry: {on: [errors]}}}]}]",
    [
      '1:57: sites[0].routes[0].proxy.retry.on[0]: expected one of error, timeout, invalid-header, 500, 502, 503, 504, 403, 404, 429, non-idempotent, got "errors"',
    ],
  ],
  "a listener that is not there": [
    "listeners: ['*:80']\nsites: [{listeners: '*:81', routes: [{respond: x}]}]",
    ['2:21: sites[0].listeners: there is no listener *:81\n  did you mean "*:80"?'],
  ],
  "a host twice on one listener": [
    "listeners: ['*:80', '*:81']\nsites: [{hosts: a, listeners: ['*:80'], routes: [{respond: x}]}, {hosts: a, routes: [{respond: x}]}]",
    ['2:74: sites[1].hosts: the host "a" is named twice\n  the first is at propylon.yaml:2:17'],
  ],
  "two default sites": [
    "sites: [{hosts: a, default: true, routes: [{respond: x}]}, {hosts: b, default: true, routes: [{respond: x}]}]",
    ["1:80: sites[1].default: another site is the default on the same listener\n  the first is at propylon.yaml:1:29"],
  ],
  "a host that is no regex": [
    "sites: [{hosts: '~(', routes: [{respond: x}]}]",
    ['1:17: sites[0].hosts: "(" is not a regular expression: Unterminated group'],
  ],
  "uwsgi on every network": [
    "listeners: [{address: '*:3031', protocol: uwsgi}]\nsites: [{routes: [{respond: x}]}]",
    [
      "1:13: listeners[0]: other machines could reach uwsgi at *:3031 and set any variable of a request\n  listen on 127.0.0.1 or a Unix socket; public: true allows it all the same",
    ],
  ],
  "uwsgi over TLS": [
    "listeners: [{address: '127.0.0.1:1', protocol: uwsgi, tls: {certificate: here.pem, key: here.pem}}]\nsites: [{routes: [{respond: x}]}]",
    ["1:55: listeners[0].tls: uwsgi is not spoken over TLS\n  leave tls or protocol out"],
  ],
  "TLS without a certificate": [
    "listeners: [{address: '*:443', tls: {}}]\nsites: [{routes: [{respond: x}]}]",
    [
      "1:32: listeners[0].tls.certificate: missing: TLS needs a certificate and its key\n  or acme: true for one of Let's Encrypt, internal: true for development",
    ],
  ],
  "TLS without a key": [
    "listeners: [{address: '*:443', tls: {certificate: here.pem}}]\nsites: [{routes: [{respond: x}]}]",
    ["1:32: listeners[0].tls.key: missing: certificate and key belong together"],
  ],
  "a certificate of a listener that is not there": [
    "listeners: [{address: '*:443', tls: {certificate: gone.pem, key: here.pem}}]\nsites: [{routes: [{respond: x}]}]",
    ["1:51: listeners[0].tls.certificate: there is no file DIR/gone.pem"],
  ],
  "a variable that is the request's own": [
    "variables: {host: {from: '{uri}'}}\nsites: [{routes: [{respond: x}]}]",
    ["1:13: variables.host: {host} is the request's own variable\n  choose another name"],
  ],
  "a variable with nothing to look up": [
    "variables: {a: {values: {x: y}}}\nsites: [{routes: [{respond: x}]}]",
    ["1:13: variables.a.from: missing: expected what is looked up"],
  ],
  "variables that need each other": [
    "variables: {a: {from: '{b}'}, b: {from: x, default: '{a}'}}\nsites: [{routes: [{respond: x}]}]",
    [
      "1:13: variables.a: to look {a} up, {a} itself is needed\n  the way round is a -> b -> a",
      "1:31: variables.b: to look {b} up, {b} itself is needed\n  the way round is b -> a -> b",
    ],
  ],
  "a network of a variable": [
    "variables: {a: {networks: {x: y}}}\nsites: [{routes: [{respond: x}]}]",
    ['1:28: variables.a.networks.x: "x" is not an address or a network\n  write 10.0.0.0/8 or 192.0.2.1'],
  ],
  "a variable that the schema refused, without an echo": [
    "variables: {a: {from: []}}\nsites: [{routes: [{respond: '{a}'}]}]",
    ["1:23: variables.a.from: expected a template, got a list"],
  ],
});
