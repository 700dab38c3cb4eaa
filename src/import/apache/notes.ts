import { approximated, ignored, mapped, type Outcome, undecided } from "../ledger.ts";
import type { ApacheNode } from "./parse.ts";

const TUNING = ignored("it tunes Apache's own processes and connections");
const PEOPLE = ignored("it says something to people");
const BUILT_IN = ignored("what there is is built in");
const TLS_PART = ignored("our TLS chooses it");

const NOTES: Readonly<Record<string, Outcome | ((args: readonly string[]) => Outcome)>> = {
  serveradmin: PEOPLE,
  serversignature: ignored("error pages name neither program nor version"),
  servertokens: ignored("answers name neither program nor version"),
  usecanonicalname: approximated("the name is the one that the client asked for"),
  usecanonicalphysicalport: approximated("the port is the one that the client asked for"),
  hostnamelookups: ignored("names of clients are not looked up"),
  loadmodule: BUILT_IN,
  namevirtualhost: ignored("Apache 2.4 passes over it too"),
  serverroot: BUILT_IN,
  pidfile: approximated("with --pid-file"),
  mutex: TUNING,
  traceenable: approximated("TRACE is answered as any other method"),
  allowoverridelist: approximated("all that .htaccess files say holds, where AllowOverride lets them be read"),
  enablesendfile: TUNING,
  enablemmap: TUNING,
  protocols: approximated("HTTP/1.1, and 1.0 for clients that know no other"),
  protocolshonororder: TUNING,
  acceptpathinfo: mapped(),
  allowencodedslashes: approximated("encoded slashes in a path are slashes"),
  multiviewsmatch: ignored("no file is chosen by language"),
  requestreadtimeout: approximated("timeouts.headers and timeouts.body bound slow clients"),
  proxystatus: ignored("pages about Apache itself are not there"),
  extendedstatus: ignored("pages about Apache itself are not there"),
  mergeslashes: mapped(),
  addencoding: approximated("compressed files are sent as they are named"),
  addlanguage: ignored("no file is chosen by language"),
  languagepriority: ignored("no file is chosen by language"),
  forcelanguagepriority: ignored("no file is chosen by language"),
  addcharset: approximated("text has the charset of AddDefaultCharset"),
  addicon: ignored("folders are listed without icons"),
  contentdigest: ignored("no digest is sent"),
  action: undecided("programs are not chosen by the kind of a file: write a route with cgi and its helpers"),
  sslproxyengine: mapped("a proxy to https is always TLS"),
  sslproxyverify: approximated("certificates are checked, unless tls.verify is false"),
  proxyrequests: (args) => (/^on$/i.test(args[0] ?? "") ? undecided("a forward proxy is none of our jobs") : mapped()),
  proxyvia: approximated("no Via is added"),
  proxyaddheaders: approximated("X-Forwarded-For, -Host and -Server are added"),
  proxybadheader: approximated("a bad header makes a 502"),
  proxyreceivebuffersize: TUNING,
  proxyiobuffersize: TUNING,
  proxypassinherit: approximated("virtual hosts have what the server proxies"),
  wsgisocketprefix: TUNING,
  wsgirestrictstdout: ignored("what an app prints goes to our log"),
  wsgirestrictstdin: ignored("apps read nothing from it"),
  wsgirestrictsignal: approximated("apps may set signal handlers, except those that stop a worker"),
  wsgirestrictembedded: ignored("apps always run in processes of their own"),
  wsgilazyinitialization: ignored("workers start Python at once"),
  wsgichunkedrequest: mapped(),
  wsgiimportscript: approximated("each worker imports its app before it is ready"),
  wsgidestroyinterpreter: TUNING,
  wsgicasesensitivity: TUNING,
  wsgimaptoscriptalias: TUNING,
  wsgiserverlog: TUNING,
  wsgiverbosedebugging: TUNING,
  wsgipythonoptimize: approximated("Python runs without -O: give PYTHONOPTIMIZE in the app's environment"),
  wsgipythonwarnings: approximated("give PYTHONWARNINGS in the app's environment"),
  wsgipythondontwritebytecode: approximated("give PYTHONDONTWRITEBYTECODE in the app's environment"),
  wsgipythonhashseed: approximated("give PYTHONHASHSEED in the app's environment"),
  wsgiaccessscript: undecided("scripts that decide about access have no counterpart: let the app decide"),
  wsgiauthuserscript: undecided("there is no password check here: let the app do it"),
  wsgiauthgroupscript: undecided("there is no password check here: let the app do it"),
  wsgidispatchscript: undecided("scripts that choose an app have no counterpart"),
  xsendfile: (args) =>
    /^on$/i.test(args[0] ?? "")
      ? undecided("X-Sendfile is not looked at: let the app send X-Accel-Redirect to an internal route")
      : mapped(),
  xsendfilepath: ignored("it goes with XSendFile: see there"),
  remoteipproxyprotocol: (args) =>
    /^on$/i.test(args[0] ?? "")
      ? undecided("give the listener proxy_protocol: {from: ...} with the balancer's addresses")
      : mapped(),
  modpagespeed: ignored("pages are sent as they are"),
  mdomain: undecided("give the listener tls: {acme: {email: ...}} for certificates that renew themselves"),
  ssloptions: (args) =>
    args.some((word) => /^\+?(?:stdenvvars|exportcertdata|fakebasicauth)$/i.test(word))
      ? approximated("apps are told HTTPS, but no other variable of TLS")
      : TLS_PART,
  sslusername: undecided("the user is who logs in with a password: let the app look at the certificate"),
  sslcacertificatepath: undecided("give the authorities as one file, with SSLCACertificateFile"),
  sslcarevocationfile: undecided("lists of withdrawn certificates are not looked at"),
  sslrequire: undecided("conditions about client certificates have no counterpart"),
};

const PHP_LEFT = "PHP is not run: its files are 403";

const PREFIXES: readonly (readonly [RegExp, Outcome])[] = [
  [/^sslproxymachine/, undecided("give the proxy tls: {certificate: ..., key: ...}")],
  [/^sslproxy/, approximated("certificates of servers are checked, unless tls.verify of the proxy is false")],
  [/^sslstapling|^sslusestapling/, approximated("what the authority says of the certificate is not sent with it")],
  [/^ssl/, TLS_PART],
  [/^php/, approximated(PHP_LEFT)],
  [
    /^(?:startservers|min|max|server(?:limit|path)|thread|mpm|listenbacklog|sendbuffersize|receivebuffersize|gracefulshutdown|coredump|acceptfilter|asyncrequest|h2|deflate|cache|limitinternal|rlimit|extendedstatus|bufferedlogs)/,
    TUNING,
  ],
  [/^ldap|^authz|^authn|^authldap/, undecided("there is no password check here: let the app do it")],
];

/** What becomes of directives that are no more than this; null: not known. */
export function noteFor(node: ApacheNode): Outcome | null {
  const note = Object.hasOwn(NOTES, node.key) ? NOTES[node.key]! : undefined;
  if (note !== undefined) return typeof note === "function" ? note(node.args) : note;
  return PREFIXES.find(([pattern]) => pattern.test(node.key))?.[1] ?? null;
}
