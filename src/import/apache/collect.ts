import { dirname, isAbsolute, join } from "node:path";
import { approximated, ignored, type Ledger, mapped, type Outcome, undecided } from "../ledger.ts";
import type { ReadContext } from "../reading.ts";
import type { Plain } from "../tree.ts";
import { readContainer } from "./access.ts";
import { readAddress } from "./addresses.ts";
import { areaOf, globPattern, proxied } from "./areas.ts";
import { type DaemonProcess, readDaemonProcess, readPythonPlace } from "./daemon.ts";
import { type Alternatives, both, expressionConditions, negated } from "./expression.ts";
import { folderFiles } from "./htaccess.ts";
import { ApacheLogs } from "./logs.ts";
import { newOptions, type OptionsDraft, readOption } from "./options.ts";
import { type ApacheNode, parseApache } from "./parse.ts";
import { readPattern } from "./pattern.ts";
import { upstreamName } from "./proxy.ts";
import type { RewriteNames } from "./rewrite-text.ts";
import { type AreaOptions, newScope, type Scope } from "./scope.ts";
import { readScopeDirective } from "./scope-directives.ts";
import { isUnder } from "./sections.ts";
import { versionHolds } from "./version.ts";

/** What a whole configuration says, before routes are made of it. */
export interface Collected {
  readonly server: Scope;
  readonly hosts: Scope[];
  readonly daemons: Map<string, DaemonProcess>;
  /** For apps without a daemon process: WSGIPythonHome and WSGIPythonPath. */
  readonly embedded: Plain;
  readonly listen: string[];
  readonly upstreams: Plain;
  /** Settings of the top level. */
  readonly top: Plain;
  readonly logs: ApacheLogs;
  readonly files: string[];
}

/** What is known where a directive stands. */
interface Position {
  readonly scope: Scope;
  readonly options: OptionsDraft;
  /** The path of the `<Location>` that it stands in. */
  readonly location: string | null;
  /** The folder of the `<Directory>` that it stands in. */
  readonly directory: string | null;
}

/** What Debian's envvars give; others are taken from our environment. */
const USUAL_VARIABLES: Readonly<Record<string, string>> = {
  APACHE_LOG_DIR: "/var/log/apache2",
  APACHE_RUN_DIR: "/var/run/apache2",
  APACHE_LOCK_DIR: "/var/lock/apache2",
  APACHE_PID_FILE: "/var/run/apache2/apache2.pid",
  APACHE_RUN_USER: "www-data",
  APACHE_RUN_GROUP: "www-data",
};
const DEEPEST_INCLUDE = 16;
const TEMPLATE = approximated("a line of a template: all that it may leave out is read; fill it in before it is run");
const NO_DIRECTIVE = undecided("it is no directive, and Apache takes no such file");
const EXPRESSION: RewriteNames = { documentRoot: "", file: "{request_filename}", lookUp: () => null };

/** Walks through a configuration, says of each directive what becomes of it, and keeps what it says. */
export class Collector {
  readonly result: Collected;
  readonly #ledger: Ledger;
  readonly #machine: ReadContext;
  readonly #defined: Record<string, string> = {};
  #serverRoot: string;
  /** When none of the last `<If>` and its alternatives held; null: it can't be said. */
  #otherwise: Alternatives | null = null;

  constructor(ledger: Ledger, machine: ReadContext, file: string) {
    this.#ledger = ledger;
    this.#machine = machine;
    this.#serverRoot = /^\/etc\/(?:apache2|httpd)\//.exec(file)?.[0].replace(/\/$/, "") ?? dirname(file);
    this.result = {
      server: newScope([]),
      hosts: [],
      daemons: new Map(),
      embedded: {},
      listen: [],
      upstreams: {},
      top: {},
      logs: new ApacheLogs(),
      files: [],
    };
  }

  readFile(file: string, text: string): void {
    const { server } = this.result;
    this.#walkText(file, text, { scope: server, options: server.options, location: null, directory: null });
  }

  /** Reads the files of the folders that are served. */
  readFolders(): void {
    const { server, hosts } = this.result;
    for (const scope of hosts.length === 0 ? [server] : hosts)
      for (const { folder, file, text } of folderFiles(scope, server, this.#machine)) {
        const read = areaOf(folder, false);
        if (read === null) continue;
        const area: AreaOptions = { ...read, options: newOptions(), rewritten: false };
        scope.directories.push(area);
        this.#walkText(file, text, { scope, options: area.options, location: null, directory: folder });
      }
  }

  #walkText(file: string, text: string, position: Position): void {
    this.result.files.push(file);
    const { nodes, stray } = parseApache(text, file);
    for (const { text: line, place } of stray)
      this.#ledger.say(place, line.slice(0, 60), /^(?:\{[%#{]|<%|\$\{|@\w+@$)/.test(line) ? TEMPLATE : NO_DIRECTIVE);
    this.#walk(nodes, position);
  }

