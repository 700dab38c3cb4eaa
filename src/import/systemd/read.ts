import { basename, dirname, join } from "node:path";
import { approximated, ignored, Ledger, mapped, type Outcome, undecided } from "../ledger.ts";
import type { Reader, Reading } from "../reading.ts";
import type { Plain } from "../tree.ts";
import { noteFor } from "./notes.ts";
import { readService } from "./service.ts";
import { parseUnitFile, type UnitOption } from "./unit-file.ts";
import { readListenAddress } from "./values.ts";

/** Reads a `.service` unit as a program, with the `.socket` unit of the same name where one is beside it, or such a socket unit. */
export const readSystemd: Reader = (source, context) => {
  const ledger = new Ledger();
  const file = source.form === "file" ? source.path : join(context.directory, source.words[0] ?? "unit.service");
  const text = source.form === "file" ? source.text : (context.readFile(file) ?? "");
  const { options, stray } = parseUnitFile(text, file);
  for (const { text: line, place } of stray)
    ledger.say(
      place,
      line.slice(0, 60),
      undecided("it is neither a [section] nor Name=value, and systemd passes over it"),
    );
  const files = [file];
  let programs: Plain = {};
  const sections = new Set(options.map(({ section }) => section));
  for (const option of options.filter(({ section }) => section === "Unit" || section === "Install"))
    ledger.say(option.place, option.name, outcomeOf(option));
  if (sections.has("Service")) {
    const beside = siblingOf(file, ".socket");
    const socketText = context.readFile(beside);
    if (socketText !== null) files.push(beside);
    programs = readService(
      options.filter(({ section }) => section === "Service"),
      {
        unit: basename(file),
        folder: dirname(file),
        machine: context,
        sockets: socketText === null ? [] : socketsOf(parseUnitFile(socketText, beside).options),
        ledger,
      },
    );
  }
  const serviceThere = context.isFile(siblingOf(file, ".service"));
  for (const option of options) {
    if (option.section === "Socket") ledger.say(option.place, option.name, socketOutcome(option, serviceThere));
    else if (!["Unit", "Install", "Service"].includes(option.section))
      ledger.say(
        option.place,
        option.name,
        undecided(`[${option.section}] units have no counterpart: leave it to systemd`),
      );
  }
  const settings = Object.keys(programs).length === 0 ? {} : { programs };
  return { kind: "systemd", settings: settings as Reading["settings"], doors: [], directives: ledger.all(), files };
};

// --- internal ---

function outcomeOf(option: UnitOption): Outcome {
  if (/^X-/.test(option.name)) return ignored("it says something to people");
  if (/^StartLimit/.test(option.name)) return approximated("failed starts in a row count, however long they take");
  return noteFor(option.name) ?? undecided("it is no option that we know: does the program depend on it?");
}

function siblingOf(file: string, type: string): string {
  return file.replace(/\.\w+$/, type);
}

function socketsOf(options: readonly UnitOption[]): readonly string[] {
  return options.filter(({ name }) => name === "ListenStream").map(({ value }) => value);
}

function socketOutcome({ name, value }: UnitOption, serviceThere: boolean): Outcome {
  if (name === "ListenStream") {
    if (readListenAddress(value) === null) return undecided("it is no address that a web server listens on");
    return serviceThere
      ? approximated("the service opens it itself, when it starts: Gunicorn is given it with --bind")
      : undecided("give the service of this name too: it has to open the socket itself");
  }
  if (/^Listen/.test(name)) return undecided("programs are not given sockets: the program has to open it itself");
  if (/^Socket(?:Mode|User|Group)$/.test(name))
    return approximated("the socket is its server's: it has the owner and the mode that this gives it");
  if (name === "Accept")
    return value === "no" ? mapped() : undecided("a process for each connection is not started here");
  if (/^Exec/.test(name)) return undecided("make it a step of the service: ExecStartPre");
  if (name === "RemoveOnStop") return approximated("the server removes its socket, or does not");
  return approximated("options of the socket are its server's");
}
