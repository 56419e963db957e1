/** Splits the lines of one log into the fields of its header and the message. */
export interface LogHeader {
  fieldsOf(line: string): Readonly<Record<string, string>> | undefined;
}

/**
 * A header described as in the Loghub benchmark: `<Date> <Time> <Level> <Component>: <Content>` names the fields,
 * what stands between them is matched as a regular expression, spaces as any number of them.
 */
export function headerOf(format: string): LogHeader {
  const parts = format.split(/(<[^<>]+>)/);
  const pattern = parts
    .map((part, i) => (i % 2 === 0 ? part.replace(/ +/g, "\\s+") : `(?${part}.*?)`))
    .join("");
  const line = new RegExp(`^${pattern}$`);
  return { fieldsOf: (text) => line.exec(text.trim())?.groups };
}
