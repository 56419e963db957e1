/** An element of a document; text between elements is only space. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: readonly Element[];
}

const space = /\s+/y;
const comment = /<!--[\s\S]*?-->/y;
const declaration = /<\?xml\b[^?]*\?>/y;
const opening = /<([A-Za-z][\w.-]*)/y;
const attribute = /\s+([A-Za-z][\w:.-]*)\s*=\s*(?:"([^"<]*)"|'([^'<]*)')/y;
const closing = /<\/([A-Za-z][\w.-]*)\s*>/y;
const endOfTag = /\s*(\/?)>/y;
const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/**
 * Reads the part of XML that state charts are written in: elements, attributes, comments and the five named entities.
 *
 * @throws Error for all else, such as text, CDATA, a DOCTYPE or a tag that is not closed
 */
export function readXml(text: string): Element {
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text) ?? undefined;
    if (found !== undefined) at = pattern.lastIndex;
    return found;
  };
  const fail = (expected: string): never => {
    const line = text.slice(0, at).split("\n").length;
    throw new Error(`Expected ${expected} in line ${line}, got "${text.slice(at, at + 30)}"`);
  };
  const skip = (): void => {
    while (take(space) !== undefined || take(comment) !== undefined);
  };
  const element = (): Element => {
    const name = take(opening)?.[1] ?? fail("an element");
    const attributes: Record<string, string> = {};
    for (let found = take(attribute); found !== undefined; found = take(attribute)) {
      const [, key = "", double, single = ""] = found;
      if (Object.hasOwn(attributes, key)) fail(`${key} once`);
      attributes[key] = plain(double ?? single);
    }
    const end = take(endOfTag) ?? fail("the end of a tag");
    const children: Element[] = [];
    if (end[1] === "/") return { name, attributes, children };
    for (;;) {
      skip();
      const closed = take(closing)?.[1];
      if (closed === name) return { name, attributes, children };
      if (closed !== undefined) fail(`</${name}> before </${closed}>`);
      children.push(element());
    }
  };
  take(declaration);
  skip();
  const root = element();
  skip();
  if (at < text.length) fail("nothing more");
  return root;
}

function plain(text: string): string {
  return text.replace(/&([^;]*);?/g, (whole, name: string) => {
    const character = entities[name];
    if (character === undefined) throw new Error(`Expected a known entity, got "${whole}"`);
    return character;
  });
}
