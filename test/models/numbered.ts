/** Numbers texts from 0 on, the same number for the same text. */
export function numbered(): (text: string) => number {
  const numbers = new Map<string, number>();
  return (text) => {
    const known = numbers.get(text);
    if (known !== undefined) return known;
    numbers.set(text, numbers.size);
    return numbers.size - 1;
  };
}

/** Numbers data by its text, which is made once for each object: for what many states share. */
export function numberedData(): (data: object) => number {
  const numberOf = numbered();
  const known = new WeakMap<object, number>();
  return (data) => {
    const found = known.get(data);
    if (found !== undefined) return found;
    const number = numberOf(JSON.stringify(data));
    known.set(data, number);
    return number;
  };
}
