/** Whether Apache 2.4.57 is that version. */
export function versionHolds(operator: string, version: string): boolean {
  const [major = 0, minor = 0, patch] = version.split(".").map(Number);
  const difference = 2 - major || 4 - minor || (patch === undefined ? 0 : 57 - patch);
  const bare = operator.replace(/^!/, "");
  const holds =
    bare === "<"
      ? difference < 0
      : bare === ">"
        ? difference > 0
        : bare === ">="
          ? difference >= 0
          : bare === "<="
            ? difference <= 0
            : difference === 0;
  return operator.startsWith("!") ? !holds : holds;
}
