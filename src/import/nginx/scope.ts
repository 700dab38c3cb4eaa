import { type Directive, firstOf } from "./tree.ts";

export type ScopeKind = "main" | "http" | "server" | "location" | "if";

/**
 * One level of a configuration and those around it. NGINX's inheritance is all or nothing: a directive that stands at a level
 * takes the place of all of the same name further out.
 */
export class Scope {
  readonly kind: ScopeKind;
  readonly parent: Scope | null;
  readonly directives: readonly Directive[];
  /** The block itself; null for the outermost level. */
  readonly directive: Directive | null;

  constructor(
    kind: ScopeKind,
    directives: readonly Directive[],
    parent: Scope | null,
    directive: Directive | null = null,
  ) {
    this.kind = kind;
    this.directives = directives;
    this.parent = parent;
    this.directive = directive;
  }

  own(name: string): Directive[] {
    return this.directives.filter((directive) => directive.name === name && directive.fate === null);
  }

  /** Those of this name in effect here: the own ones, else those of the nearest level that has some. */
  nearest(name: string): Directive[] {
    const own = this.own(name);
    return own.length > 0 || this.parent === null ? own : this.parent.nearest(name);
  }

  /** The one in effect here (the last of several), or null. */
  one(name: string): Directive | null {
    return this.nearest(name).at(-1) ?? null;
  }

  /** The first argument of the one in effect, or null. */
  value(name: string): string | null {
    const directive = this.one(name);
    return directive === null ? null : firstOf(directive);
  }

  isOn(name: string, otherwise: boolean): boolean {
    const value = this.value(name);
    return value === null ? otherwise : value.toLowerCase() === "on";
  }

  /** The nearest level of a kind, this one included. */
  within(kind: ScopeKind): Scope | null {
    return this.kind === kind ? this : (this.parent?.within(kind) ?? null);
  }
}