  #walk(nodes: readonly ApacheNode[], position: Position): void {
    for (const written of nodes) {
      const node = this.#expanded(written);
      if (node.children === null) this.#ledger.say(node.place, node.name, this.#directive(node, position));
      else this.#section(node, node.children, position);
    }
  }

  /** With `${NAME}` put in. */
  #expanded(node: ApacheNode): ApacheNode {
    const args = node.args.map((arg) =>
      arg.replace(/\$\{(\w+)\}/g, (whole, name: string) => {
        return this.#defined[name] ?? this.#machine.environment[name] ?? USUAL_VARIABLES[name] ?? whole;
      }),
    );
    return { ...node, args };
  }

  #section(node: ApacheNode, children: readonly ApacheNode[], position: Position): void {
    const { scope } = position;
    const say = (outcome: Outcome): void => this.#ledger.say(node.place, node.name, outcome);
    const [first = ""] = node.args;
    switch (node.key) {
      case "ifmodule":
      case "ifdefine":
      case "ifversion":
      case "iffile":
      case "ifdirective":
      case "ifsection": {
        const holds = this.#holds(node);
        say(holds ? mapped() : ignored("it does not hold here"));
        if (holds) return this.#walk(children, position);
        return this.#passOver(children, ignored("it goes with the condition around it"));
      }
      case "virtualhost": {
        const addresses = node.args.map(readAddress);
        const known = addresses.filter((address) => address !== null);
        const host = newScope(known.length === 0 ? ["*:80"] : [...new Set(known)]);
        const wrong = known.length === addresses.length && known.length > 0;
        say(wrong ? mapped() : undecided(`"${node.args.join(" ")}" is no address: *:80 is taken`));
        this.result.hosts.push(host);
        return this.#walk(children, { scope: host, options: host.options, location: null, directory: null });
      }
      case "directory":
      case "directorymatch":
      case "location":
      case "locationmatch": {
        const pattern = node.key.endsWith("match") || first === "~";
        const path = first === "~" ? (node.args[1] ?? "") : first;
        const read = areaOf(path, pattern);
        if (read === null) {
          say(undecided(`"${path}" is no pattern that we can read: what it says holds nowhere here`));
          return this.#passOver(children, ignored("it goes with the section around it"));
        }
        const area: AreaOptions = { ...read, options: newOptions(), rewritten: false };
        const inDirectory = node.key.startsWith("directory");
        (inDirectory ? scope.directories : scope.locations).push(area);
        say(mapped());
        return this.#walk(children, {
          scope,
          options: area.options,
          location: inDirectory ? null : area.path,
          directory: inDirectory ? area.path : null,
        });
      }
      case "files":
      case "filesmatch": {
        const pattern = node.key === "filesmatch" || first === "~";
        const name = first === "~" ? (node.args[1] ?? "") : first;
        const options = newOptions();
        const read = pattern ? readPattern(name) : { regex: `^${globPattern(name)}$` };
        if (read === null) {
          say(undecided(`"${name}" is no pattern that we can read`));
          return this.#passOver(children, ignored("it goes with the section around it"));
        }
        const ignoreCase = "ignore_case" in read && read.ignore_case === true;
        scope.files.push({ name: read.regex, ignoreCase, directory: position.directory, options });
        say(mapped());
        return this.#walk(children, { ...position, options });
      }
      case "proxy":
      case "proxymatch":
        return this.#proxySection(node, children, position);
      case "limit":
      case "limitexcept": {
        const { access } = position.options;
        const { limit: before } = access;
        access.limit = { methods: node.args, except: node.key === "limitexcept" };
        say(mapped());
        this.#walk(children, position);
        access.limit = before;
        return;
      }
      case "if":
      case "elseif":
      case "else":
        return this.#conditional(node, children, position);
      case "requireany":
      case "requireall":
      case "requirenone": {
        const outcome = readContainer(
          node.key,
          children.map((child) => this.#expanded(child)),
          position.options.access,
        );
        say(outcome);
        return this.#passOver(children, outcome);
      }
      default:
        say(undecided("sections of this kind have no counterpart"));
        return this.#passOver(children, ignored("it goes with the section around it"));
    }
  }

  /** `<If>`, and what follows it where nothing before held. */
  #conditional(node: ApacheNode, children: readonly ApacheNode[], position: Position): void {
    const { scope, location, directory } = position;
    const own = node.key === "else" ? [[]] : expressionConditions(node.args.join(" "), EXPRESSION);
    const before = node.key === "if" ? [[]] : this.#otherwise;
    const ways = own === null || before === null ? null : both(before, own);
    const failed = own === null ? null : negated(own);
    this.#otherwise = failed === null || before === null ? null : both(before, failed);
    if (ways === null) {
      this.#ledger.say(
        node.place,
        node.name,
        undecided("it asks for what conditions can't say: write routes with when"),
      );
      return this.#passOver(children, ignored("it goes with the section around it"));
    }
    const options = newOptions();
    const covers = (file: string | null, url: string): boolean =>
      (location === null || isUnder(url, location)) &&
      (directory === null || (file !== null && isUnder(file, directory)));
    scope.conditionals.push({ ways, covers, options });
    this.#ledger.say(node.place, node.name, mapped());
    this.#walk(children, { ...position, options });
  }

  #proxySection(node: ApacheNode, children: readonly ApacheNode[], position: Position): void {
    const balancer = /^balancer:\/\/(.+)$/.exec(node.args[0] ?? "")?.[1];
    this.#ledger.say(node.place, node.name, mapped());
    const options = newOptions();
    const covers = proxied(node);
    if (covers !== null) position.scope.proxySections.push({ covers, options });
    const targets: unknown[] = [];
    for (const child of children.map((each) => this.#expanded(each))) {
      if (balancer !== undefined && child.key === "balancermember") {
        targets.push(child.args[0]?.replace(/\/+$/, ""));
        const outcome = child.args.length > 1 ? approximated(`without ${child.args.slice(1).join(" ")}`) : mapped();
        this.#ledger.say(child.place, child.name, outcome);
      } else if (child.key === "proxyset") {
        this.#ledger.say(child.place, child.name, approximated("requests are dealt round robin"));
      } else if (child.children !== null) this.#section(child, child.children, { ...position, options });
      else this.#ledger.say(child.place, child.name, this.#directive(child, { ...position, options }));
    }
    if (balancer !== undefined) this.result.upstreams[upstreamName(balancer)] = { targets };
  }

  #passOver(nodes: readonly ApacheNode[], outcome: Outcome): void {
    for (const node of nodes) {
      this.#ledger.say(node.place, node.name, outcome);
      if (node.children !== null) this.#passOver(node.children, outcome);
    }
  }

  #holds({ key, args }: ApacheNode): boolean {
    const [first = "", second = ""] = args;
    const negative = first.startsWith("!");
    const name = first.replace(/^!/, "");
    if (key === "ifdefine") return Object.hasOwn(this.#defined, name) !== negative;
    if (key === "iffile") return this.#machine.isFile(name) !== negative;
    if (key === "ifmodule") return !/php|perl|cgid?\b|mod_alias_dummy/.test(name) !== negative;
    if (key === "ifversion") return versionHolds(second === "" ? "=" : first, second === "" ? first : second);
    return true;
  }

  #directive(node: ApacheNode, position: Position): Outcome {
    const [first = "", second = ""] = node.args;
    switch (node.key) {
      case "define":
        this.#defined[first] = second;
        return mapped();
      case "undefine":
        delete this.#defined[first];
        return mapped();
      case "serverroot":
        this.#serverRoot = first;
        return mapped();
      case "include":
      case "includeoptional":
        return this.#include(node, first, position);
      case "listen": {
        const address = readAddress(first);
        if (address === null) return undecided(`"${first}" is no address`);
        this.result.listen.push(address);
        return mapped();
      }
      case "wsgidaemonprocess": {
        const { daemon, outcome } = readDaemonProcess(node.args);
        this.result.daemons.set(daemon.name, daemon);
        return outcome;
      }
      case "wsgipythonhome":
      case "wsgipythonpath":
        return readPythonPlace(node.key, node.args, this.result.embedded);
      default:
        return (
          readScopeDirective(node, position.scope, position.location, this.result.top, this.result.logs) ??
          readOption(
            node.key === "authuserfile" ? this.#rooted(node) : node,
            position.options,
            this.#machine.environment,
          ) ??
          undecided("it is no directive that we know: does an answer depend on it?")
        );
    }
  }

  /** With its file as Apache finds it: from ServerRoot. */
  #rooted(node: ApacheNode): ApacheNode {
    const [file = ""] = node.args;
    return { ...node, args: [isAbsolute(file) ? file : join(this.#serverRoot, file)] };
  }

  #include(node: ApacheNode, pattern: string, position: Position): Outcome {
    const absolute = isAbsolute(pattern) ? pattern : join(this.#serverRoot, pattern);
    const folder = this.#machine.isDirectory(absolute);
    const found = this.#machine
      .glob(folder ? `${absolute}/*` : absolute)
      .filter((file) => !this.result.files.includes(file));
    if (this.result.files.length > DEEPEST_INCLUDE * 16) return undecided("too many files include each other");
    for (const file of found) {
      const text = this.#machine.readFile(file);
      if (text !== null) this.#walkText(file, text, position);
    }
    if (found.length > 0) return mapped();
    if (node.key === "includeoptional" || /[*?[]/.test(pattern)) return mapped("no file is there for it");
    if (/letsencrypt\/options-ssl/.test(pattern)) return ignored("our TLS chooses it");
    return approximated(`${absolute} is not there, so what it says is left out: give it where it is`);
  }
}
