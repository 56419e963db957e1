/** Subjects that one may use for one reason. */
export interface Permission {
  readonly why: string;
  readonly subjects: readonly string[];
}

export type Given = readonly [why: string, subjects: readonly string[]];

/** What one who may connect may do; all else is refused by the server. */
export interface UserPermissions {
  readonly name: string;
  readonly kind: "node" | "client" | "operator";
  readonly zone: string;
  readonly publish: readonly Permission[];
  readonly subscribe: readonly Permission[];
  /** May answer whoever asks on a subject of his own: once, soon. */
  readonly answers: boolean;
}

/** All subjects of a list, each once. */
export function subjectsOf(permissions: readonly Permission[]): readonly string[] {
  return [...new Set(permissions.flatMap(({ subjects }) => subjects))];
}

/** Without reasons that nobody has. */
export function permissions(...given: readonly Given[]): Permission[] {
  const seen = new Set<string>();
  return given.flatMap(([why, all]) => {
    const subjects = all.filter((subject) => !seen.has(subject));
    for (const subject of subjects) seen.add(subject);
    return subjects.length === 0 ? [] : [{ why, subjects }];
  });
}

/** Where a user's own answers come: of the store, and to what a client asks. To be given to `connection.inboxPrefix`. */
export function inboxPrefixOf(system: string, name: string): string {
  return `_INBOX.${system}.${name}`;
}
